"""What all tests share: one PostgreSQL server, and one migrated template on it."""

from collections.abc import Iterator

import pytest

from . import servers


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """The event loop that production runs on."""
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The DSN of a server on which databases may be made."""
    with servers.postgres() as dsn:
        yield dsn


@pytest.fixture(scope="session")
def template(server: str) -> Iterator[str]:
    """The name of a migrated database that nothing is connected to."""
    with servers.migrated_template(server) as name:
        yield name


@pytest.fixture
def dsn(server: str, template: str) -> Iterator[str]:
    """The DSN of a fresh, migrated database."""
    with servers.clone(server, template) as clone:
        yield clone
