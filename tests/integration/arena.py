"""Several services on one database, a crowd that asks all of them at one moment, and a judge."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import monotonic, sleep
from typing import Any

import psycopg

from tests import service

from .api import Api, Person, at, running_api, wire
from .racing import Answer, Ask, Crowd

PROCESSES = 3

SLOWEST_SECONDS = 1.0
"""PostgreSQL lets transactions wait for one another for a second before it looks for a circle."""

_ALONE = """
SELECT NOT EXISTS (SELECT
                     FROM pg_stat_activity
                    WHERE datname = current_database()
                      AND pid <> pg_backend_pid()
                      AND backend_type = 'client backend')
"""

_DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


@dataclass(frozen=True, slots=True)
class Arena:
    """Where races are run. ``api`` sets up what they are about."""

    api: Api
    crowd: Crowd
    people: Sequence[Person]
    rng: Random

    def race(self, asks: Sequence[Ask]) -> list[Answer]:
        """Send all requests at one moment; the replies in the order of the requests.

        Nobody may have waited, and a tenth of the replies is held against the contract.
        """
        answers = self.crowd.at_once(asks)
        for answer in self.rng.sample(answers, k=1 + len(answers) // 10):
            answer.check()
        self._check_nobody_waited(answers)
        return answers

    def all_of(self, asks: Sequence[Ask], status: int) -> list[Answer]:
        """Send requests that nothing stands in the way of."""
        answers = self.crowd.at_once(asks)
        assert {answer.status for answer in answers} <= {status}
        return answers

    def _check_nobody_waited(self, answers: Sequence[Answer]) -> None:
        slowest = max(answer.seconds for answer in answers)
        if slowest >= SLOWEST_SECONDS:
            # On a machine that is busy with something else everything is slow: so are,
            # then, as many requests of which none can wait for another. There the count
            # of deadlocks, which no load disturbs, has to say alone that nobody waited.
            calm = max(self._calm(len(answers)) for _ in range(3))
            assert slowest < max(SLOWEST_SECONDS, 10 * calm), f"{slowest} s; {calm} s if calm"

    def _calm(self, count: int) -> float:
        """The slowest of so many requests that only read."""
        path = f"/api/v1/availability/search?start_time={wire(at(0))}&end_time={wire(at(24))}"
        asks = [Ask(self.people[0].token, "GET", path)] * count
        return max(answer.seconds for answer in self.all_of(asks, 200))


@contextmanager
def open_arena(dsn: str, log: Path, **settings: str) -> Iterator[Arena]:
    """An arena of several processes, each of which has its connections open."""
    with ExitStack() as stack:
        api = stack.enter_context(running_api(dsn, log, **settings))
        more = stack.enter_context(service.services(dsn, log, PROCESSES - 1, **settings))
        crowd = stack.enter_context(Crowd([api.base_url, *more]))
        people = [api.person() for _ in range(5)]
        arena = Arena(api, crowd, people, Random(4))  # noqa: S311 - no secret
        for _ in range(3):
            arena.all_of([Ask(person.token, "GET", "/api/v1/me/") for person in people] * 10, 200)
        yield arena


def deadlocks(dsn: str) -> int:
    """How often PostgreSQL had to end a transaction because several waited in a circle.

    The count is exact because it waits until everybody else is gone: a session
    tells what it counted at its end.
    """
    with psycopg.connect(dsn, autocommit=True) as conn:
        deadline = monotonic() + 20
        while not _value(conn, _ALONE):
            assert monotonic() < deadline, "the services left sessions behind"
            sleep(0.02)
        return int(_value(conn, _DEADLOCKS))


def _value(conn: psycopg.Connection[Any], query: str) -> Any:
    row = conn.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]
