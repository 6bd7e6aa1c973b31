"""The service as a child process of ``holdfast up``: started, watched, drained."""

import http
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from app.commands.api import base_url, fetch
from app.embedded.logfile import keep_bounded
from app.failure import Failure
from app.settings import Settings

START_SECONDS = 120.0
POLL_SECONDS = 0.05
MARGIN_SECONDS = 10.0  # for a worker to close its connections after the last request


@dataclass(slots=True)
class Service:
    """The service's process.

    ``log`` is None where the service writes to this command's stderr.
    """

    settings: Settings
    dsn: str
    log: Path | None
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _begin: int = 0  # where in the log the process's own lines begin

    def start(self) -> None:
        """Start the process."""
        environment = {
            **os.environ,
            "DATABASE_URL": self.dsn,
            "HOLDFAST_HOST": self.settings.host,
            "HOLDFAST_PORT": str(self.settings.port),
            "HOLDFAST_WORKERS": str(self.settings.workers),
        }
        if self.log is None:
            if sys.stderr.isatty():  # a line for each request is too much for a person
                environment.setdefault("HOLDFAST_LOG_LEVEL", "warning")
            self._spawn(environment, None)
            return
        keep_bounded(self.log)
        with self.log.open("ab") as output:
            self._begin = output.tell()
            self._spawn(environment, output.fileno())

    def _spawn(self, environment: dict[str, str], output: int | None) -> None:
        # -P: the folder where the command was called is no place to find modules in.
        # A session of its own: Ctrl-C must reach only us, who ask it to drain. Its standard input
        # ends when we do, and then it ends too, even if we were killed.
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "app.service"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )

    def wait_until_ready(self) -> None:
        """Wait until the process answers.

        :raises Failure: with the reason, if it does not.
        """
        deadline = time.monotonic() + START_SECONDS
        while fetch(base_url(self.settings), "/healthz")[0] != http.HTTPStatus.OK:
            if self.ended():
                raise Failure(self._why())
            if time.monotonic() > deadline:
                message = f"The service did not answer within {START_SECONDS:.0f} s."
                raise Failure(message)
            time.sleep(POLL_SECONDS)

    def _why(self) -> str:
        """The sentence with which the service ended, or where to look for one."""
        if self.log is None:
            return "The service did not start."
        with self.log.open("rb") as output:
            output.seek(self._begin)
            lines = output.read(1 << 20).decode(errors="replace").splitlines()
        told = [line for line in lines if line.startswith("holdfast: ")]
        if told:
            return told[-1].removeprefix("holdfast: ")
        return f"The service did not start: {self.log} says why."

    def started(self) -> float:
        """When the process began, by which a later command knows it again."""
        return psutil.Process(self.pid).create_time()

    @property
    def pid(self) -> int:
        """The number of the running process."""
        if self.process is None:
            message = "the service has not been started"
            raise RuntimeError(message)
        return self.process.pid

    def ended(self) -> bool:
        """Tell whether the process is gone although nobody stopped it."""
        return self.process is not None and self.process.poll() is not None

    def stop(self, hurry: Callable[[], bool]) -> None:
        """Let the requests in flight finish, for as long as the setting allows, and end it.

        :param hurry: asked again and again whether to wait no longer.
        """
        process = self.process
        if process is None:
            return
        process.terminate()
        deadline = time.monotonic() + self.settings.graceful_shutdown_seconds + MARGIN_SECONDS
        while process.poll() is None and time.monotonic() < deadline and not hurry():
            with suppress(subprocess.TimeoutExpired):
                process.wait(POLL_SECONDS)
        # What is left of it, workers included, is in its session and so in its group.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self.process = None
