"""The change feed's log: what changed where, read from one snapshot of the database to another.

A snapshot is PostgreSQL's own, as text: ``xmin:xmax:xip,xip`` (pg_current_snapshot).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from sql.loader import load
from sql.pool import Connection

_QUERIES = load(__file__)

RecordType: TypeAlias = Literal["booking", "closure", "facility", "site", "user"]


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One change: of a booking, a closure, a facility, a site, or of who a user is.

    ``snapshot`` is the one by which it is visible. Times are None where any time is meant.
    A closure of everything has neither a facility nor a site; one of a facility, like a
    booking, has the facility's site too. A row without an id is no change, and nothing else
    is in it: the types are those of changes.
    """

    snapshot: str
    id: int
    transaction_id: int
    record_type: RecordType
    facility_id: int | None
    site_id: int | None
    booking_id: int | None
    user_id: int | None
    start_time: datetime | None
    end_time: datetime | None


@dataclass(frozen=True, slots=True)
class ReachRow:
    """Whether the log reaches back to a snapshot, and whether the database can have had it."""

    is_kept: bool
    is_known: bool


async def present(conn: Connection) -> str:
    """The snapshot that a statement begun now has."""
    snapshot: str = await _QUERIES["present"].value(conn, {})
    return snapshot


async def get_origin(conn: Connection) -> str:
    """Which database this is, and since when its snapshots can be compared: 16 hex digits."""
    origin: str = await _QUERIES["get_origin"].value(conn, {})
    return origin


async def list_changes(
    conn: Connection, *, since: str, until: str | None, after_id: int, limit: int
) -> list[ChangeRow]:
    """What became visible after one snapshot and by another, in the order of commits.

    The other is that of this moment where none is given. Where there are ``limit`` rows
    there may be more, after the last one's id; where there is no change there is one row
    without an id.
    """
    parameters = {"since": since, "until": until, "after_id": after_id, "limit": limit}
    return await _QUERIES["list_changes"].many(conn, ChangeRow, parameters)


async def get_reach(conn: Connection, since: str) -> ReachRow:
    """Whether all that became visible since a snapshot can be told."""
    return await _QUERIES["get_reach"].only(conn, ReachRow, {"since": since})


async def disown_changes(conn: Connection) -> int:
    """Remove what another server's transactions wrote that are ahead of this one's; how many.

    A dump that was restored brings them; this server's would be taken for them in time.
    """
    count: int = await _QUERIES["disown_changes"].value(conn, {})
    return count


async def prune_changes(conn: Connection, *, before: datetime, limit: int) -> int:
    """Remove some of the changes from before a time; how many."""
    count: int = await _QUERIES["prune_changes"].value(conn, {"before": before, "limit": limit})
    return count
