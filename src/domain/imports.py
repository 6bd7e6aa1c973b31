"""What the columns of a file of facilities or users take, cell by cell."""

import re
from collections.abc import Mapping
from datetime import UTC, timedelta
from typing import Any

from domain.errors import RulesContradict
from domain.rules import Rules, check_rules
from domain.tables import BadCell, Parser, hours_of, names_of

_INTEGER = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_ONE_LINE = re.compile(r"[^\x00-\x1f\x7f]*")
_AMENITY = re.compile(r"[a-z0-9][a-z0-9_]{0,49}", re.ASCII)
_USERNAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,99}", re.ASCII)


def _line_of(longest: int) -> Parser:
    def parse(text: str) -> str:
        if not text.strip() or len(text) > longest or not _ONE_LINE.fullmatch(text):
            detail = (
                f"Give 1 to {longest} characters without line breaks, one that shows among them."
            )
            raise BadCell(detail)
        return text

    return parse


def _name(longest: int) -> Parser:
    parse = _line_of(longest)
    return lambda text: parse(text.strip())


def _optional(parse: Parser) -> Parser:
    """None for an empty cell."""
    return lambda text: parse(text) if text.strip() else None


def _description(text: str) -> str | None:
    if len(text) > 2000:  # noqa: PLR2004 - the contract's bound
        detail = "Give at most 2000 characters."
        raise BadCell(detail)
    return text or None


def _one_of(*options: str) -> Parser:
    def parse(text: str) -> str:
        if text.strip() not in options:
            detail = f"Give one of {', '.join(options)}."
            raise BadCell(detail)
        return text.strip()

    return parse


def _yes_or_no(text: str) -> bool:
    return bool(_one_of("true", "false")(text.lower()) == "true")


def _integer(least: int, most: int, step: int = 1) -> Parser:
    def parse(text: str) -> int:
        plain = text.strip()
        if not _INTEGER.fullmatch(plain) or not least <= int(plain) <= most or int(plain) % step:
            of = f", a multiple of {step}" if step > 1 else ""
            detail = f"Give a whole number from {least} to {most}{of}."
            raise BadCell(detail)
        return int(plain)

    return parse


def _step(text: str) -> int:
    return int(_one_of("15", "30", "60")(text))


def _amenities(text: str) -> list[str]:
    words = sorted(set(text.split()))
    if len(words) > 50:  # noqa: PLR2004 - the contract's bound
        detail = "Give at most 50 amenities."
        raise BadCell(detail)
    for word in words:
        if not _AMENITY.fullmatch(word):
            detail = (
                f"{word[:60]!r} is no amenity: words of up to 50 lower-case letters, digits and _,"
                " with spaces between them."
            )
            raise BadCell(detail)
    return words


def _username(text: str) -> str:
    name = text.strip()
    if not _USERNAME.fullmatch(name):
        detail = "Give 1 to 100 letters, digits or . _ @ - and begin with a letter or digit."
        raise BadCell(detail)
    return name


FACILITY_COLUMNS: Mapping[str, Parser] = {
    "site": _name(100),
    "name": _name(100),
    "description": _description,
    "facility_type": _one_of("room", "court", "lab", "desk", "vehicle", "other"),
    "capacity": _integer(1, 100_000),
    "amenities": _amenities,
    "time_zone": _optional(_name(64)),
    "status": _one_of("active", "archived"),
    "opening_hours": hours_of,
    "min_duration_minutes": _integer(15, 480, 15),
    "max_duration_minutes": _integer(15, 480, 15),
    "min_notice_minutes": _integer(0, 525_600),
    "horizon_days": _optional(_integer(1, 1095)),
    "start_step_minutes": _step,
    "cancellation_notice_minutes": _integer(0, 525_600),
    "buffer_before_minutes": _integer(0, 240, 15),
    "buffer_after_minutes": _integer(0, 240, 15),
    "requires_approval": _yes_or_no,
    "approval_timeout_minutes": _integer(15, 43_200),
    "open_to": names_of,
}

FACILITY_DEFAULTS: Mapping[str, Any] = {
    "description": None,
    "amenities": [],
    "status": "active",
    "opening_hours": None,
    "min_duration_minutes": 15,
    "max_duration_minutes": 480,
    "min_notice_minutes": 0,
    "horizon_days": None,
    "start_step_minutes": 15,
    "cancellation_notice_minutes": 0,
    "buffer_before_minutes": 0,
    "buffer_after_minutes": 0,
    "requires_approval": False,
    "approval_timeout_minutes": 2880,
    "open_to": [],
}
"""What a new facility has where its line says nothing."""

USER_COLUMNS: Mapping[str, Parser] = {
    "username": _username,
    "display_name": _optional(_line_of(200)),
    "is_staff": _yes_or_no,
    "groups": names_of,
    "sites": names_of,
    "status": _one_of("active", "deactivated"),
}

USER_DEFAULTS: Mapping[str, Any] = {
    "display_name": None,
    "is_staff": False,
    "groups": [],
    "sites": [],
    "status": "active",
}
"""What a new user has where their line says nothing."""


def check_facility(values: Mapping[str, Any], horizon: timedelta) -> str | None:
    """What is wrong with the rules of a facility taken together; ``horizon`` is the service's."""
    own = values["horizon_days"]
    rules = Rules(
        zone=UTC,
        horizon=horizon if own is None else timedelta(days=own),
        min_duration=timedelta(minutes=values["min_duration_minutes"]),
        max_duration=timedelta(minutes=values["max_duration_minutes"]),
        min_notice=timedelta(minutes=values["min_notice_minutes"]),
    )
    try:
        check_rules(rules)
    except RulesContradict as refusal:
        return refusal.detail
    return None
