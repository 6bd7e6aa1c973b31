"""The demo as a house with rules: each rule is at work somewhere, and every booking keeps them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise

import pytest

from demo import DEMO_MEMBER, house
from demo.closures import public_holidays
from demo.conflicts import write_conflicts
from demo.diary import known_closures, write_diary
from demo.loading import SITES
from demo.people import MEMBERS, PEOPLE, STAFF
from demo.shares import weekly_share
from demo.values import Booking, Closure, Conflict, Quota
from domain import bookings as rules
from domain.access import Caller, may_book
from domain.hours import ALWAYS, minute_of_week, open_periods
from domain.lifecycle import decide_by
from domain.periods import Period
from domain.quotas import Quota as Limit
from domain.quotas import Usage, check_quota, week_of
from domain.rules import Closure as Closed
from domain.rules import check_rules

FACILITIES = [facility for site in SITES for facility in site.facilities]
SITE_OF = {facility.name: site for site in SITES for facility in site.facilities}
RULES_OF = {name: house.domain_rules(site, name) for name, site in SITE_OF.items()}
PERSON = {person.username: person for person in PEOPLE}
SITE_IDS = {site.name: number for number, site in enumerate(SITES)}
GROUP_IDS = {name: number for number, name in enumerate(house.USER_GROUPS)}

# In the first Nepal rests for Dashain; around the second clocks change; the last two are the
# ends of a February and of a year.
DAYS = [date(2026, 10, 29), date(2026, 3, 18), date(2028, 2, 29), date(2029, 12, 31)]
A_YEAR = [date(2026, 11, 22) + timedelta(days=offset) for offset in range(365)]
DAY = timedelta(days=1)


@cache
def diary(today: date) -> tuple[Booking, ...]:
    return tuple(write_diary(SITES, PEOPLE, today))


def active(today: date) -> list[Booking]:
    return [booking for booking in diary(today) if not booking.is_cancelled]


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def closures_of(facility: str, closures: Iterable[Closure]) -> list[Closed]:
    scopes = {(facility, None), (None, SITE_OF[facility].name), (None, None)}
    return [
        Closed(closure.period, closure.reason)
        for closure in closures
        if (closure.facility, closure.site) in scopes
    ]


@cache
def all_closures(today: date) -> tuple[Closure, ...]:
    around = (today - timedelta(days=60), today + timedelta(days=60))
    holidays = [each for site in SITES for each in public_holidays(site, *around)]
    return (*known_closures(SITES, today), *holidays)


def caller(username: str) -> Caller:
    person = PERSON[username]
    groups = {GROUP_IDS[name] for name, names in house.USER_GROUPS.items() if username in names}
    own_site = frozenset({SITE_IDS[person.site]})
    return Caller(
        user_id=0,
        username=username,
        is_staff=person.role == "staff_of_house",
        site_ids=own_site if person.role == "staff_of_site" else frozenset(),
        group_ids=frozenset(groups),
    )


def facility(name: str) -> rules.Facility:
    (described,) = (each for each in FACILITIES if each.name == name)
    return rules.Facility(
        id=1,
        site_id=SITE_IDS[SITE_OF[name].name],
        name=name,
        capacity=described.capacity,
        is_active=True,
        open_to=frozenset(GROUP_IDS[group] for group in house.rules_of(name).open_to),
        rules=RULES_OF[name],
    )


def draft(booking: Booking) -> rules.Draft:
    return rules.Draft(
        facility_id=1,
        start_time=booking.start_time,
        end_time=booking.end_time,
        title=booking.title,
        description=booking.description,
        attendee_count=booking.attendee_count,
    )


# Every booking keeps the rules.


@pytest.mark.parametrize("today", DAYS, ids=str)
def test_every_booking_obeyed_the_rules_and_the_closures_known_when_it_was_made(
    today: date,
) -> None:
    facilities = {name: facility(name) for name in SITE_OF}
    for booking in diary(today):
        known = [each for each in all_closures(today) if each.created_at <= booking.created_at]
        near = [
            each
            for each in closures_of(booking.facility, known)
            if each.period.overlaps(booking.period)
        ]
        made_by = caller(booking.booked_by or booking.username)
        now = booking.created_at
        rules.check_new(draft(booking), facilities[booking.facility], near, made_by, now)
        assert 1 <= booking.attendee_count
        assert len(booking.title) <= 255
        assert "{" not in booking.title


@pytest.mark.parametrize("today", DAYS, ids=str)
def test_no_active_booking_breaks_a_rule_of_its_facility_or_lies_in_a_closure(today: date) -> None:
    facilities = {name: facility(name) for name in SITE_OF}
    closed = {name: closures_of(name, all_closures(today)) for name in SITE_OF}
    broken = []
    for booking in active(today):
        stored = rules.Booking(1, 0, booking.status, draft(booking), booking.decide_by)
        near = [each for each in closed[booking.facility] if each.period.overlaps(booking.period)]
        owner = caller(booking.username)
        refusal = rules.broken_rule(stored, owner, facilities[booking.facility], near)
        if refusal:
            broken.append((booking, refusal))
    assert broken == []


@pytest.mark.parametrize("today", DAYS, ids=str)
def test_what_bookings_of_one_facility_occupy_never_overlaps(today: date) -> None:
    held = defaultdict(list)
    for booking in diary(today):
        occupied = RULES_OF[booking.facility].occupied(booking.period)
        held[booking.facility, booking.is_cancelled].append(occupied)
    pairs = [pair for periods in held.values() for pair in pairwise(sorted(periods))]
    assert [pair for pair in pairs if pair[0].overlaps(pair[1])] == []


def counted(quota: Quota, username: str, bookings: Iterable[Booking]) -> Iterator[Booking]:
    for booking in bookings:
        if booking.username == username and quota in house.quotas_of(booking.facility):
            yield booking


@pytest.mark.parametrize("today", [*DAYS, *A_YEAR[::61]], ids=str)
def test_every_member_keeps_every_quota(today: date) -> None:
    for quota in house.QUOTAS:
        hours = quota.max_hours_per_week
        limit = Limit("", quota.max_active_bookings, timedelta(hours=hours) if hours else None)
        for member in MEMBERS:
            theirs = list(counted(quota, member.username, active(today)))
            ahead = [booking for booking in theirs if booking.end_time > midnight(today)]
            weeks: Counter[Period] = Counter()
            for booking in theirs:
                week = week_of(booking.start_time, SITE_OF[booking.facility].zone)
                weeks[week] += booking.period.minutes
            in_week = timedelta(minutes=max(weeks.values(), default=0))
            # The last of them was let in: so many others, and nothing more.
            check_quota(limit, Usage(len(ahead) - 1, in_week), timedelta(0))


def test_a_week_s_share_of_a_quota_is_something_and_adds_up_to_no_more_than_the_quota() -> None:
    assert {quota: weekly_share(quota) for quota in house.QUOTAS} == {
        Quota(max_hours_per_week=60): None,
        Quota(facility_group="Courts", max_hours_per_week=12): None,
        Quota(facility_group="Cars", max_active_bookings=12, max_hours_per_week=20): 2,
        Quota(facility="Window Desk 12", max_active_bookings=3): 1,
    }


# What the house lays down.


def test_whatever_the_house_names_is_there() -> None:
    names = set(SITE_OF)
    assert set(house.RULES) <= names
    assert set(house.SITE_HOURS) == {site.name for site in SITES}
    assert set(house.HOLIDAY_CALENDARS) <= set(house.SITE_HOURS)
    for usernames in house.USER_GROUPS.values():
        assert set(usernames) <= {member.username for member in MEMBERS}
    for members in house.FACILITY_GROUPS.values():
        assert set(members) <= names
    assert {group for each in house.RULES.values() for group in each.open_to} == set(
        house.USER_GROUPS
    )


@pytest.mark.parametrize("name", SITE_OF)
def test_the_rules_of_a_facility_can_be_met(name: str) -> None:
    check_rules(RULES_OF[name])
    assert sum(end - start for start, end in RULES_OF[name].opening_hours or ()) > 0


def test_each_rule_is_laid_down_somewhere() -> None:
    usual = house.rules_of("Anvil")
    for field in usual.__slots__:
        kept = [
            name
            for name in SITE_OF
            if getattr(house.rules_of(name), field) != getattr(usual, field)
        ]
        assert kept, field
    quotas = house.QUOTAS
    assert any(quota.facility for quota in quotas)
    assert any(quota.facility_group for quota in quotas)
    assert any(not (quota.facility or quota.facility_group) for quota in quotas)


def test_the_sites_keep_hours_of_their_own_and_patan_rests_on_saturday() -> None:
    assert len(set(house.SITE_HOURS.values())) == len(SITES)
    saturday = Period(
        *(5 * DAY + datetime(2026, 11, 23, tzinfo=UTC) + each for each in (DAY * 0, DAY))
    )
    hours = [open_periods(house.SITE_HOURS[site.name], UTC, saturday) for site in SITES]
    assert [bool(each) for each in hours] == [True, True, False]


def test_two_people_are_staff_of_the_house_and_two_of_their_own_site_only() -> None:
    assert {person.username: (person.role, person.site) for person in STAFF} == {
        "ingrid": ("staff_of_house", "Harbour Campus"),
        "emeka": ("staff_of_site", "Harbour Campus"),
        "desmond": ("staff_of_house", "Foundry Yard"),
        "nabin": ("staff_of_site", "Patan Terrace"),
    }


def test_the_demo_member_may_book_most_facilities_and_not_all() -> None:
    her = caller(DEMO_MEMBER)
    places = [facility(name) for name in SITE_OF]
    barred = {each.name for each in places if not may_book(her, each.site_id, each.open_to)}
    assert "Van Tender" in barred
    assert "Elbe Wet Lab" not in barred
    assert len(barred) <= len(FACILITIES) / 5


def test_the_first_facility_can_be_booked_at_any_hour_of_any_day() -> None:
    assert SITES[0].facilities[0].name == "Lighthouse"
    assert RULES_OF["Lighthouse"].opening_hours == ALWAYS
    assert SITES[0].name not in house.HOLIDAY_CALENDARS
    for today in A_YEAR:
        # The README books a night shift on the day after, the first start a free hour.
        night = Period(midnight(today + DAY) + timedelta(hours=3), midnight(today + DAY) + DAY / 6)
        closed = closures_of("Lighthouse", known_closures(SITES, today))
        assert not [each for each in closed if each.period.overlaps(night)]


@pytest.mark.parametrize("today", A_YEAR[::7], ids=str)
def test_on_any_day_a_facility_a_site_and_everything_have_closures_around(today: date) -> None:
    scopes = {(bool(each.facility), bool(each.site)) for each in known_closures(SITES, today)}
    assert scopes == {(True, False), (False, True), (False, False)}


def test_two_sites_rest_on_the_public_holidays_of_their_countries() -> None:
    year = (date(2026, 1, 1), date(2026, 12, 31))
    reasons = {site.name: {each.reason for each in public_holidays(site, *year)} for site in SITES}
    assert reasons["Harbour Campus"] == set()
    assert "Thanksgiving Day" in reasons["Foundry Yard"]
    assert "Bijaya Dashami" in reasons["Patan Terrace"]
    (dashami,) = (
        each for each in public_holidays(SITES[2], *year) if each.reason == "Bijaya Dashami"
    )
    assert dashami.period.start == datetime(2026, 10, 19, 18, 15, tzinfo=UTC)
    assert dashami.period.duration == DAY


# Each rule can be seen at work in the diary.


@pytest.mark.parametrize("today", DAYS, ids=str)
def test_nights_lunch_breaks_and_open_doors_show_in_the_diary(today: date) -> None:
    def minutes(name: str) -> list[tuple[int, int]]:
        zone = SITE_OF[name].zone
        return [
            (
                minute_of_week(each.start_time, zone) % 1440,
                minute_of_week(each.end_time, zone) % 1440,
            )
            for each in active(today)
            if each.facility == name
        ]

    past_midnight = [
        (start, end)
        for name in ("Water Street Court", "Print Shop")
        for start, end in minutes(name)
        if start < 120 or 0 < end <= 120
    ]
    assert len(past_midnight) >= 5
    assert [one for one in minutes("Bagmati Water Lab") if one[0] < 840 and one[1] > 780] == []
    assert {start % 60 for start, _ in minutes("Glass Court")} == {0}


@pytest.mark.parametrize("today", DAYS, ids=str)
def test_bookings_end_in_every_way_there_is(today: date) -> None:
    causes = Counter(booking.cancellation_cause for booking in diary(today))
    assert {"owner", "staff", "rejected", "expired", "closure"} <= set(causes)
    for booking in diary(today):
        assert (booking.cancellation_cause is not None) == booking.is_cancelled
        told = booking.cancellation_cause in {"staff", "rejected", "closure"}
        assert (booking.change_reason is not None) == told
        by_staff = booking.changed_by is not None and PERSON[booking.changed_by].runs_site
        assert by_staff or booking.cancellation_cause in {None, "owner", "expired"}
        assert booking.is_settled == (
            booking.changed_by is not None or booking.cancellation_cause == "expired"
        )


@pytest.mark.parametrize("today", [*DAYS, *A_YEAR[::61]], ids=str)
def test_some_requests_wait_for_staff_and_none_can_expire_on_the_day(today: date) -> None:
    waiting = [booking for booking in diary(today) if booking.status == "pending"]
    assert len(waiting) >= 2
    for booking in waiting:
        deadline = booking.decide_by
        assert deadline is not None
        assert midnight(today) + DAY <= deadline <= booking.start_time


@pytest.mark.parametrize("today", DAYS, ids=str)
def test_staff_are_asked_where_the_facility_asks_for_it_and_by_members_only(today: date) -> None:
    asked = []
    for booking in diary(today):
        own = RULES_OF[booking.facility]
        by_staff = PERSON[booking.booked_by or booking.username].runs_site
        assert (booking.decide_by is not None) == (own.requires_approval and not by_staff)
        if booking.decide_by:
            asked.append(booking)
            times = (booking.created_at, booking.start_time, booking.end_time)
            assert booking.decide_by == decide_by(*times, own.approval_timeout)
            if booking.cancellation_cause == "expired":
                assert booking.decide_by <= midnight(today)
    approved = [booking for booking in asked if booking.status == "confirmed"]
    assert len(approved) >= 20


@pytest.mark.parametrize("today", DAYS, ids=str)
def test_some_bookings_are_made_by_staff_for_a_member_of_their_site(today: date) -> None:
    made = [booking for booking in diary(today) if booking.booked_by]
    assert 50 <= len(made) <= 300
    for booking in made:
        assert booking.booked_by is not None
        assert PERSON[booking.booked_by].runs_site
        assert not PERSON[booking.username].runs_site
        assert PERSON[booking.booked_by].site == booking.site


@pytest.mark.parametrize("today", DAYS, ids=str)
def test_closures_cancelled_only_what_they_met_and_what_was_made_before_them(today: date) -> None:
    for booking in diary(today):
        met = [
            each
            for each in known_closures(SITES, today)
            if (each.facility, each.site)
            in {(booking.facility, None), (None, booking.site), (None, None)}
            and each.period.overlaps(booking.period)
        ]
        if booking.cancellation_cause == "closure":
            assert booking.change_reason in {each.reason for each in met}
            assert all(booking.created_at < each.created_at for each in met)


# Those who came too late.


@cache
def conflicts(today: date) -> tuple[Conflict, ...]:
    return tuple(write_conflicts(diary(today), PEOPLE, today))


@pytest.mark.parametrize("today", DAYS, ids=str)
def test_conflicts_are_a_few_in_a_hundred_and_spread_over_the_past_month(today: date) -> None:
    found = conflicts(today)
    assert 0.02 <= len(found) / len(diary(today)) <= 0.12
    assert min(each.occurred_at for each in found) >= midnight(today) - 30 * DAY
    assert max(each.occurred_at for each in found) < midnight(today)
    assert len({each.occurred_at.date() for each in found}) == 30


@pytest.mark.parametrize("today", DAYS, ids=str)
def test_each_conflict_met_a_booking_that_somebody_else_had_made(today: date) -> None:
    held = defaultdict(list)
    for booking in active(today):
        held[booking.facility].append(booking)
    for each in conflicts(today):
        met = [
            booking
            for booking in held[each.facility]
            if booking.period.overlaps(each.period) and booking.created_at <= each.occurred_at
        ]
        assert any(booking.username != each.username for booking in met), each
        assert each.occurred_at < each.period.start
        assert house.lets_in(each.facility, PERSON[each.username])
        assert not PERSON[each.username].runs_site


def test_the_conflicts_of_a_day_are_always_the_same() -> None:
    assert write_conflicts(diary(DAYS[0]), PEOPLE, DAYS[0]) == list(conflicts(DAYS[0]))
