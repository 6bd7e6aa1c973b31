"""The PostgreSQL that tests run on, and a database of its own for each of them.

A server: ``DATABASE_URL`` if it is set, else a container where a Docker engine
answers, else the embedded one. On it one template is migrated once; each test gets
a clone of it, which takes PostgreSQL some twenty milliseconds.
"""

import os
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg.errors import InsufficientPrivilege, ObjectInUse
from psycopg.sql import SQL, Identifier

from app.embedded import throwaway
from app.embedded.accounts import database_account
from app.embedded.cluster import initialise
from app.embedded.datadir import DataDir
from app.embedded.server import Server, install_engine, installed_engine
from app.migrations import migrate

CONTAINER_IMAGE = "postgres:18-alpine"


@contextmanager
def postgres() -> Iterator[str]:
    """A server on which databases may be made; yields the DSN of one that exists there."""
    given = os.environ.get("DATABASE_URL")
    if given:
        yield given
    elif _docker_answers():
        # Imported only here: it takes half a second and warns of what it deprecates.
        from testcontainers.postgres import PostgresContainer  # noqa: PLC0415

        with PostgresContainer(CONTAINER_IMAGE, driver=None) as container:
            yield container.get_connection_url()
    else:
        with throwaway(_engine_dir()) as dsn:
            yield dsn


@contextmanager
def restartable() -> Iterator[Server]:
    """An embedded server of the test's own, running, which it may stop and start."""
    with tempfile.TemporaryDirectory(prefix="holdfast-", ignore_cleanup_errors=True) as temporary:
        path = Path(temporary)
        path.chmod(0o755)  # the account that runs PostgreSQL for root must pass through
        datadir = DataDir(path, database_account(path / "postgres"))
        engine_dir = _engine_dir()
        engine = installed_engine(datadir, engine_dir) or install_engine(datadir, engine_dir)
        initialise(datadir, engine, fsync=False)
        server = Server(datadir, engine, fsync=False)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def migrated_template(server: str) -> Iterator[str]:
    """A database with the schema and no rows, for ``clone``; yields its name."""
    with _database(server) as name:
        migrate(_on(server, name))
        yield name


@contextmanager
def clone(server: str, template: str) -> Iterator[str]:
    """A copy of the template, dropped at the end; yields its DSN."""
    with _database(server, template) as name:
        yield _on(server, name)


@contextmanager
def empty(server: str) -> Iterator[str]:
    """A database with nothing in it, dropped at the end; yields its DSN."""
    with _database(server) as name:
        yield _on(server, name)


@contextmanager
def _database(server: str, template: str = "template0") -> Iterator[str]:
    name = f"holdfast_test_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(
            SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(template))
        )
    try:
        yield name
    finally:
        _drop(server, name)


def _on(server: str, name: str) -> str:
    """The URL of a database on the server; the service takes its database as a URL only."""
    return urlsplit(server)._replace(path=f"/{name}").geturl()


def _drop(server: str, name: str) -> None:
    """Drop the database, whatever a failed test left connected to it."""
    with psycopg.connect(server, autocommit=True) as conn:
        for pause in (0.1, 0.5, 2.0, None):
            try:
                conn.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))
            except (InsufficientPrivilege, ObjectInUse):
                # The server itself is vacuuming it, and not everybody may end that.
                if pause is None:
                    raise
                time.sleep(pause)
            else:
                return


def _engine_dir() -> Path | None:
    """Where PostgreSQL's programs are already extracted, if something says so."""
    given = os.environ.get("HOLDFAST_ENGINE_DIR")
    return Path(given) if given else None


def _docker_answers() -> bool:
    if not os.environ.get("DOCKER_HOST") and not Path("/var/run/docker.sock").exists():
        return False
    import docker  # noqa: PLC0415 - comes with testcontainers, and only matters here

    with suppress(Exception):
        client = docker.from_env(timeout=3)
        try:
            return bool(client.ping())
        finally:
            client.close()
    return False
