"""``scripts/gen.sh``: what it does with files that are not what the sources give."""

import subprocess
from pathlib import Path

import pytest

from tests.client import CONTRACT

SCRIPTS = CONTRACT.parents[1] / "scripts"


def _place(folder: Path, mode: str) -> tuple[int, str]:
    """What becomes of a file and of a folder, as the last lines of gen.sh have it."""
    script = """
        set -euo pipefail
        root="$1/old" work="$1/new" mode="$2"
        . "$3/_place.sh"
        place contract.yaml contract.yaml
        place_folder models models
        placed
    """
    done = subprocess.run(  # noqa: S603 - our own words
        ["/usr/bin/env", "bash", "-c", script, "gen.sh", folder, mode, SCRIPTS],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    return done.returncode, done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What is there, and what was generated: the same."""
    for name in ("old", "new"):
        (tmp_path / name / "models").mkdir(parents=True)
        (tmp_path / name / "contract.yaml").write_text("openapi: 3.0.3\n")
        (tmp_path / name / "models" / "site.py").write_text("class Site: ...\n")
    return tmp_path


def _contents(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_text() for path in files}


def test_what_is_current_is_left(folder: Path) -> None:
    for mode in ("--check", ""):
        assert (0, "unchanged  contract.yaml\nunchanged  models\n") == _place(folder, mode)


@pytest.mark.parametrize("changed", ["contract.yaml", "models/site.py"])
def test_a_check_fails_if_a_file_was_edited_and_writes_nothing(folder: Path, changed: str) -> None:
    (folder / "old" / changed).write_text("edited: by hand\n")
    before = _contents(folder / "old")

    status, said = _place(folder, "--check")

    assert 1 == status
    assert f"stale      {changed.partition('/')[0]}" in said
    assert "edited: by hand" in said
    assert "Run scripts/gen.sh." == said.splitlines()[-1]
    assert before == _contents(folder / "old")


@pytest.mark.parametrize("gone", ["contract.yaml", "models/site.py"])
def test_a_check_fails_if_a_file_is_missing_or_new(folder: Path, gone: str) -> None:
    for name in ("old", "new"):
        path = folder / name / gone
        content = path.read_text()
        path.unlink()
        assert 1 == _place(folder, "--check")[0]
        path.write_text(content)


def test_what_is_stale_is_written(folder: Path) -> None:
    expected = _contents(folder / "new")
    (folder / "old" / "contract.yaml").write_text("edited: by hand\n")
    (folder / "old" / "models" / "gone.py").write_text("class Gone: ...\n")

    assert (0, "written    contract.yaml\nwritten    models\n") == _place(folder, "")

    assert expected == _contents(folder / "old")
