"""Who somebody is, what they govern, and what they may book.

Three kinds of people: members; staff of some sites, who govern what lies at them;
and staff of the house, who govern everything. Where somebody does not govern they
are a member like any other.
"""

from dataclasses import dataclass

from domain.errors import FacilityRestricted, PermissionDenied


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking.

    ``is_staff`` is staff of the house; ``site_ids`` are the sites that the caller is
    staff of besides; ``group_ids`` the groups of users they belong to.
    """

    user_id: int
    username: str
    is_staff: bool
    site_ids: frozenset[int] = frozenset()
    group_ids: frozenset[int] = frozenset()

    def governs(self, site_id: int) -> bool:
        """Whether the caller is staff where this site is concerned."""
        return self.is_staff or site_id in self.site_ids

    @property
    def is_staff_somewhere(self) -> bool:
        """Whether there is any site that the caller governs."""
        return self.is_staff or bool(self.site_ids)


NOBODY = Caller(0, "", is_staff=False)
"""Whoever has not said who they are, where nobody need."""


def may_see(caller: Caller, owner_id: int, site_id: int) -> bool:
    """Members see, change and cancel their own bookings; staff those of their sites."""
    return caller.user_id == owner_id or caller.governs(site_id)


def check_governs(caller: Caller, site_id: int) -> None:
    """Refuse everybody who is not staff of the site or of the house."""
    if not caller.governs(site_id):
        detail = (
            "Only staff of the site may do this. Ask them, or somebody who is staff of the house."
        )
        raise PermissionDenied(detail)


def may_book(caller: Caller, site_id: int, open_to: frozenset[int]) -> bool:
    """Whether the caller may book a facility of the site that is open to these groups.

    One that names no group is open to all; whoever governs it may book it always.
    """
    return not open_to or caller.governs(site_id) or not open_to.isdisjoint(caller.group_ids)


def check_may_book(
    caller: Caller, facility_name: str, site_id: int, open_to: frozenset[int]
) -> None:
    """Refuse whoever belongs to none of the groups that the facility is open to."""
    if not may_book(caller, site_id, open_to):
        detail = (
            f"{facility_name} is open to certain groups of users only, and who asks is in none of"
            " them: choose another facility, or ask its staff to book it or to let you in."
        )
        raise FacilityRestricted(detail, "/facility_id")
