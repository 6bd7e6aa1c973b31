"""Who may see, do and book what: every kind of caller against every kind of thing."""

from dataclasses import replace

import pytest

from domain.access import (
    Caller,
    check_governs,
    check_may_book,
    may_book,
    may_see,
)
from domain.errors import FacilityRestricted, PermissionDenied

from .values import MEMBER, SITE_STAFF, STAFF, STAFF_ELSEWHERE, answer, refusal_of

BOTH_SITES = replace(SITE_STAFF, site_ids=frozenset({1, 2}))


@pytest.mark.parametrize(
    ("caller", "site_id", "expected"),
    [
        (MEMBER, 1, False),
        (SITE_STAFF, 1, True),
        (SITE_STAFF, 2, False),
        (STAFF_ELSEWHERE, 1, False),
        (BOTH_SITES, 1, True),
        (BOTH_SITES, 2, True),
        (BOTH_SITES, 3, False),
        (STAFF, 1, True),
        (STAFF, 3, True),
    ],
)
def test_staff_of_a_site_govern_it_alone_and_staff_of_the_house_all(
    caller: Caller,
    site_id: int,
    expected: bool,  # noqa: FBT001
) -> None:
    assert expected == caller.governs(site_id)
    assert (None if expected else (PermissionDenied, None)) == answer(
        lambda: check_governs(caller, site_id)
    )


@pytest.mark.parametrize(
    ("caller", "expected"),
    [(MEMBER, False), (SITE_STAFF, True), (STAFF_ELSEWHERE, True), (STAFF, True)],
)
def test_whoever_governs_some_site_is_staff_somewhere(
    caller: Caller,
    expected: bool,  # noqa: FBT001
) -> None:
    assert expected == caller.is_staff_somewhere


@pytest.mark.parametrize(
    ("caller", "owner_id", "expected"),
    [
        (MEMBER, MEMBER.user_id, True),
        (MEMBER, 99, False),
        (SITE_STAFF, 99, True),
        (STAFF_ELSEWHERE, 99, False),
        (STAFF_ELSEWHERE, STAFF_ELSEWHERE.user_id, True),
        (STAFF, 99, True),
    ],
)
def test_members_see_their_own_bookings_and_staff_those_of_their_sites(
    caller: Caller,
    owner_id: int,
    expected: bool,  # noqa: FBT001
) -> None:
    assert expected == may_see(caller, owner_id, 1)


IN_FIVE = replace(MEMBER, group_ids=frozenset({5}))


@pytest.mark.parametrize(
    ("caller", "open_to", "expected"),
    [
        (MEMBER, set(), True),
        (MEMBER, {5}, False),
        (IN_FIVE, {5}, True),
        (IN_FIVE, {6}, False),
        (IN_FIVE, {5, 6}, True),
        (replace(MEMBER, group_ids=frozenset({5, 7})), {6, 7}, True),
        (replace(STAFF_ELSEWHERE, group_ids=frozenset({5})), {5}, True),
        (STAFF_ELSEWHERE, {5}, False),
        (SITE_STAFF, {5}, True),
        (STAFF, {5}, True),
        (STAFF_ELSEWHERE, set(), True),
    ],
)
def test_a_facility_is_open_to_all_or_to_its_groups_and_whoever_governs_it(
    caller: Caller,
    open_to: set[int],
    expected: bool,  # noqa: FBT001
) -> None:
    assert expected == may_book(caller, 1, frozenset(open_to))
    assert (None if expected else (FacilityRestricted, "/facility_id")) == answer(
        lambda: check_may_book(caller, "Blue Room", 1, frozenset(open_to))
    )


def test_a_refusal_says_whom_to_ask() -> None:
    restricted = refusal_of(lambda: check_may_book(MEMBER, "Blue Room", 1, frozenset({5})))
    assert restricted.detail == (
        "Blue Room is open to certain groups of users only, and who asks is in none of them:"
        " choose another facility, or ask its staff to book it or to let you in."
    )
    denied = refusal_of(lambda: check_governs(MEMBER, 1))
    assert denied.detail == (
        "Only staff of the site may do this. Ask them, or somebody who is staff of the house."
    )
