"""Positions in the change feed: what a reader has been told so far.

A position is a snapshot of a database: everything that it shows has been told. Within a
batch, which leads from one snapshot to another, it is the two and the id of the last change
told. As text it is the id of an event of the stream, and names the database: another one, or
the same after a crash, gives the numbers of transactions that were lost to others.
"""

import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeAlias

Snapshot: TypeAlias = str
"""PostgreSQL's own text of a snapshot: ``xmin:xmax:xip,xip``."""

_SNAPSHOT = r"[0-9]{1,18}:[0-9]{1,18}:(?:[0-9]{1,18}(?:,[0-9]{1,18})*)?"
_POSITION = re.compile(
    rf"([0-9a-f]{{16}})/({_SNAPSHOT})(?:/({_SNAPSHOT})/([0-9]{{1,18}}))?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Position:
    """All that ``since`` shows has been told, and of what only ``until`` shows, up to ``after_id``.

    Without ``until`` it is the end of a batch. ``origin`` is whose snapshots these are (see
    ``sql.changes.get_origin``).
    """

    origin: str
    since: Snapshot
    until: Snapshot | None = None
    after_id: int = 0

    def __str__(self) -> str:
        """The text that ``parse`` reads."""
        end = f"{self.origin}/{self.since}"
        return end if self.until is None else f"{end}/{self.until}/{self.after_id}"

    def at(self, snapshot: Snapshot) -> "Position":
        """The end of a batch that led to this snapshot."""
        return Position(self.origin, snapshot)

    def within(self, until: Snapshot, after_id: int) -> "Position":
        """Behind a change of the batch that leads from here to a later snapshot."""
        return replace(self, until=until, after_id=after_id)


def parse(text: str) -> Position | None:
    """The position of a text; None where it can be none."""
    found = _POSITION.fullmatch(text)
    if found is None:
        return None
    origin, since, until, after_id = found.groups()
    if not _is_sound(since) or (until is not None and not _is_sound(until)):
        return None
    return Position(origin, since, until, int(after_id or 0))


def _is_sound(snapshot: Snapshot) -> bool:
    """Whether PostgreSQL would read it: the numbers in order, those in progress in between."""
    low, high, running = snapshot.split(":")
    between = [int(number) for number in running.split(",")] if running else []
    ordered = all(one < other for one, other in pairwise(between))
    in_range = all(int(low) <= number < int(high) for number in between)
    return 1 <= int(low) <= int(high) and ordered and in_range
