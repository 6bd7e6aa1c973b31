"""Connections: lent for reading or for one transaction, never lent dead.

The pool heals by itself, sooner than psycopg's defaults let it: those double
their pause after each failed attempt, so that after an outage of a minute they
would sit out another. Here attempts are half a second apart for as long as
somebody waits for a connection, and none are made while nobody does.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeAlias, TypeVar

import orjson
from psycopg import AsyncConnection, AsyncCursor, InternalError, OperationalError
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.errors import DeadlockDetected, SerializationFailure
from psycopg.pq import ConnStatus, TransactionStatus
from psycopg.sql import SQL, Literal
from psycopg.types.json import set_json_loads
from psycopg_pool import AsyncConnectionPool

from sql.statement import Statement

Connection: TypeAlias = AsyncConnection[Any]
Pool: TypeAlias = AsyncConnectionPool[Connection]

T = TypeVar("T")

RETRY_SECONDS = 0.5
"""The pause between attempts to reach a database that is away."""

MAX_WAITING = 1000
"""Callers that may wait for a connection at once; more are refused at once."""

# What every session runs with. The time zone decides how instants print; the
# timeouts end what would otherwise hold a lock, or a caller, for ever. A transaction
# here lasts milliseconds: one that is stuck must not stall others for longer than
# they would wait for an answer.
_SESSION = {
    "timezone": "UTC",
    "statement_timeout": "10s",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "5s",
    "plan_cache_mode": "force_generic_plan",  # but for what sql.loader has planned anew
}

# How soon a connection notices that the other machine is gone; a server that
# is merely stopped says so itself.
_TRANSPORT: dict[str, str | int] = {
    "connect_timeout": 5,
    "keepalives_idle": 30,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}

# One round trip. A pipeline would take as little time, but one that is cancelled
# can leave its connection in a state that no later user expects.
_BEGIN = SQL(
    "BEGIN ISOLATION LEVEL READ COMMITTED;"
    " SELECT set_config('holdfast.actor_id', {actor_id}, true),"
    " set_config('holdfast.request_id', {request_id}, true)"
)


def create_pool(dsn: str, *, min_size: int = 10, max_size: int = 25, timeout: float = 5.0) -> Pool:
    """A pool that is yet to be opened.

    ``timeout`` is how many seconds a caller waits for a connection before
    psycopg_pool.PoolTimeout, an OperationalError.
    """
    return AsyncConnectionPool(
        _conninfo(dsn),
        kwargs={
            "autocommit": True,
            # Twice the same statement on one connection, and it is prepared.
            "prepare_threshold": 1,
        },
        min_size=min_size,
        max_size=max_size,
        timeout=timeout,
        max_waiting=MAX_WAITING,
        configure=_configure,
        reconnect_timeout=RETRY_SECONDS,
        reconnect_failed=_try_again,
        name="holdfast",
        open=False,
    )


async def connect(dsn: str) -> Connection:
    """A connection of its own, in autocommit, for who would otherwise keep one of the pool's."""
    conn: Connection = await AsyncConnection.connect(
        _conninfo(dsn), autocommit=True, prepare_threshold=1
    )
    await _configure(conn)
    return conn


@asynccontextmanager
async def reading(pool: Pool) -> AsyncGenerator[Connection, None]:
    """A connection in autocommit: each statement sees what is committed when it starts."""
    conn = await _lend(pool)
    try:
        yield conn
    finally:
        await pool.putconn(conn)


@asynccontextmanager
async def transaction(
    pool: Pool, *, actor_id: int | None, request_id: str | None
) -> AsyncGenerator[Connection, None]:
    """A connection in one transaction: committed at the end, rolled back on any exception.

    The audit triggers record who acts and for which request. An OperationalError
    from the commit means that nobody knows whether it happened.
    """
    async with transaction_after((), pool, actor_id=actor_id, request_id=request_id) as (conn, _):
        yield conn


@asynccontextmanager
async def transaction_after(
    first: Sequence[Statement[Any]], pool: Pool, *, actor_id: int | None, request_id: str | None
) -> AsyncGenerator[tuple[Connection, list[Any]], None]:
    """A transaction whose first statements travel with its BEGIN, and what they say.

    Each of them sees what is committed when it starts, as any other does.
    """
    conn = await _lend(pool)
    try:
        async with conn:  # commits, or rolls back; the pool's connections are not closed by it
            begin = _BEGIN.format(
                actor_id=Literal("" if actor_id is None else str(actor_id)),
                request_id=Literal(request_id or ""),
            )
            texts = [statement.text for statement in first]
            cursor = await conn.execute(SQL(";").join([begin, *texts]))
            yield conn, await _read(cursor, first)
            if conn.pgconn.transaction_status != TransactionStatus.INTRANS:
                # PostgreSQL answers COMMIT with a silent rollback when a statement
                # before it failed: whoever caught that error must not see success.
                message = "A statement of this transaction failed, so it cannot be committed."
                raise InternalError(message)
    finally:
        await pool.putconn(conn)


async def retrying(work: Callable[[], Awaitable[T]], attempts: int = 5) -> T:
    """What ``work`` returns; it is run again when it loses to a rival transaction.

    ``work`` opens its own transaction. The last attempt's error is raised.
    """
    for attempt in range(1, attempts):
        try:
            return await work()
        except (DeadlockDetected, SerializationFailure):
            # Jitter keeps two rivals from meeting again.
            await asyncio.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311 - no secret
    return await work()


async def _read(cursor: AsyncCursor[Any], statements: Sequence[Statement[Any]]) -> list[Any]:
    """What the last statements of those that were sent together say."""
    said = []
    for place, statement in enumerate(statements, start=-len(statements)):
        await cursor.set_result(place)
        said.append(statement.read(await cursor.fetchall()))
    return said


def _conninfo(dsn: str) -> str:
    """The DSN with this module's settings; what it says itself stands."""
    given = conninfo_to_dict(dsn)
    session = " ".join(f"-c {name}={value}" for name, value in _SESSION.items())
    options = f"{session} {given.get('options') or ''}".rstrip()
    settings: dict[str, Any] = {"application_name": "holdfast", **_TRANSPORT, **given}
    return make_conninfo(**settings | {"options": options})


async def _configure(conn: Connection) -> None:
    set_json_loads(orjson.loads, conn)


async def _try_again(pool: Pool) -> None:
    """Go on trying to connect while somebody waits; the next caller starts it otherwise."""
    if pool.get_stats()["requests_waiting"]:
        await pool.check()


async def _lend(pool: Pool) -> Connection:
    """A connection that the server has not closed."""
    for _ in range(pool.max_size + 1):
        conn = await pool.getconn()
        if _is_alive(conn):
            return conn
        await pool.putconn(conn)  # which replaces it
    message = "The server closes every connection as soon as it is made."
    raise OperationalError(message)


def _is_alive(conn: Connection) -> bool:
    """Whether the server has not said goodbye, as far as this machine has heard.

    A look at the socket costs half a microsecond; a round trip would cost a
    hundred. The first look may find a parting message, the second the end.
    """
    try:
        conn.pgconn.consume_input()
        conn.pgconn.consume_input()
    except OperationalError:
        return False
    return conn.pgconn.status == ConnStatus.OK
