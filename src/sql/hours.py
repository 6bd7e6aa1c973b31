"""Opening hours as the database keeps them: a multirange of minutes of the week, as text."""

import re
from functools import lru_cache

from domain.hours import WeeklyHours

_RANGE = re.compile(r"\[(\d+),(\d+)\)")


@lru_cache(maxsize=1024)
def weekly(text: str) -> WeeklyHours:
    """The hours that a multirange says, such as ``{[480,720),[780,1080)}``; ``{}`` is never."""
    return tuple((int(start), int(end)) for start, end in _RANGE.findall(text))


def text_of(hours: WeeklyHours) -> str:
    """The hours as a multirange in text form."""
    return "{" + ",".join(f"[{start},{end})" for start, end in hours) + "}"
