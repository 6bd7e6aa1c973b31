"""The floor: the same answers from as little as can give them, to measure the service against.

Starlette, psycopg and orjson by hand, on uvloop and httptools, on the same schema with its
constraint and its triggers, with the same number of workers and connections. Each operation is
the best single statement that we could find for it; a conflict is the insert that fails and one
more.

What it leaves out, and the service does: the contract, authentication (it believes the header
``X-User-Id``), the validation of anything, permissions, quotas, the house rules at a booking
(hours, closures, notice, horizon, length), Idempotency-Key, request ids, logs, metrics, ETags,
cursors, the record of a conflict, problems as RFC 9457 has them, and any memory of what it
answered before. ``next_available`` is looked for within the window alone; steps, notice and the
shortest duration of a facility are not looked at; each free stretch beside a conflict gives one
alternative, what is in the way is told with its buffers, and the opening hours of other facilities
are not asked for. What both do give is the same, which tests/benchmarks holds them to.

    DATABASE_URL=... .venv/bin/python -m benchmarks.floor --port 8097 [--workers 1]
"""

import argparse
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import orjson
import uvicorn
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks import statements
from benchmarks.free import MINUTE, House, alternatives, busy_periods, free_periods

Pool = AsyncConnectionPool[AsyncConnection[TupleRow]]

POOL_MIN = 10
POOL_MAX = 25
"""The service's own defaults, for each process."""


def create_app() -> Starlette:
    """The application, on the database that DATABASE_URL names."""
    pool: Pool = AsyncConnectionPool(
        os.environ["DATABASE_URL"],
        min_size=POOL_MIN,
        max_size=POOL_MAX,
        kwargs={"autocommit": True, "prepare_threshold": 0},
        configure=_configure,
        open=False,
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with pool:
            yield

    floor = _Floor(pool)
    return Starlette(
        routes=[
            Route("/readyz", floor.ready),
            Route("/api/v1/availability/search", floor.search),
            Route("/api/v1/bookings/", floor.create, methods=["POST"]),
            Route("/api/v1/me/bookings/", floor.mine),
        ],
        lifespan=lifespan,
    )


class _Floor:
    """The operations, each of which holds a connection for one statement, or for two."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    async def ready(self, _: Request) -> Response:
        """204 once it serves."""
        return Response(status_code=204)

    async def search(self, request: Request) -> Response:
        """When one facility, or each of the first fifty, is free."""
        query = request.query_params
        given: dict[str, Any] = {
            "start_time": datetime.fromisoformat(query["start_time"]),
            "end_time": datetime.fromisoformat(query["end_time"]),
        }
        facility_id = query.get("facility_id")
        if facility_id is None:
            rows = await self._rows(statements.AVAILABILITY_OF_PAGE, given)
        else:
            given["facility_id"] = int(facility_id)
            rows = await self._rows(statements.AVAILABILITY_OF_ONE, given)
        return _json([_result(row, given["start_time"], given["end_time"]) for row in rows])

    async def create(self, request: Request) -> Response:
        """Book a facility, or say what is in the way and what is free instead."""
        body = orjson.loads(await request.body())
        given = {
            "user_id": int(request.headers["X-User-Id"]),
            "facility_id": body["facility_id"],
            "start_time": datetime.fromisoformat(body["start_time"]),
            "end_time": datetime.fromisoformat(body["end_time"]),
            "title": body["title"],
        }
        async with self.pool.connection() as conn:
            cursor = await conn.execute(statements.CREATE, given, binary=True)
            row = await cursor.fetchone()
            if row is not None:
                return _json(_booking(row), 201)
            cursor = await conn.execute(statements.CONFLICT, given, binary=True)
            found = await cursor.fetchone()
        assert found is not None  # noqa: S101 - the facility is one of the house's
        return _json(_conflict(found, given["start_time"], given["end_time"]), 409)

    async def mine(self, request: Request) -> Response:
        """The first page of the user's bookings."""
        given = {"user_id": int(request.headers["X-User-Id"])}
        return _json([_summary(row) for row in await self._rows(statements.MINE, given)])

    async def _rows(self, statement: statements.Statement, given: dict[str, Any]) -> list[TupleRow]:
        async with self.pool.connection() as conn:
            cursor = await conn.execute(statement, given, binary=True)
            return await cursor.fetchall()


async def _configure(conn: AsyncConnection[TupleRow]) -> None:
    await conn.execute("SET timezone = 'UTC'")
    # One plan serves every call: to plan anew takes longer than what it could find.
    await conn.execute("SET plan_cache_mode = force_generic_plan")


def _json(content: object, status: int = 200) -> Response:
    body = orjson.dumps(content, option=orjson.OPT_UTC_Z)
    return Response(body, status, media_type="application/json")


def _result(row: TupleRow, start: datetime, end: datetime) -> dict[str, Any]:
    """A row of either availability statement as the contract's AvailabilityResult."""
    free = free_periods(House(row[6], *row[11:18]), start, end)
    return {
        "facility": _facility(row),
        "rules": {
            "min_duration_minutes": row[7],
            "max_duration_minutes": row[8],
            "start_step_minutes": row[9],
            "requires_approval": row[10],
        },
        "available_slots": [_slot(*period) for period in free],
        **({"next_available": free[0][0]} if free else {}),
    }


def _conflict(row: TupleRow, start: datetime, end: datetime) -> dict[str, Any]:
    """A row of CONFLICT as the contract's ConflictResponse."""
    house = House(*row[:8])
    return {
        "type": "booking_conflict",
        "title": "Booking Conflict",
        "status": 409,
        "detail": "The facility is not free at this time.",
        "conflicting_bookings": [
            {"start_time": busy_start, "end_time": busy_end}
            for busy_start, busy_end in busy_periods(house)
            if busy_start < end and busy_end > start
        ],
        "suggested_alternatives": [_slot(*period) for period in alternatives(house, start, end)],
        "alternative_facilities": [_facility(each) for each in row[8] or ()],
    }


def _slot(start: datetime, end: datetime) -> dict[str, Any]:
    """A period as the contract's TimeSlot."""
    return {"start_time": start, "end_time": end, "duration_minutes": (end - start) // MINUTE}


def _facility(row: Sequence[Any]) -> dict[str, Any]:
    """The first seven columns of a row as the contract's FacilityBasic."""
    return {
        "id": row[0],
        "name": row[1],
        "site": {"id": row[2], "name": row[3]},
        "facility_type": row[4],
        "capacity": row[5],
        "time_zone": row[6],
    }


def _summary(row: TupleRow) -> dict[str, Any]:
    """A row as the contract's BookingSummary."""
    booking = {
        "id": row[7],
        "facility": _facility(row),
        "start_time": row[8],
        "end_time": row[9],
        "title": row[10],
        "attendee_count": row[11],
        "status": row[12],
    }
    if row[13] is not None:
        booking["cancellation_cause"] = row[13]
    return booking


def _booking(row: TupleRow) -> dict[str, Any]:
    """A row of CREATE as the contract's BookingDetail."""
    return {
        **_summary(row),
        "buffer_before_minutes": row[14],
        "buffer_after_minutes": row[15],
        "created_at": row[16],
        "updated_at": row[17],
        "user": {"id": row[18], "username": row[19], "display_name": row[20]},
    }


def main() -> None:
    """Serve until a signal says stop."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    uvicorn.run(
        "benchmarks.floor:create_app",
        factory=True,
        host="127.0.0.1",
        port=options.port,
        workers=options.workers,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
