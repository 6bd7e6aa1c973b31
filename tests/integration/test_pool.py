"""Connections: one transaction at a time, given back clean, and found again after an outage."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import LiteralString

import psycopg
import pytest
from psycopg.errors import (
    DeadlockDetected,
    IdleInTransactionSessionTimeout,
    LockNotAvailable,
    QueryCanceled,
    SerializationFailure,
    UniqueViolation,
)
from psycopg.sql import SQL, Composed
from psycopg_pool import PoolTimeout

from app.embedded.server import Server
from sql.pool import (
    Connection,
    Pool,
    create_pool,
    reading,
    retrying,
    transaction,
    transaction_after,
)
from sql.statement import Statement
from tests import servers

pytestmark = pytest.mark.anyio

Work = Callable[[Connection], Awaitable[object]]


@pytest.fixture
async def single(dsn: str) -> AsyncIterator[Pool]:
    """A pool of one connection, so that whoever comes next gets the same one."""
    async with create_pool(dsn, min_size=1, max_size=1, timeout=2) as pool:
        await pool.wait()
        yield pool


@pytest.fixture(scope="module")
def server_of_ours() -> Iterator[Server]:
    """A server that this module may stop and start."""
    with servers.restartable() as server:
        yield server


async def _value(conn: Connection, statement: str) -> object:
    row = await (await conn.execute(statement.encode())).fetchone()
    assert row is not None
    return row[0]


async def _add_site(conn: Connection, name: str = "Harbour") -> None:
    await conn.execute("INSERT INTO sites (name, time_zone) VALUES (%s, 'UTC')", [name])


async def _sites(pool: Pool) -> object:
    async with reading(pool) as conn:
        return await _value(conn, "SELECT count(*) FROM sites")


# Transactions.


async def test_a_transaction_commits_at_its_end_and_not_before(pool: Pool) -> None:
    async with transaction(pool, actor_id=None, request_id=None) as conn:
        await _add_site(conn)
        assert await _sites(pool) == 0

    assert await _sites(pool) == 1


def _asking(text: LiteralString) -> Statement[object]:
    return Statement(Composed([SQL(text)]), lambda rows: rows[0][0])


async def test_first_statements_belong_to_the_transaction_and_have_said_what_they_say(
    pool: Pool,
) -> None:
    first = [
        _asking("INSERT INTO sites (name, time_zone) VALUES ('Harbour', 'UTC') RETURNING name"),
        _asking("SELECT current_setting('holdfast.request_id') || count(*) FROM sites"),
    ]
    async with transaction_after(first, pool, actor_id=None, request_id="r") as (_, said):
        assert said == ["Harbour", "r1"]
        assert await _sites(pool) == 0

    assert await _sites(pool) == 1


async def test_a_first_statement_sees_what_the_one_before_it_waited_for(pool: Pool) -> None:
    async with reading(pool) as conn:
        await _add_site(conn)
    first = [_asking("SELECT 1 FROM sites FOR SHARE"), _asking("SELECT name FROM sites")]

    async def look() -> list[object]:
        async with transaction_after(first, pool, actor_id=None, request_id=None) as (_, said):
            return said

    async with transaction(pool, actor_id=None, request_id=None) as rival:
        await rival.execute("UPDATE sites SET name = 'Hill'")
        looking = asyncio.create_task(look())
        async with reading(pool) as conn, asyncio.timeout(5):
            while not await _value(
                conn,
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'",
            ):
                pass

    assert [1, "Hill"] == await looking


async def _fails(conn: Connection) -> None:
    await _add_site(conn)
    raise ZeroDivisionError


async def _fails_in_the_database(conn: Connection) -> None:
    await _add_site(conn)
    await _add_site(conn)


async def _is_cancelled_while_it_runs_a_statement(conn: Connection) -> None:
    await _add_site(conn)
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().call_later(0.05, task.cancel)
    await conn.execute("SELECT pg_sleep(30)")


async def _is_cancelled_between_statements(conn: Connection) -> None:
    await _add_site(conn)
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(30)


@pytest.mark.parametrize(
    ("work", "error"),
    [
        (_fails, ZeroDivisionError),
        (_fails_in_the_database, UniqueViolation),
        (_is_cancelled_while_it_runs_a_statement, asyncio.CancelledError),
        (_is_cancelled_between_statements, asyncio.CancelledError),
    ],
)
async def test_a_transaction_that_does_not_end_well_leaves_nothing_but_a_clean_connection(
    single: Pool, work: Work, error: type[BaseException]
) -> None:
    async with reading(single) as conn:
        before = conn.info.backend_pid
        actor_id = await _value(conn, "INSERT INTO users (username) VALUES ('ada') RETURNING id")

    async def attempt() -> None:
        async with transaction(single, actor_id=int(str(actor_id)), request_id="r-1") as conn:
            await work(conn)

    outcome = (await asyncio.gather(asyncio.create_task(attempt()), return_exceptions=True))[0]

    assert isinstance(outcome, error)
    assert await _sites(single) == 0
    async with reading(single) as conn:
        assert conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        assert conn.info.backend_pid == before
        assert await _value(conn, "SELECT current_setting('holdfast.actor_id', true)") == ""


async def test_cancelling_at_any_moment_loses_neither_a_connection_nor_what_was_acknowledged(
    dsn: str,
) -> None:
    acknowledged: list[str] = []

    async def add(name: str) -> None:
        async with transaction(pool, actor_id=None, request_id=None) as conn:
            await _add_site(conn, name)
        acknowledged.append(name)

    async def cancelled_after(seconds: float, name: str) -> None:
        task = asyncio.create_task(add(name))
        await asyncio.sleep(seconds)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async with create_pool(dsn, min_size=3, max_size=3, timeout=10) as pool:
        await pool.wait()
        for turn in range(60):
            # From 20 µs on, each moment a quarter later than the last, until all get through.
            seconds = 0.000_02 * 1.25**turn
            before = len(acknowledged)
            await asyncio.gather(*(cancelled_after(seconds, f"{turn}-{n}") for n in range(6)))
            if len(acknowledged) == before + 6:
                break

        async with reading(pool) as first, reading(pool) as second, reading(pool) as third:
            for conn in (first, second, third):
                assert conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
            cursor = await first.execute("SELECT name FROM sites")
            stored = {name for (name,) in await cursor.fetchall()}

    assert set(acknowledged) <= stored
    assert len(acknowledged) >= 6, "the last moment must be late enough for all"


async def test_a_transaction_whose_error_was_swallowed_does_not_pass_for_committed(
    single: Pool,
) -> None:
    """PostgreSQL answers its COMMIT with a rollback and without an error."""

    async def swallow() -> None:
        async with transaction(single, actor_id=None, request_id=None) as conn:
            await _add_site(conn)
            with pytest.raises(UniqueViolation):
                await _add_site(conn)

    with pytest.raises(psycopg.InternalError, match="cannot be committed"):
        await swallow()

    assert await _sites(single) == 0


async def test_a_transaction_says_who_acts_and_for_which_request(single: Pool) -> None:
    awkward = 'it\'s \\ "quoted" %s'
    async with transaction(single, actor_id=7, request_id=awkward) as conn:
        assert await _value(conn, "SELECT current_setting('holdfast.actor_id')") == "7"
        assert await _value(conn, "SELECT current_setting('holdfast.request_id')") == awkward
    async with reading(single) as conn:
        assert await _value(conn, "SELECT current_setting('holdfast.actor_id', true)") == ""
        assert await _value(conn, "SELECT current_setting('holdfast.request_id', true)") == ""


async def test_a_transaction_is_read_committed_whatever_the_database_defaults_to(
    dsn: str,
) -> None:
    """ON CONFLICT DO NOTHING raises under stricter levels what it should answer."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        name = conn.info.dbname
        conn.execute(
            f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'".encode()
        )
    async with (
        create_pool(dsn, min_size=1, max_size=1) as pool,
        transaction(pool, actor_id=None, request_id=None) as writing,
    ):
        assert await _value(writing, "SHOW transaction_isolation") == "read committed"


# Sessions.


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("TimeZone", "UTC"),
        ("statement_timeout", "10s"),
        ("lock_timeout", "2s"),
        ("idle_in_transaction_session_timeout", "5s"),
        ("application_name", "holdfast"),
    ],
)
async def test_every_session_has_its_settings(single: Pool, setting: str, value: str) -> None:
    async with reading(single) as conn:
        assert await _value(conn, f"SHOW {setting}") == value


async def test_what_the_dsn_says_itself_stands(dsn: str) -> None:
    own = psycopg.conninfo.make_conninfo(
        dsn,
        application_name="mine",
        connect_timeout="9",
        options="-c work_mem=5MB -c lock_timeout=1s",
    )
    async with create_pool(own, min_size=1, max_size=1) as pool, reading(pool) as conn:
        assert conn.info.get_parameters()["connect_timeout"] == "9"
        assert await _value(conn, "SHOW application_name") == "mine"
        assert await _value(conn, "SHOW work_mem") == "5MB"
        assert await _value(conn, "SHOW lock_timeout") == "1s"
        assert await _value(conn, "SHOW statement_timeout") == "10s"


async def test_what_would_wait_for_ever_is_ended(pool: Pool) -> None:
    async with reading(pool) as conn, transaction(pool, actor_id=None, request_id=None) as other:
        await conn.execute("SET statement_timeout = '20ms'")
        with pytest.raises(QueryCanceled):
            await conn.execute("SELECT pg_sleep(30)")
        await conn.execute("SET statement_timeout = '10s'")
        await conn.execute("SET lock_timeout = '20ms'")
        await other.execute("LOCK TABLE sites")
        with pytest.raises(LockNotAvailable):
            await conn.execute("SELECT FROM sites")


# Rivals.


@pytest.mark.parametrize("error", [DeadlockDetected, SerializationFailure])
async def test_work_that_loses_to_a_rival_is_done_again(error: type[Exception]) -> None:
    runs: list[int] = []

    async def work() -> str:
        runs.append(len(runs))
        if len(runs) < 3:
            raise error
        return "done"

    assert await retrying(work) == "done"
    assert len(runs) == 3


@pytest.mark.parametrize(
    ("error", "runs"), [(DeadlockDetected, 5), (UniqueViolation, 1), (QueryCanceled, 1)]
)
async def test_work_is_not_done_again_for_ever_nor_for_another_reason(
    error: type[Exception], runs: int
) -> None:
    count = 0

    async def work() -> None:
        nonlocal count
        count += 1
        raise error

    with pytest.raises(error):
        await retrying(work)
    assert count == runs


async def test_a_real_deadlock_is_settled_by_a_second_try(pool: Pool, dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute("INSERT INTO sites (name, time_zone) VALUES ('A', 'UTC'), ('B', 'UTC')")
    met = asyncio.Barrier(2)
    tries = 0

    async def rename(first: str, second: str) -> None:
        meeting = True

        async def work() -> None:
            nonlocal tries, meeting
            tries += 1
            async with transaction(pool, actor_id=None, request_id=None) as conn:
                update = "UPDATE sites SET time_zone = time_zone || 'x' WHERE name = %s"
                await conn.execute(update, [first])
                if meeting:
                    meeting = False
                    await met.wait()
                await conn.execute(update, [second])

        await retrying(work)

    await asyncio.gather(rename("A", "B"), rename("B", "A"))

    assert tries == 3
    async with reading(pool) as conn:
        assert await _value(conn, "SELECT string_agg(time_zone, ' ') FROM sites") == "UTCxx UTCxx"


# Outages.


async def test_a_connection_that_the_server_closed_is_not_lent(single: Pool, dsn: str) -> None:
    async with reading(single) as conn:
        pid = conn.info.backend_pid
        socket = conn.fileno()
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    await _readable(socket)

    async with reading(single) as conn:
        assert await _value(conn, "SELECT 1") == 1
        assert conn.info.backend_pid != pid


async def test_a_connection_that_dies_in_use_is_replaced(single: Pool, dsn: str) -> None:
    async def lose() -> None:
        async with transaction(single, actor_id=None, request_id=None) as conn:
            await _add_site(conn)
            with psycopg.connect(dsn, autocommit=True) as admin:
                admin.execute("SELECT pg_terminate_backend(%s, 5000)", [conn.info.backend_pid])
            await _add_site(conn, "Hill")

    with pytest.raises(psycopg.OperationalError):
        await lose()

    assert await _sites(single) == 0


async def test_a_process_that_stood_still_in_a_transaction_has_done_nothing(single: Pool) -> None:
    async def stand_still() -> None:
        async with transaction(single, actor_id=None, request_id=None) as conn:
            await _add_site(conn)
            await conn.execute("SET LOCAL idle_in_transaction_session_timeout = '1ms'")
            await _readable(conn.fileno())  # As soon as the server has ended the session.
            await _add_site(conn, "Hill")

    with pytest.raises(IdleInTransactionSessionTimeout):
        await stand_still()

    assert await _sites(single) == 0


async def test_no_connection_within_the_time_is_an_operational_error(dsn: str) -> None:
    async with create_pool(dsn, min_size=1, max_size=1, timeout=0.05) as pool:
        await pool.wait()
        async with reading(pool):
            with pytest.raises(PoolTimeout) as refused:
                await _one(pool)

    assert isinstance(refused.value, psycopg.OperationalError)


async def test_a_restart_that_nobody_noticed_costs_no_request(server_of_ours: Server) -> None:
    async with create_pool(server_of_ours.dsn(), min_size=5, max_size=5) as pool:
        await pool.wait()
        await _restart(server_of_ours)

        assert await asyncio.gather(*(_one(pool) for _ in range(20))) == [1] * 20


async def test_the_pool_is_itself_again_soon_after_an_outage(server_of_ours: Server) -> None:
    """With psycopg_pool's own pauses (1, 2, 4 … seconds) it would be away for three more."""
    async with create_pool(server_of_ours.dsn(), min_size=5, max_size=10, timeout=0.2) as pool:
        await pool.wait()
        await asyncio.to_thread(server_of_ours.stop)
        gone = time.monotonic()
        while time.monotonic() < gone + 4:
            with pytest.raises(psycopg.OperationalError):
                await _one(pool)
        await asyncio.to_thread(server_of_ours.start)
        back = time.monotonic()
        while not await _answers(pool):
            pass
        waited = time.monotonic() - back

        assert waited < 1.5
        assert await asyncio.gather(*(_one(pool) for _ in range(10))) == [1] * 10


async def test_who_waits_through_a_short_outage_is_served(server_of_ours: Server) -> None:
    async with create_pool(server_of_ours.dsn(), min_size=2, max_size=4, timeout=10) as pool:
        await pool.wait()
        await asyncio.to_thread(server_of_ours.stop)
        waiting = [asyncio.create_task(_one(pool)) for _ in range(20)]
        # Long enough for the pool to give up each connection it lost, and still go on.
        async with asyncio.timeout(8):
            while pool.get_stats().get("connections_errors", 0) < 12:  # noqa: ASYNC110 - no event tells
                await asyncio.sleep(0.01)
        await asyncio.to_thread(server_of_ours.start)

        assert await asyncio.gather(*waiting) == [1] * 20


async def _one(pool: Pool) -> object:
    async with reading(pool) as conn:
        return await _value(conn, "SELECT 1")


async def _answers(pool: Pool) -> bool:
    try:
        return await _one(pool) == 1
    except psycopg.OperationalError:
        return False


async def _restart(server: Server) -> None:
    await asyncio.to_thread(server.stop)
    await asyncio.to_thread(server.start)


async def _readable(socket: int) -> None:
    """Wait until there is something to read, such as the end."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(socket, ready.set)
    try:
        async with asyncio.timeout(5):
            await ready.wait()
    finally:
        loop.remove_reader(socket)
