"""Everybody whom a permission can tell apart, about one site."""

from dataclasses import dataclass

from .api import Api, Json, Person


@dataclass(frozen=True, slots=True)
class Cast:
    """A member, staff of the site, staff of another, and staff of the house."""

    site: Json
    member: Person
    local: Person
    elsewhere: Person
    house: Person


def make_cast(api: Api) -> Cast:
    """People who have just come, and a site of their own."""
    site, other = api.site(), api.site()
    return Cast(
        site=site,
        member=api.person(),
        local=api.person(site_ids=[site["id"]]),
        elsewhere=api.person(site_ids=[other["id"]]),
        house=api.person(is_staff=True),
    )
