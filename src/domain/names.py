"""Names and time zones, as staff give them."""

from collections.abc import Container

from domain.errors import NameBlank, TimeZoneUnknown


def check_name(name: str, pointer: str = "/name") -> None:
    """Refuse a name of nothing but white space."""
    if not name.strip():
        field = pointer.removeprefix("/")
        detail = f"{field} has nothing but white space: give at least one character that shows."
        raise NameBlank(detail, pointer)


def check_time_zone(name: str, known: Container[str]) -> None:
    """Refuse a time zone that is not among the known names of the IANA database."""
    if name not in known:
        detail = (
            f"{name!r} is not in the IANA time zone database: give a name such as Europe/Berlin,"
            " America/New_York or UTC."
        )
        raise TimeZoneUnknown(detail, "/time_zone")
