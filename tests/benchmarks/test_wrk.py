"""Where wrk cannot be had, the set-up says why, and leaves nothing behind."""

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "_wrk.sh"
BASH = shutil.which("bash") or "/bin/bash"
ASK = 'set -euo pipefail; . "$0"; if setup_wrk; then echo there; else echo "not: $no_wrk"; fi'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout that is set up, and a path on which there is little."""
    (tmp_path / ".venv").mkdir()
    commands = tmp_path / "bin"
    commands.mkdir()
    for name in ("chmod", "mkdir", "mktemp", "mv", "rm"):
        (commands / name).symlink_to(shutil.which(name) or name)
    return tmp_path


def put(root: Path, name: str, lines: str) -> None:
    """Put a command on the path."""
    command = root / "bin" / name
    command.write_text(f"#!{BASH}\n{lines}\n")
    command.chmod(0o755)


def ask(root: Path) -> tuple[str, str]:
    """What the set-up answers, and what it says meanwhile."""
    done = subprocess.run(  # noqa: S603 - our own script
        [BASH, "-c", ASK, str(SCRIPT)],
        env={"root": str(root), "PATH": str(root / "bin")},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip(), done.stderr


def test_on_a_machine_without_debians_packages_it_cannot_be_had(root: Path) -> None:
    answer, said = ask(root)
    reason = "wrk is not installed, and there is no apt-get to fetch it with"
    assert f"not: {reason}" == answer
    assert f"holdfast: {reason}.\n" == said


def test_why_it_could_not_be_fetched_is_told_and_nothing_is_left(root: Path) -> None:
    put(root, "dpkg", "exit 0")
    put(root, "apt-get", 'echo "Reading"; echo "E: no network" >&2; exit 100')
    answer, _ = ask(root)
    assert "not: wrk cannot be fetched (E: no network): install it" == answer
    assert [] == list((root / ".venv").iterdir())


def test_what_was_fetched_is_there_the_next_time(root: Path) -> None:
    put(root, "apt-get", 'for last; do :; done; [ "$last" = update ] || : >wrk.deb')
    put(
        root,
        "dpkg",
        'mkdir -p "$3/usr/bin"; : >"$3/usr/bin/wrk"; chmod +x "$3/usr/bin/wrk"',
    )
    answer, said = ask(root)
    assert ("there", "Fetching wrk ...\n") == (answer, said)
    assert ["wrk"] == [path.name for path in (root / ".venv").iterdir()]
    assert ("there", "") == ask(root)
