"""The embedded PostgreSQL: started, watched and stopped as a child of the command that needs it.

It listens on a free port of 127.0.0.1 and asks for the password that lies in its own directory.
What it acknowledges is on the disk: fsync is on, unless a test turns it off.
"""

import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from app.embedded.accounts import database_account
from app.embedded.cluster import NAME, PASSWORD, cluster_name, dsn_of, initialise, reason_in
from app.embedded.datadir import DataDir, unusable
from app.embedded.engine import Engine, account_can_run, clear_drafts, extract, extracted
from app.embedded.logfile import keep_bounded
from app.embedded.recovery import WAYS_TO_END
from app.failure import Failure

START_SECONDS = 300.0  # a recovery after a crash may have much to replay
POLL_SECONDS = 0.02


@dataclass(slots=True)
class Server:
    """The PostgreSQL server of one data directory, for whoever holds that directory's lock."""

    datadir: DataDir
    engine: Engine
    fsync: bool = True
    max_connections: int = 100
    port: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def dsn(self, database: str = NAME) -> str:
        """The URL under which the running server's database is reached."""
        return dsn_of(self.datadir, self.port, database)

    def start(self) -> None:
        """Start the server and wait until its database answers.

        It has a free port; a server that ended by itself keeps the port it had.

        :raises Failure: with the reason, if it does not start; then nothing is left running.
        """
        fixed = self.port
        attempts = 5
        for attempt in range(1, attempts + 1):
            self.port = fixed or _free_port()
            begin = self._spawn()
            try:
                self._wait(begin)
            except _Unlucky as error:
                if attempt == attempts:
                    raise Failure(str(error)) from None
                time.sleep(0.5)  # the children of a killed server need a moment to notice
            except BaseException:
                self.stop()
                raise
            else:
                return

    def ended(self) -> bool:
        """Tell whether the server is gone although nobody stopped it."""
        return self.process is not None and self.process.poll() is not None

    def stop(self) -> None:
        """Stop in good order: no new connections, open ones end, everything is written."""
        process = self.process
        if process is None:
            return
        for number, seconds in WAYS_TO_END:
            with suppress(ProcessLookupError):
                process.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
                break
        self.process = None

    def _spawn(self) -> int:
        """Start the process; return where in the log its own words begin."""
        log = self.datadir.postgres_log
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "cluster_name": cluster_name(self.datadir.cluster),
            "max_connections": str(self.max_connections),
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_checkpoints": "off",
            "jit": "off",  # compiling takes longer than any query of ours
            "fsync": "on" if self.fsync else "off",
            "synchronous_commit": "on" if self.fsync else "off",
            "full_page_writes": "on" if self.fsync else "off",
        }
        command = [self.engine.program("postgres"), "-D", str(self.datadir.cluster)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        try:
            keep_bounded(log)
            with log.open("ab") as output:
                begin = output.tell()
                # A session of its own: Ctrl-C must reach only us, who stop it last.
                self.process = subprocess.Popen(  # noqa: S603 - our own words
                    command,
                    cwd="/",
                    env=dict(self.engine.environment()),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                    umask=0o077,
                    **self.datadir.account.identity(),
                )
        except OSError as error:
            raise unusable(self.datadir.path, error) from error
        return begin

    def _wait(self, begin: int) -> None:
        """Wait until the database answers, and make it if it is not there."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                # psycopg's own timeout has whole seconds; a server of ours answers at once.
                with psycopg.connect(
                    self.dsn("postgres"), autocommit=True, connect_timeout=5
                ) as conn:
                    known = "SELECT 1 FROM pg_database WHERE datname = %s"
                    if conn.execute(known, [NAME]).fetchone() is None:
                        conn.execute(f"CREATE DATABASE {NAME}".encode())
            except psycopg.OperationalError as error:
                if self.ended():
                    self.process = None
                    raise self._why(begin) from None
                if "authentication failed" in str(error):
                    message = (
                        f"The database in {self.datadir.path} does not accept the password in "
                        f"{self.datadir.cluster / PASSWORD}."
                    )
                    raise Failure(message) from None
                if time.monotonic() > deadline:
                    message = (
                        f"The database in {self.datadir.path} did not answer within "
                        f"{START_SECONDS:.0f} s: {self.datadir.postgres_log} says more."
                    )
                    raise Failure(message) from None
                time.sleep(POLL_SECONDS)
            except psycopg.Error as error:
                message = f"The database in {self.datadir.path} could not be made: {error}"
                raise Failure(message) from None
            else:
                return

    def _why(self, begin: int) -> Exception:
        """Why the process ended, from what it wrote since it began."""
        log = self.datadir.postgres_log
        try:
            with log.open("rb") as output:
                output.seek(begin)
                told = output.read(1 << 20).decode(errors="replace")
        except OSError:
            told = ""
        where = f"The database in {self.datadir.path} does not start"
        if "Address already in use" in told or "pre-existing shared memory block" in told:
            return _Unlucky(f"{where}: its port or its memory is still in use; {log} says more.")
        fatal = [line for line in told.splitlines() if "FATAL" in line or "PANIC" in line]
        last = (fatal or told.splitlines() or ["it wrote nothing"])[-1].split("FATAL:")[-1].strip()
        reason = reason_in(told, self.datadir.path) or last
        return Failure(f"{where}: {reason}; {log} says more.")


class _Unlucky(Exception):  # noqa: N818 - it passes by itself
    """The server did not start, but may the next time."""


def installed_engine(datadir: DataDir, engine_dir: Path | None) -> Engine | None:
    """The programs of PostgreSQL, if they are there, complete, and able to run."""
    engine = extracted(engine_dir or datadir.engines)
    if engine is not None:
        account_can_run(engine, datadir.account)
    return engine


def install_engine(datadir: DataDir, engine_dir: Path | None) -> Engine:
    """Extract the programs of PostgreSQL.

    :raises Failure: if they cannot be extracted, or cannot run here.
    """
    if engine_dir is None:
        clear_drafts(datadir.engines)
    engine = extract(engine_dir or datadir.engines)
    account_can_run(engine, datadir.account)
    return engine


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def throwaway(engine_dir: Path | None = None, *, fsync: bool = False) -> Iterator[str]:
    """A server of its own for tests, in a temporary directory; yields its database's URL.

    The data are lost at the end. Without fsync it is as fast as a disk allows and survives kills
    of its processes, but not of the machine.
    """
    with tempfile.TemporaryDirectory(prefix="holdfast-", ignore_cleanup_errors=True) as temporary:
        path = Path(temporary)
        if os.geteuid() == 0:
            path.chmod(0o755)  # PostgreSQL's account must pass through
        datadir = DataDir(path, database_account(path / "postgres"))
        engine = installed_engine(datadir, engine_dir) or install_engine(datadir, engine_dir)
        initialise(datadir, engine, fsync=fsync)
        server = Server(datadir, engine, fsync=fsync, max_connections=300)
        server.start()
        try:
            yield server.dsn()
        finally:
            server.stop()
