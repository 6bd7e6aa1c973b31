"""Sites: where facilities are."""

from dataclasses import dataclass
from datetime import datetime

from psycopg.errors import UniqueViolation

from domain.errors import SiteNameTaken
from sql.loader import load
from sql.pool import Connection

_QUERIES = load(__file__)


@dataclass(frozen=True, slots=True)
class SiteRow:
    """A site; ``time_zone`` is an IANA name.

    ``opening_hours`` are as ``sql.hours`` reads them, or None where the site is always
    open. ``holidays_until`` is the last year whose public holidays are written as closures.
    """

    id: int
    name: str
    time_zone: str
    created_at: datetime
    updated_at: datetime
    opening_hours: str | None
    holiday_country: str | None
    holiday_subdivision: str | None
    holidays_until: int | None


@dataclass(frozen=True, slots=True)
class SiteIdRow:
    """A site that there is."""

    id: int


async def get_site(conn: Connection, site_id: int) -> SiteRow | None:
    """The site with this id."""
    return await _QUERIES["get_site"].one(conn, SiteRow, {"site_id": site_id})


async def list_sites(
    conn: Connection, *, after_name: str | None, after_id: int | None, limit: int
) -> list[SiteRow]:
    """Sites in the order of their names, capitals aside, after the one given."""
    parameters = {"after_name": after_name, "after_id": after_id, "limit": limit}
    return await _QUERIES["list_sites"].many(conn, SiteRow, parameters)


async def insert_site(conn: Connection, *, name: str, time_zone: str) -> SiteRow:
    """A new site.

    :raises SiteNameTaken: if another site has the name, however it is capitalised.
    """
    row = await _QUERIES["insert_site"].one(conn, SiteRow, {"name": name, "time_zone": time_zone})
    if row is None:
        raise _name_taken(name)
    return row


async def hold_site(conn: Connection, site_id: int) -> SiteRow | None:
    """The site, which nobody changes until the commit; others may hold it too.

    Whoever brings a facility to a site holds it first. Sites come before facilities,
    and those before bookings: whoever locks keeps to that order.
    """
    return await _QUERIES["hold_site"].one(conn, SiteRow, {"site_id": site_id})


async def lock_site(conn: Connection, site_id: int) -> SiteRow | None:
    """The site, which nobody else changes or holds until the commit."""
    return await _QUERIES["lock_site"].one(conn, SiteRow, {"site_id": site_id})


async def lock_sites_in_scope(conn: Connection, *, site_id: int | None) -> int:
    """Keep facilities from coming to a site, or to any, until the commit; how many sites."""
    return await _QUERIES["lock_sites_in_scope"].exec(conn, {"site_id": site_id})


async def update_site(  # noqa: PLR0913 - one parameter for each column
    conn: Connection,
    site_id: int,
    *,
    name: str,
    time_zone: str,
    opening_hours: str | None,
    holiday_country: str | None,
    holiday_subdivision: str | None,
    holidays_until: int | None,
) -> SiteRow:
    """The site with these values; one that already has them is left as it is.

    :raises SiteNameTaken: if another site has the name, however it is capitalised. The
        transaction can only be rolled back then.
    """
    parameters = {
        "site_id": site_id,
        "name": name,
        "time_zone": time_zone,
        "opening_hours": opening_hours,
        "holiday_country": holiday_country,
        "holiday_subdivision": holiday_subdivision,
        "holidays_until": holidays_until,
    }
    try:
        return await _QUERIES["update_site"].only(conn, SiteRow, parameters)
    except UniqueViolation as error:
        if error.diag.constraint_name != "sites_name_key":
            raise
        raise _name_taken(name) from error


async def list_sites_to_refresh(conn: Connection, *, year: int) -> list[SiteIdRow]:
    """Sites whose public holidays are not all written up to this year, lowest id first."""
    return await _QUERIES["list_sites_to_refresh"].many(conn, SiteIdRow, {"year": year})


async def lock_site_to_refresh(conn: Connection, *, site_id: int, year: int) -> SiteRow | None:
    """The site, held until the commit, if its holidays are not all written up to this year."""
    parameters = {"site_id": site_id, "year": year}
    return await _QUERIES["lock_site_to_refresh"].one(conn, SiteRow, parameters)


async def set_holidays_until(conn: Connection, *, site_id: int, year: int) -> int:
    """Note up to which year a site's public holidays are written."""
    parameters = {"site_id": site_id, "year": year}
    return await _QUERIES["set_holidays_until"].exec(conn, parameters)


def _name_taken(name: str) -> SiteNameTaken:
    detail = (
        f"There is already a site named {name!r} (capitals make no difference): choose another"
        " name."
    )
    return SiteNameTaken(detail, "/name")
