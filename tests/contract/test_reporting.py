"""The folder of reports: what is in it of somebody else's stays."""

import os
import subprocess
from pathlib import Path

import pytest

from app.failure import Failure

from .fuzz import main
from .fuzzing import ROOT
from .reporting import MARKER, claim, drop_bulk, make_ready


def _files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def _write(folder: Path, *names: str) -> None:
    claim(folder, *names)
    for name in names:
        (folder / name).write_text("Found nothing.")


def test_a_folder_of_somebody_elses_is_left_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "staff.txt").write_text("Chapter one.")

    assert 2 == main(["--reports", str(tmp_path), "--only", "probes"])

    said = capsys.readouterr()
    assert "" == said.out
    assert said.err.startswith(f"fuzz.sh: {tmp_path} is not empty, and no earlier run made it")
    assert 1 == len(said.err.splitlines())
    assert {"thesis/staff.txt"} == _files(tmp_path)


def test_the_script_refuses_the_folder_that_it_is_called_in(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("Chapter one.")
    done = subprocess.run(  # noqa: S603 - our own script
        [ROOT / "scripts" / "fuzz.sh", "--reports", tmp_path],
        env=os.environ,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (2, "") == (done.returncode, done.stdout)
    assert {"thesis.txt"} == _files(tmp_path)


def test_a_new_and_an_empty_folder_are_made_ready(tmp_path: Path) -> None:
    for folder in (tmp_path / "empty", tmp_path / "a" / "new"):
        make_ready(folder)
        assert {MARKER} == _files(folder)
        make_ready(folder)
        assert 0o700 == folder.stat().st_mode & 0o777


def test_what_an_earlier_run_wrote_is_deleted_and_nothing_else(tmp_path: Path) -> None:
    make_ready(tmp_path)
    _write(tmp_path, "staff.txt", "coverage.json")
    _write(tmp_path / "round-001", "staff.har")
    _write(tmp_path / "round-002", "staff.har")
    (tmp_path / "round-002" / "notes.txt").write_text("Look at this again.")
    (tmp_path / "round-003").mkdir()
    (tmp_path / "round-003" / "thesis.txt").write_text("Chapter one.")
    (tmp_path / "member.txt").write_text("Not by us.")

    make_ready(tmp_path)

    kept = {MARKER, "member.txt", "round-002/notes.txt", "round-003/thesis.txt"}
    assert kept == _files(tmp_path)
    assert not (tmp_path / "round-001").exists()


def test_a_marker_names_nothing_outside_its_folder(tmp_path: Path) -> None:
    outside = tmp_path / "thesis.txt"
    outside.write_text("Chapter one.")
    claim(tmp_path / "reports", "../thesis.txt", str(outside), "", "..")

    make_ready(tmp_path / "reports")

    assert outside.is_file()


def test_what_is_large_is_dropped(tmp_path: Path) -> None:
    _write(tmp_path, "staff.har", "staff.ndjson", "staff.txt", "staff.xml")
    (tmp_path / "theirs.har").write_text("Not by us.")

    drop_bulk(tmp_path)

    assert {MARKER, "staff.txt", "staff.xml", "theirs.har"} == _files(tmp_path)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("Not a folder.")
    for path in (tmp_path / "reports", tmp_path / "reports" / "fuzz"):
        with pytest.raises(Failure, match=r"^Reports cannot be written to .*: Not a directory\.$"):
            make_ready(path)
