"""The data directory: where it is, whose it is, who works on it now.

::

    lock             held by the one command that works on the directory; says which
    state.json       where that command's database listens, for commands beside it
    engine/          PostgreSQL's programs, extracted once
    postgres/        the database cluster, with its password
    postgres.log, service.log
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from app.embedded.accounts import Account, account_of, database_account
from app.failure import Failure

CHECKOUT = Path(__file__).resolve().parents[3]

# Commands that keep the directory, and its database, until they are stopped.
LASTING = frozenset({"up", "serve"})


@dataclass(frozen=True, slots=True)
class Holder:
    """The command that holds a data directory."""

    pid: int
    command: str


@dataclass(frozen=True, slots=True)
class State:
    """What a running command tells those beside it and those that come after it."""

    holder: int
    port: int
    service: int | None = None
    service_started: float | None = None


@dataclass(frozen=True, slots=True)
class DataDir:
    """A data directory that exists, belongs to this user, and lets PostgreSQL's account in."""

    path: Path
    account: Account

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own data directory."""
        return self.path / "postgres"

    @property
    def engines(self) -> Path:
        """Where PostgreSQL's programs are extracted to, unless a setting says otherwise."""
        return self.path / "engine"

    @property
    def postgres_log(self) -> Path:
        """What PostgreSQL says."""
        return self.path / "postgres.log"

    @property
    def service_log(self) -> Path:
        """What the service says under ``holdfast up``: one JSON line for each event."""
        return self.path / "service.log"

    @property
    def state_file(self) -> Path:
        """There while a command's database listens, and left behind by one that was killed."""
        return self.path / "state.json"

    def read_state(self) -> State | None:
        """What the last command wrote, or nothing if it ended in good order."""
        try:
            return State(**json.loads(self.state_file.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None
        except OSError as error:
            raise unusable(self.path, error) from error

    def write_state(self, state: State) -> None:
        """Replace the state at one stroke."""
        draft = self.state_file.with_suffix(".new")
        try:
            draft.write_text(json.dumps(asdict(state)))
            draft.replace(self.state_file)
        except OSError as error:
            raise unusable(self.path, error) from error

    def forget_state(self) -> None:
        """Say that no database listens any more."""
        self.state_file.unlink(missing_ok=True)

    def read_holder(self) -> Holder | None:
        """Who wrote the lock last; that it still holds it, the lock alone can tell."""
        try:
            told: dict[str, Any] = json.loads((self.path / "lock").read_text())
            return Holder(pid=int(told["pid"]), command=str(told["command"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @contextmanager
    def try_lock(self, command: str) -> Iterator[bool]:
        """Hold the directory for this command, if nobody else does.

        The kernel frees the lock when this process ends, however it ends.
        """
        try:
            lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise unusable(self.path, error) from error
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            try:
                os.ftruncate(lock, 0)
                os.pwrite(lock, json.dumps(asdict(Holder(os.getpid(), command))).encode(), 0)
            except OSError as error:
                raise unusable(self.path, error) from error
            yield True
        finally:
            os.close(lock)


def open_data_dir(given: Path | None) -> DataDir:
    """The data directory, made if it is not there.

    :raises Failure: if it cannot be made, belongs to somebody else, holds something else, or
        lies where PostgreSQL's account cannot go.
    """
    path = choose(given)
    try:
        _make(path)
        owner = path.stat()
        if owner.st_uid != os.geteuid():
            message = (
                f"The data directory {path} belongs to {account_of(owner.st_uid, 0).name}, not to "
                f"{account_of(os.geteuid(), 0).name}: run this as its owner, or choose another "
                "directory with --data-dir."
            )
            raise Failure(message)
        inside = {entry.name for entry in path.iterdir()} - {"lost+found"}
    except OSError as error:
        raise unusable(path, error) from error
    if inside and "lock" not in inside:
        message = (
            f"The directory {path} is not empty and is not a data directory of Holdfast: choose "
            "a new or an empty one with --data-dir."
        )
        raise Failure(message)
    account = database_account(path / "postgres")
    _require_entry(path, account)
    return DataDir(path, account)


def unusable(path: Path, error: OSError) -> Failure:
    """One sentence for whatever the operating system has against this directory."""
    reason = (error.strerror or str(error)).lower()
    return Failure(
        f"The data directory {path} cannot be used ({reason}): make room or give access to it, "
        "or choose another with --data-dir."
    )


def choose(given: Path | None) -> Path:
    """What was asked for; else the checkout's own, or root's where that one is out of reach."""
    if given is not None:
        with suppress(RuntimeError):  # no home directory: a folder may still be called "~"
            given = given.expanduser()
        return given.resolve()
    own = CHECKOUT / ".holdfast"
    if os.geteuid() == 0 and not database_account(own / "postgres").can_enter(CHECKOUT):
        short = hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:8]
        return Path("/var/lib/holdfast") / f"{CHECKOUT.name}-{short}"
    return own


def _make(path: Path) -> None:
    """Only the owner may look inside; as root, PostgreSQL's account must pass through."""
    if not path.exists():
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(0o755 if os.geteuid() == 0 else 0o700)
    elif not path.is_dir():
        message = f"The data directory {path} is a file: choose another with --data-dir."
        raise Failure(message)


def _require_entry(path: Path, account: Account) -> None:
    if os.geteuid() != 0:
        return
    try:
        reachable = account.can_enter(path)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        message = (
            f"PostgreSQL does not run as root, and this process may not start it as "
            f"{account.name} ({reason}): run Holdfast as an ordinary user, or set DATABASE_URL."
        )
        raise Failure(message) from error
    if not reachable:
        message = (
            f"PostgreSQL does not run as root, and the account {account.name}, which runs it "
            f"instead, cannot enter {path}: choose another directory with --data-dir."
        )
        raise Failure(message)
