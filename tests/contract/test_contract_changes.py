"""docs/contract-changes.md tells of all that the contract has."""

import re
from pathlib import Path

from app.contract import document, operations

CHANGES = (Path(__file__).parents[2] / "docs" / "contract-changes.md").read_text(encoding="utf-8")
VERSIONS = re.findall(r"^## (\d+)\.(\d+)\.(\d+)$", CHANGES, re.MULTILINE)


def test_the_newest_version_is_the_contracts() -> None:
    assert document()["info"]["version"] == ".".join(VERSIONS[0])
    assert sorted(VERSIONS, key=lambda parts: tuple(map(int, parts)), reverse=True) == VERSIONS
    assert len(set(VERSIONS)) == len(VERSIONS)


def test_every_operation_and_every_problem_type_has_a_line() -> None:
    told = set(re.findall(r"`([a-z_]+)`", CHANGES))
    assert set() == {*operations(), *document()["components"]["examples"]} - told
