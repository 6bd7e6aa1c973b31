"""Lanes: a few at once, others wait a little, and are then told to come again."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from exchange.lanes import Lane, LaneFull

from .api import DAY, Api, refused
from .meanwhile import holding, until, waiters


@pytest.mark.anyio
async def test_a_place_that_is_given_up_goes_to_who_waits() -> None:
    lane, order = Lane("walkers", 2, 5), []

    async def walk(name: str) -> None:
        async with lane.place():
            order.append(f"{name} in")
            await asyncio.sleep(0)
            order.append(f"{name} out")

    await asyncio.gather(*map(walk, "abc"))
    assert ["a in", "b in", "a out", "b out", "c in", "c out"] == order


@pytest.mark.anyio
async def test_who_waits_too_long_gets_no_place_and_takes_none() -> None:
    lane = Lane("walkers", 1, 0.01)
    async with lane.place():
        with pytest.raises(LaneFull, match="1 walkers are running already"):
            async with lane.place():
                raise AssertionError
    async with lane.place():
        pass


@pytest.mark.anyio
async def test_what_goes_wrong_gives_its_place_up() -> None:
    lane = Lane("walkers", 1, 0.01)
    with pytest.raises(LookupError):
        async with lane.place():
            raise LookupError
    async with lane.place():
        pass


def test_a_few_reports_run_at_once_and_others_are_told_to_come_again(api: Api) -> None:
    params = {"start_date": str(DAY.date()), "end_date": str(DAY.date())}
    with (
        holding(api, "LOCK TABLE booking_conflicts IN ACCESS EXCLUSIVE MODE") as other,
        ThreadPoolExecutor(12) as pool,
    ):
        asked = [
            pool.submit(lambda: api.staff.get("/api/v1/analytics/summary/", params=params))
            for _ in range(12)
        ]
        until(lambda: waiters(api, other.info.backend_pid) >= 4)
        most = 4
        # The first four give up waiting for the table after two seconds.
        while not any(reply.done() for reply in asked):
            most = max(most, waiters(api, other.info.backend_pid))
        assert api.staff.get("/api/v1/me/").status_code == 200
        replies = [reply.result() for reply in asked]
    assert 4 == most
    for reply in replies:
        refused(reply, 503, "service_unavailable")
        assert reply.headers["retry-after"]
