"""The command ``holdfast`` in processes of its own, as people run it."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg

from app.embedded.cluster import dsn_of
from app.embedded.datadir import DataDir, open_data_dir
from app.embedded.recovery import wait_until_gone
from tests.service import free_port

COMMAND = (sys.executable, "-P", "-m", "app.cli")
READY = "Ctrl-C stops it."
PATIENCE_SECONDS = 60


def environment(engine_dir: Path | None = None, **more: str) -> dict[str, str]:
    """Our environment, without the settings of whoever runs the tests."""
    mine = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("HOLDFAST_") and name not in {"DATABASE_URL", "REDIS_URL"}
    }
    if engine_dir is not None:
        mine["HOLDFAST_ENGINE_DIR"] = str(engine_dir)
    return {**mine, "PYTHONWARNINGS": "ignore", **more}


def run(
    *arguments: str, env: dict[str, str], before: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """Run ``holdfast`` to its end; ``before`` is what it is run under."""
    return execute(*before, *COMMAND, *arguments, env=env)


def execute(*words: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run any command to its end, and keep what it says."""
    return subprocess.run(  # noqa: S603 - the tests' own words
        words,
        cwd="/",
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )


def copy(filled: Path, place: Path) -> None:
    """Copy a data directory, which nothing runs on, with its files' owners."""
    done = execute("cp", "-a", str(filled), str(place))
    assert done.returncode == 0, done.stderr


def the_sentence(done: subprocess.CompletedProcess[str]) -> str:
    """What a failed command said, which is one sentence and no traceback."""
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    said = [line for line in done.stderr.splitlines() if line.startswith("holdfast: ")]
    assert len(said) == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1] == said[0]
    return said[0]


def wait_for(what: Callable[[], Any], seconds: float = PATIENCE_SECONDS) -> Any:
    """Wait until it is true; return what it is then."""
    deadline = time.monotonic() + seconds
    while True:
        value = what()
        if value:
            return value
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


class Up:
    """A ``holdfast up`` on a data directory of the tests."""

    def __init__(self, place: Path, env: dict[str, str], *arguments: str) -> None:
        self.place = place
        self.port = free_port()
        self.stdout = place.with_name(f"{place.name}.out")
        self.stderr = place.with_name(f"{place.name}.err")
        with self.stdout.open("wb") as out, self.stderr.open("wb") as err:
            self.process = subprocess.Popen(  # noqa: S603 - the tests' own words
                [*COMMAND, "up", "--data-dir", str(place), "--port", str(self.port), *arguments],
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    def wait_until_ready(self) -> None:
        """Wait for its last line."""
        wait_for(lambda: READY in self.shown or self.process.poll() is not None)
        assert self.process.poll() is None, f"{self.told}\n{self.logged}"

    @property
    def shown(self) -> str:
        """What it has printed."""
        return self.stdout.read_text()

    @property
    def told(self) -> str:
        """What it has said while it worked."""
        return self.stderr.read_text()

    @property
    def logged(self) -> str:
        """The end of the service's log."""
        log = self.place / "service.log"
        return log.read_text(errors="replace")[-2000:] if log.exists() else ""

    @property
    def base_url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.port}"

    def token(self, kind: str) -> str:
        """The token that it printed for the demo's "Member" or "Staff"."""
        line = next(line for line in self.shown.splitlines() if line.split()[:1] == [kind])
        return line.split()[-1]

    def http(self) -> httpx.Client:
        """The demo member's requests."""
        headers = {"Authorization": f"Bearer {self.token('Member')}"}
        return httpx.Client(base_url=self.base_url, headers=headers, timeout=30)

    @property
    def datadir(self) -> DataDir:
        """Its data directory, as its own code sees it."""
        return open_data_dir(self.place)

    def dsn(self) -> str:
        """The URL of its database."""
        state = self.datadir.read_state()
        assert state is not None
        return dsn_of(self.datadir, state.port)

    def processes(self) -> list[psutil.Process]:
        """Itself, its service, its database, and all their children."""
        itself = psutil.Process(self.process.pid)
        return [itself, *itself.children(recursive=True)]

    def ask_to_stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def wait(self) -> int:
        """Its exit status."""
        return self.process.wait(PATIENCE_SECONDS)

    def kill_everything(self) -> None:
        """Kill it and all that it started, at once, as a power cut does."""
        found = self.processes()
        for process in found:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait()
        assert wait_until_gone(found, PATIENCE_SECONDS) == []


@contextmanager
def up(place: Path, env: dict[str, str], *arguments: str) -> Iterator[Up]:
    """A ``holdfast up`` that is ready; stopped at the end, if it still runs."""
    running = Up(place, env, *arguments)
    try:
        running.wait_until_ready()
        yield running
    finally:
        if running.process.poll() is None:
            running.ask_to_stop()
            try:
                running.wait()
            except subprocess.TimeoutExpired:
                running.kill_everything()


def request_of(curl: str) -> httpx.Request:
    """The request that a curl line makes, on a machine that need not have curl."""
    words = shlex.split(curl)
    assert words[0] == "curl"
    url = next(word for word in words if word.startswith("http"))
    headers = dict(words[at + 1].split(": ", 1) for at, word in enumerate(words) if word == "-H")
    body = words[words.index("-d") + 1]
    assert json.loads(body)
    return httpx.Request("POST", url, headers=headers, content=body)


def url(dsn: str) -> str:
    """The connection as DATABASE_URL has it."""
    with psycopg.connect(dsn) as conn:
        info = conn.info
        login = f"{info.user}:{info.password}"
        return f"postgresql://{login}@{info.host}:{info.port}/{info.dbname}"
