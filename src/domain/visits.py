"""How long visits to the timeline take, as it is counted."""

from collections.abc import Iterable
from fractions import Fraction
from typing import Literal, TypeAlias

Outcome: TypeAlias = Literal["booked", "left_dialog", "left_search"]

_STEPS = ((60, 1), (600, 10), (3600, 60), (86_400, 3600))
"""Up to how many seconds durations are rounded up to a multiple of what."""


def rounded(seconds: int) -> int:
    """A duration as it is counted: to the second up to a minute, then the coarser the longer.

    So a day has few counts, however many visits it has. What is reported is never less than it
    was, and within the hour, where most is measured, more by a sixth at most.
    """
    for most, step in _STEPS:
        if seconds <= most:
            return -(-seconds // step) * step
    return _STEPS[-1][0]


def quantile(counts: Iterable[tuple[int, int]], share: Fraction) -> int | None:
    """The least duration that at least this share of the visits did not exceed.

    ``counts`` are durations with how many took so long; None if there are none.
    """
    ordered = sorted(counts)
    left = share * sum(count for _, count in ordered)
    for seconds, count in ordered:
        left -= count
        if count and left <= 0:
            return seconds
    return None
