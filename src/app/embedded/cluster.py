"""A cluster, which is PostgreSQL's name for the directory of its databases: made at one stroke."""

import hashlib
import os
import secrets
import shutil
import tempfile
from pathlib import Path

from app.embedded.accounts import run_quietly
from app.embedded.datadir import DataDir, unusable
from app.embedded.engine import MAJOR, Engine
from app.failure import Failure

NAME = "holdfast"  # of the database and of its owner
PASSWORD = "holdfast-password"  # noqa: S105 - the file's name
DRAFT = ".new-"

# What PostgreSQL writes when it cannot start -> what to say of it.
REASONS = (
    ("No space left on device", "the disk is full"),
    ("Disk quota exceeded", "the disk quota is used up"),
    ("File too large", "a file may not grow as large as it must"),
    ("File size limit exceeded", "a file may not grow as large as it must"),
    ("Read-only file system", "the disk is read-only"),
    ("Permission denied", "a file in it may not be read or written"),
    ("Cannot allocate memory", "there is not enough memory"),
    ("could not resize shared memory segment", "there is not enough shared memory"),
)


def dsn_of(datadir: DataDir, port: int, database: str = NAME) -> str:
    """The URL of a server of this directory that listens on this port."""
    try:
        password = (datadir.cluster / PASSWORD).read_text()
    except OSError as error:
        raise unusable(datadir.path, error) from error
    return f"postgresql://{NAME}:{password}@127.0.0.1:{port}/{database}"


def cluster_name(cluster: Path) -> str:
    """What every process of this cluster's server carries in its title."""
    return f"{NAME}-{hashlib.sha256(os.fsencode(cluster)).hexdigest()[:16]}"


def initialised(datadir: DataDir) -> bool:
    """Tell whether the directory holds a cluster that this PostgreSQL can run.

    :raises Failure: if what it holds is of another version or is no cluster.
    """
    cluster = datadir.cluster
    if not cluster.exists():
        return False
    try:
        version = (cluster / "PG_VERSION").read_text().strip()
    except OSError as error:
        message = f"The directory {cluster} is no database of PostgreSQL: move it out of the way."
        raise Failure(message) from error
    if version != str(MAJOR):
        message = (
            f"The directory {cluster} was made by PostgreSQL {version}, and this is PostgreSQL "
            f"{MAJOR}: move the data with pg_dump, or choose another directory with --data-dir."
        )
        raise Failure(message)
    return True


def initialise(datadir: DataDir, engine: Engine, *, fsync: bool = True) -> None:
    """Make a new, empty cluster; it appears at one stroke, complete, with its password.

    :raises Failure: with the reason, if it cannot be made.
    """
    account = datadir.account
    try:
        for left_behind in datadir.path.glob(f"{DRAFT}*"):
            shutil.rmtree(left_behind, ignore_errors=True)
        # A name of its own: the initdb of a killed command may still be at work under another.
        draft = Path(tempfile.mkdtemp(prefix=DRAFT, dir=datadir.path))
    except OSError as error:
        raise unusable(datadir.path, error) from error
    try:
        cluster, password = draft / "postgres", draft / PASSWORD
        cluster.mkdir(mode=0o700)
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24))
        for path in (draft, cluster, password):
            os.chown(path, account.uid, account.gid)
        _initdb(datadir, engine, cluster, password, fsync=fsync)
        password.rename(cluster / PASSWORD)
        cluster.rename(datadir.cluster)
        if fsync:
            _sync(datadir.cluster)
            _sync(datadir.path)
    except OSError as error:
        raise unusable(datadir.path, error) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _initdb(
    datadir: DataDir, engine: Engine, cluster: Path, password: Path, *, fsync: bool
) -> None:
    command = [
        engine.program("initdb"),
        f"--pgdata={cluster}",
        f"--username={NAME}",
        f"--pwfile={password}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        *([] if fsync else ["--no-sync"]),
    ]
    told = run_quietly(command, datadir.account, engine.environment())
    if told.returncode == 0:
        return
    words = told.stderr + told.stdout
    lines = [line for line in words.splitlines() if "error" in line.lower() or "FATAL" in line]
    last = (lines or words.strip().splitlines() or [f"initdb ended with {told.returncode}"])[-1]
    reason = reason_in(words, datadir.path) or last
    message = f"A new database cannot be made in {datadir.path}: {reason}."
    raise Failure(message)


def reason_in(words: str, directory: Path) -> str | None:
    """What stood in PostgreSQL's way, if its words or the disk tell."""
    for sign, reason in REASONS:
        if sign in words:
            return reason
    return "the disk is full" if shutil.disk_usage(directory).free < 1 << 16 else None


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
