"""Where a stream goes on: what a client has missed, read from the log."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from live.feed import changes_after
from live.position import Position, Snapshot
from sql import changes
from sql.changes import ChangeRow
from sql.pool import Connection

MOST_MISSED = 2000
"""Changes that are told afterwards; who missed more does better to ask anew for all it shows."""

Reason: TypeAlias = Literal["log_pruned", "too_far_behind", "unknown_position"]

Missed: TypeAlias = Sequence[tuple[ChangeRow, Position]]
"""Changes in their order, each with the position after it."""


@dataclass(frozen=True, slots=True)
class _Leg:
    """A part of the way: from one snapshot to a later, and of what lies between some ids."""

    since: Snapshot
    until: Snapshot
    after_id: int = 0
    last_id: int | None = None


async def missed(conn: Connection, last: Position, present: Position) -> Missed | Reason:
    """What happened between a client's position and the present one; or why it cannot be told.

    ``present`` must be later than any position that some process has given to a client before
    this was asked. ``conn`` is in autocommit.
    """
    if last.origin != present.origin:
        return "unknown_position"
    # A position that was never given to anybody must not cost a look through the whole log.
    reason = await _out_of_reach(conn, last)
    if reason is not None:
        return reason
    found: list[tuple[ChangeRow, Position]] = []
    for leg in _legs(last, present):
        begun = Position(last.origin, leg.since, leg.until, leg.after_id)
        _, rows = await changes_after(conn, begun, MOST_MISSED + 1)
        found += [
            (row, begun.within(leg.until, row.id))
            for row in rows
            if leg.last_id is None or row.id <= leg.last_id
        ]
    # Again: what is still kept was so while it was read.
    reason = await _out_of_reach(conn, last)
    if reason is not None:
        return reason
    return "too_far_behind" if len(found) > MOST_MISSED else found


async def _out_of_reach(conn: Connection, last: Position) -> Reason | None:
    """Why the log cannot tell what happened since a position; None if it can."""
    reach = await changes.get_reach(conn, last.since)
    latest = reach if last.until is None else await changes.get_reach(conn, last.until)
    if not (reach.is_known and latest.is_known):
        return "unknown_position"
    return None if reach.is_kept else "log_pruned"


def _legs(last: Position, present: Position) -> Iterator[_Leg]:
    """The rest of the batch that the client was in, all batches since, and the part of one."""
    since = last.since
    if last.until is not None:
        yield _Leg(last.since, last.until, after_id=last.after_id)
        since = last.until
    yield _Leg(since, present.since)
    if present.until is not None:
        yield _Leg(present.since, present.until, last_id=present.after_id)
