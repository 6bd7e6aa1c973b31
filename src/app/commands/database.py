"""Which database a command works on, and what it must start, or wait for, to reach it."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil

from app.commands.console import Steps
from app.embedded.cluster import dsn_of, initialise, initialised
from app.embedded.datadir import LASTING, DataDir, Holder, State, open_data_dir
from app.embedded.engine import MAJOR
from app.embedded.recovery import end_orphans, find_orphans, forget_lock_file
from app.embedded.server import Server, install_engine, installed_engine
from app.failure import Failure
from app.migrations import migrate, pending
from app.settings import Settings

PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.05
SPARE_CONNECTIONS = 30  # beside the service's: other commands, a person with psql


@contextmanager
def reaching(settings: Settings, command: str, steps: Steps) -> Iterator[str]:
    """The URL of the database that a command works on.

    That is DATABASE_URL; else the database of the command that runs on the data directory; else
    that directory's own, started for as long as this lasts.

    :raises Failure: if there is no database to be had.
    """
    if settings.database_url is not None:
        yield settings.database_url
        return
    datadir = open_data_dir(settings.data_dir)
    with _locked(datadir, command, lambda holder: _dsn_beside(datadir, holder)) as dsn:
        if dsn is not None:
            yield dsn
            return
        with running(datadir, settings, steps) as server:
            yield server.dsn()


@contextmanager
def migrated(settings: Settings, command: str, steps: Steps) -> Iterator[str]:
    """As ``reaching``, and the database has every migration.

    The embedded one is brought forward; whoever runs another one decides when that is.

    :raises Failure: if there is no database to be had, or DATABASE_URL's lacks a migration.
    """
    with reaching(settings, command, steps) as dsn:
        if settings.database_url is None:
            bring_forward(dsn, steps)
        else:
            require_migrated(dsn)
        yield dsn


@contextmanager
def holding(
    settings: Settings, command: str, steps: Steps, check: Callable[[], None]
) -> Iterator[Server]:
    """The running server of the data directory, for a command that keeps it until it is stopped.

    :param check: called when what a killed command left is gone, before anything is started.
    :raises Failure: if another such command has the directory, or the server does not start.
    """
    datadir = open_data_dir(settings.data_dir)

    def refuse(holder: Holder) -> None:
        message = (
            f"Holdfast is already running on the data directory {datadir.path} "
            f"(holdfast {holder.command}, process {holder.pid})."
        )
        raise Failure(message)

    with _locked(datadir, command, refuse), running(datadir, settings, steps, check) as server:
        yield server


@contextmanager
def running(
    datadir: DataDir, settings: Settings, steps: Steps, check: Callable[[], None] = lambda: None
) -> Iterator[Server]:
    """Start the data directory's server, and stop it at the end; only for the lock's holder."""
    orphans = find_orphans(datadir)
    if orphans:
        with steps.step("Ending what a killed Holdfast left running"):
            end_orphans(orphans)
    forget_lock_file(datadir.cluster)
    datadir.forget_state()
    check()
    made = initialised(datadir)
    engine = installed_engine(datadir, settings.engine_dir)
    if engine is None:
        with steps.step(f"Extracting PostgreSQL {MAJOR}"):
            engine = install_engine(datadir, settings.engine_dir)
    if not made:
        with steps.step("Making a new database"):
            initialise(datadir, engine)
    connections = max(100, settings.workers * settings.pool_max + SPARE_CONNECTIONS)
    server = Server(datadir, engine, max_connections=connections)
    with steps.step("Starting the database"):
        server.start()
    try:
        datadir.write_state(State(os.getpid(), server.port))
        yield server
    finally:
        with steps.step("Stopping the database"):
            server.stop()
            datadir.forget_state()


def bring_forward(dsn: str, steps: Steps) -> None:
    """Apply the migrations that the database does not have.

    :raises Failure: see ``migrations.migrate``.
    """
    todo = pending(dsn)
    if todo:
        with steps.step(f"Applying {len(todo)} migration{'s' * (len(todo) > 1)}"):
            migrate(dsn)


def require_migrated(dsn: str) -> None:
    """Refuse to work on a database that lacks a migration.

    :raises Failure: if it does, if it cannot be reached, or if it is too old.
    """
    todo = pending(dsn)
    if todo:
        message = (
            f"The database lacks {len(todo)} migration{'s' * (len(todo) > 1)}, from {todo[0]} on: "
            "run holdfast migrate first."
        )
        raise Failure(message)


@contextmanager
def _locked(
    datadir: DataDir, command: str, join: Callable[[Holder], str | None]
) -> Iterator[str | None]:
    """Hold the data directory and yield None; or yield what ``join`` makes of who holds it.

    ``join`` is asked about a lasting command, again and again until it has an answer. Short
    commands are waited for.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        with datadir.try_lock(command) as ours:
            if ours:
                yield None
                return
        holder = datadir.read_holder()
        # A process that is gone has written it: its successor is about to.
        if holder is not None and not psutil.pid_exists(holder.pid):
            holder = None
        if holder is not None and holder.command in LASTING:
            joined = join(holder)
            if joined is not None:
                yield joined
                return
        if time.monotonic() > deadline:
            name = f"holdfast {holder.command}, process {holder.pid}" if holder else "a command"
            message = f"The data directory {datadir.path} is still in use by {name}."
            raise Failure(message)
        time.sleep(POLL_SECONDS)


def _dsn_beside(datadir: DataDir, holder: Holder) -> str | None:
    """The URL of a running command's database, unless that is yet to start."""
    state = datadir.read_state()
    if state is None or state.holder != holder.pid:
        return None
    return dsn_of(datadir, state.port)
