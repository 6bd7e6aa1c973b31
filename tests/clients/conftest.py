"""The real service, the meddler before it, and Node.js with what the TypeScript client needs."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests import servers
from tests.integration.api import Api, Json, running_api

from .meddler import Fault, meddler

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="package")
def api(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The running service; a stream of it ends by itself after three seconds."""
    log = tmp_path_factory.mktemp("clients") / "service.log"
    with (
        servers.clone(server, template) as dsn,
        running_api(dsn, log, stream_seconds="3", heartbeat_seconds="0.5") as api,
    ):
        yield api


@dataclass(frozen=True, slots=True)
class Way:
    """To the service, past the meddler."""

    url: str

    def queue(self, *faults: Fault) -> None:
        """What is to happen to the next requests, and forget those before."""
        httpx.put(f"{self.url}/meddler/faults", json=faults).raise_for_status()

    def seen(self) -> list[Json]:
        """The requests since then."""
        seen: list[Json] = httpx.get(f"{self.url}/meddler/seen").json()
        return seen

    def break_off(self) -> None:
        """Break every stream off."""
        httpx.post(f"{self.url}/meddler/break").raise_for_status()


@pytest.fixture(scope="package")
def _way(api: Api) -> Iterator[Way]:
    with meddler(api.base_url) as url:
        yield Way(url)


@pytest.fixture
def way(_way: Way) -> Way:
    """A way to the service on which nothing is queued."""
    _way.queue()
    return _way


@dataclass(frozen=True, slots=True)
class Node:
    """Node.js, with the packages of clients/typescript."""

    environment: dict[str, str]
    npm: str

    def run(self, *arguments: str, cwd: Path, **environment: str) -> str:
        """What the program prints; AssertionError with all of it if it fails."""
        done = subprocess.run(  # noqa: S603 - the tests' own words
            ["/usr/bin/env", "node", *arguments],
            cwd=cwd,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    def tool(self, path: str, *arguments: str, cwd: Path) -> str:
        """As ``run``, of a program from the packages."""
        program = ROOT / "clients" / "typescript" / "node_modules" / path
        return self.run(str(program), *arguments, cwd=cwd)


@pytest.fixture(scope="session")
def node() -> Node:
    """Node.js, set up; the test is skipped where its packages are not here and cannot be had."""
    script = f'root="{ROOT}"; . scripts/_node.sh; setup_node clients/typescript; echo "$PATH|$npm"'
    done = _bash("-c", script)
    if done.returncode != 0:
        pytest.skip(done.stderr.strip().splitlines()[-1])
    path, _, npm = done.stdout.strip().partition("|")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HOLDFAST_")}
    return Node({**kept, "PATH": path}, npm)


def _bash(*arguments: str) -> subprocess.CompletedProcess[str]:
    command: Sequence[str] = ["/bin/bash", "-eu", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - as above
