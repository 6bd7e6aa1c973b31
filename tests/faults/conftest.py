"""Places for data directories, and one that is filled already."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import servers

from . import command


@pytest.fixture(scope="session")
def ground() -> Iterator[Path]:
    """A folder that the account which runs PostgreSQL for root may enter too."""
    with tempfile.TemporaryDirectory(
        prefix="holdfast faults ", ignore_cleanup_errors=True
    ) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="session")
def env(ground: Path) -> dict[str, str]:
    """An environment in which PostgreSQL's programs are extracted once for all tests."""
    return command.environment(ground / "engine")


@pytest.fixture(scope="session")
def filled(ground: Path, env: dict[str, str]) -> Path:
    """A data directory with the demo data, which nothing runs on."""
    place = ground / "filled"
    done = command.run("demo", "--data-dir", str(place), env=env)
    assert done.returncode == 0, done.stderr
    return place


@pytest.fixture
def place(ground: Path, request: pytest.FixtureRequest) -> Path:
    """A data directory that is not there yet, on a path with a space."""
    return ground / f"data of {request.node.name}"


@pytest.fixture(scope="session")
def worn(ground: Path, filled: Path) -> Path:
    """A data directory with the demo data, which one test after the other maltreats.

    It is one for them all, since each of them must leave it fit for the next.
    """
    place = ground / "worn by tests"
    command.copy(filled, place)
    return place


@pytest.fixture
def empty(server: str) -> Iterator[str]:
    """The DSN of a database with nothing in it."""
    with servers.empty(server) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def running(ground: Path, filled: Path, env: dict[str, str]) -> Iterator[command.Up]:
    """One that runs while several tests look at it."""
    place = ground / "running now"
    command.copy(filled, place)
    with command.up(place, env) as started:
        yield started
