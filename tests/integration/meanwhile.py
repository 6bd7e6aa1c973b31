"""What happens while a request waits for a row that somebody else holds."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import psycopg

from .api import Api

_PATIENCE_SECONDS = 60.0
"""How long what must come may take: on a busy core, a worker alone takes 5 s to start."""

Ask = Callable[[], httpx.Response]


@contextmanager
def holding(api: Api, statement: str, *parameters: object) -> Iterator[psycopg.Connection[Any]]:
    """A second connection, in a transaction in which it has done this."""
    with psycopg.connect(api.dsn) as other:
        other.execute(statement.encode(), parameters or None)
        yield other
        other.rollback()


@contextmanager
def waiting(api: Api, other: psycopg.Connection[Any], ask: Ask) -> Iterator[Future[httpx.Response]]:
    """A request under way that waits for what the other connection holds."""
    with ThreadPoolExecutor(1) as pool:
        reply = pool.submit(ask)
        until(lambda: reply.done() or waiters(api, other.info.backend_pid) > 0)
        assert not reply.done(), reply.result().text
        yield reply


def waiters(api: Api, pid: int) -> int:
    """How many wait for a backend."""
    ((count,),) = api.sql(
        "SELECT count(*) FROM pg_stat_activity WHERE %s = ANY (pg_blocking_pids(pid))", pid
    )
    return int(count)


def until(true: Callable[[], bool]) -> None:
    """Return once it is true."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)
