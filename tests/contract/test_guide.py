"""docs/testing.md names what there is."""

import re

from .fuzz import PARTS, parser_of_arguments
from .fuzzing import ROOT

GUIDE = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")


def test_every_file_that_the_guide_names_is_there() -> None:
    named = set(re.findall(r"`((?:tests|src|spec|scripts|docs)/[\w./-]+)`", GUIDE))
    assert len(named) > 10
    assert [] == [name for name in sorted(named) if not (ROOT / name).exists()]


def test_the_guide_tells_every_option_and_every_part_and_no_other() -> None:
    told = re.findall(r"^\| `(--[a-z]+)", GUIDE, re.MULTILINE)
    taken = re.findall(r"^  (--[a-z]+)", parser_of_arguments().format_help(), re.MULTILINE)
    assert sorted(taken) == sorted(told)
    (parts,) = re.findall(r"^\| `--only PART` \| (.*) \|$", GUIDE, re.MULTILINE)
    assert [*PARTS] == re.findall(r"`(\w+)`", parts)
