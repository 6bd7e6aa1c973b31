"""Upkeep: what time alone brings about, done by the service itself.

Each process runs it, and any number of them share the work. Nothing waits for it to be
right: what it does late was true before (docs/adr/0018).
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog

from app.problems import kind_of
from exchange.request import Service
from live.background import background
from sql import bookings, changes
from sql.pool import reading, retrying, transaction
from steps import holidays

log = structlog.get_logger("holdfast.upkeep")

_BATCH = 100
_MOST_PRUNED = 1000
_UNAVAILABLE = 503


@dataclass(frozen=True, slots=True)
class Duty:
    """Something to be done every so many seconds, or at every round where that is 0."""

    name: str
    every_seconds: float
    work: Callable[[Service], Awaitable[object]]


async def expire_bookings(service: Service) -> int:
    """Cancel pending bookings that nobody decided about in time; how many there were."""
    expired = 0
    while True:
        done = await retrying(lambda: _expire_some(service))
        expired += done
        if done < _BATCH:
            return expired


async def _expire_some(service: Service) -> int:
    # Nobody's doing: the history of the bookings names no user.
    async with transaction(service.pool, actor_id=None, request_id=None) as conn:
        return await bookings.expire_bookings(conn, now=service.clock(), limit=_BATCH)


async def refresh_holidays(service: Service) -> int:
    """Close sites on the holidays of years that have come near; how many sites there were.

    Each in its own transaction: none waits for another, and one that fails stops no other.
    """
    async with reading(service.pool) as conn:
        due = await holidays.sites_to_refresh(conn, service.clock())
    refreshed = 0
    for site_id in due:
        try:
            refreshed += await retrying(partial(_refresh_site, service, site_id))
        except Exception as error:
            if _is_passing(error):
                log.warning("holidays put off", site_id=site_id, reason=str(error))
            else:
                log.exception("holidays failed", site_id=site_id)
    return refreshed


async def _refresh_site(service: Service, site_id: int) -> bool:
    async with transaction(service.pool, actor_id=None, request_id=None) as conn:
        return await holidays.refresh_holidays(conn, site_id, service.clock())


async def prune_changes(service: Service) -> int:
    """Forget changes that are older than the log reaches back; how many there were."""
    before = service.clock() - service.live.kept
    pruned = 0
    while True:
        done = await retrying(partial(_prune_some, service, before))
        pruned += done
        if done < _MOST_PRUNED:
            return pruned


async def _prune_some(service: Service, before: datetime) -> int:
    async with transaction(service.pool, actor_id=None, request_id=None) as conn:
        return await changes.prune_changes(conn, before=before, limit=_MOST_PRUNED)


DUTIES = (
    Duty("expire_bookings", 0, expire_bookings),
    Duty("refresh_holidays", 3600, refresh_holidays),
    Duty("prune_changes", 60, prune_changes),
)


@asynccontextmanager
async def upkeep(service: Service, seconds: float) -> AsyncIterator[None]:
    """Run the duties in the background, with this pause between rounds, until the exit."""
    async with background(_rounds(service, seconds), "upkeep"):
        yield


async def _rounds(service: Service, seconds: float) -> None:
    due = {duty.name: 0.0 for duty in DUTIES}
    while True:
        for duty in DUTIES:
            if time.monotonic() >= due[duty.name]:
                await _attempt(service, duty)
                due[duty.name] = time.monotonic() + duty.every_seconds
        await asyncio.sleep(seconds)


async def _attempt(service: Service, duty: Duty) -> None:
    """Do it; what goes wrong is logged and tried again in its turn."""
    try:
        await duty.work(service)
    except Exception as error:
        if _is_passing(error):
            log.warning("upkeep put off", duty=duty.name, reason=str(error))
        else:
            log.exception("upkeep failed", duty=duty.name)


def _is_passing(error: Exception) -> bool:
    """Whether another try may well succeed."""
    return kind_of(error).status == _UNAVAILABLE
