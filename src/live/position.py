"""Positions in the change feed: what a reader has been told so far.

A position is a snapshot of the database: everything that it shows has been told. Within a
batch, which leads from one snapshot to another, it is the two and the id of the last change
told. As text it is the id of an event of the stream.
"""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

Snapshot: TypeAlias = str
"""PostgreSQL's own text of a snapshot: ``xmin:xmax:xip,xip``."""

_SNAPSHOT = r"[0-9]{1,18}:[0-9]{1,18}:(?:[0-9]{1,18}(?:,[0-9]{1,18})*)?"
_POSITION = re.compile(rf"({_SNAPSHOT})(?:/({_SNAPSHOT})/([0-9]{{1,18}}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Position:
    """All that ``since`` shows has been told, and of what only ``until`` shows, up to ``after_id``.

    Without ``until`` it is the end of a batch.
    """

    since: Snapshot
    until: Snapshot | None = None
    after_id: int = 0

    def __str__(self) -> str:
        """The text that ``parse`` reads."""
        return self.since if self.until is None else f"{self.since}/{self.until}/{self.after_id}"


def parse(text: str) -> Position | None:
    """The position of a text; None where it can be none."""
    found = _POSITION.fullmatch(text)
    if found is None:
        return None
    since, until, after_id = found.groups()
    if not _is_sound(since) or (until is not None and not _is_sound(until)):
        return None
    return Position(since, until, int(after_id or 0))


def _is_sound(snapshot: Snapshot) -> bool:
    """Whether PostgreSQL would read it: the numbers in order, those in progress in between."""
    low, high, running = snapshot.split(":")
    between = [int(number) for number in running.split(",")] if running else []
    ordered = all(one < other for one, other in pairwise(between))
    in_range = all(int(low) <= number < int(high) for number in between)
    return 1 <= int(low) <= int(high) and ordered and in_range
