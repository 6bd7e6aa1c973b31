"""Sites: where facilities are."""

from dataclasses import dataclass
from datetime import datetime

from domain.errors import SiteNameTaken
from sql.loader import load
from sql.pool import Connection

_QUERIES = load(__file__)


@dataclass(frozen=True, slots=True)
class SiteRow:
    """A site; ``time_zone`` is an IANA name."""

    id: int
    name: str
    time_zone: str
    created_at: datetime


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
        detail = (
            f"There is already a site named {name!r} (capitals make no difference): choose"
            " another name."
        )
        raise SiteNameTaken(detail, "/name")
    return row
