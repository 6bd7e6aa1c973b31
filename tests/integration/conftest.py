"""A database, a pool and a connection for each test, on one server for all of them."""

from collections.abc import AsyncIterator, Iterator

import pytest

from sql.pool import Connection, Pool, create_pool, reading
from tests import servers

from .api import Api, running_api
from .world import World, make_world


@pytest.fixture
async def pool(dsn: str) -> AsyncIterator[Pool]:
    """An open pool on the fresh database, with the service's own settings."""
    pool = create_pool(dsn, min_size=1, max_size=10)
    async with pool:
        yield pool


@pytest.fixture
async def conn(pool: Pool) -> AsyncIterator[Connection]:
    """A connection to the fresh database, in autocommit."""
    async with reading(pool) as conn:
        yield conn


@pytest.fixture
async def world(conn: Connection) -> World:
    """A site with two rooms, a member and one of the staff."""
    return await make_world(conn)


@pytest.fixture(scope="session")
def api(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The running service on a database of its own, shared by all tests of its API."""
    log = tmp_path_factory.mktemp("api") / "service.log"
    with servers.clone(server, template) as dsn, running_api(dsn, log) as api:
        yield api
