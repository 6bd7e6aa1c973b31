"""The demo's data: plausible, never stale, and the same for everybody on the same day."""

import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import combinations, pairwise

import pytest

from demo import DEMO_MEMBER, DEMO_STAFF
from demo.diary import write_diary
from demo.loading import SITES
from demo.people import MEMBERS, PEOPLE, STAFF
from demo.values import Booking, Facility, Site
from domain.periods import Period

FACILITIES = [facility for site in SITES for facility in site.facilities]
BY_NAME = {facility.name: facility for facility in FACILITIES}
SITE_OF = {facility.name: site for site in SITES for facility in site.facilities}

SATURDAY = date(2025, 11, 22)
# Clocks change on both sides of the Atlantic around the second and the third.
DAYS = [SATURDAY, date(2026, 3, 18), date(2026, 10, 29), date(2028, 2, 29), date(2029, 12, 31)]
WEEK = [SATURDAY + timedelta(days=offset) for offset in range(7)]


@cache
def diary(today: date) -> tuple[Booking, ...]:
    return tuple(write_diary(SITES, PEOPLE, today))


def active(today: date) -> list[Booking]:
    return [booking for booking in diary(today) if not booking.is_cancelled]


def period(booking: Booking) -> Period:
    return Period(booking.start_time, booking.end_time)


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def local_start(booking: Booking) -> datetime:
    return booking.start_time.astimezone(SITE_OF[booking.facility].zone)


def overlapping(bookings: Iterable[Booking]) -> list[tuple[Booking, Booking]]:
    in_order = sorted(bookings, key=period)
    return [pair for pair in pairwise(in_order) if period(pair[0]).overlaps(period(pair[1]))]


def hours_held(bookings: Iterable[Booking], wanted: Callable[[Booking], bool]) -> float:
    return sum(period(each).minutes for each in bookings if wanted(each)) / 60


# What there is to book, and who books.


def test_some_forty_facilities_are_spread_over_three_sites_in_three_time_zones() -> None:
    assert [len(site.facilities) for site in SITES] == [16, 13, 13]
    assert len({site.time_zone for site in SITES}) == 3


def test_one_site_lives_at_an_offset_that_is_no_whole_hour() -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    minutes = {noon.astimezone(site.zone).minute for site in SITES}
    assert minutes == {0, 45}


@pytest.mark.parametrize("site", SITES, ids=lambda site: site.name)
def test_every_site_has_facilities_of_every_type(site: Site) -> None:
    types = {facility.facility_type for facility in site.facilities}
    assert types == {"room", "court", "lab", "desk", "vehicle", "other"}


def test_no_two_facilities_have_the_same_name() -> None:
    assert len({name.lower() for name in BY_NAME}) == len(FACILITIES)


@pytest.mark.parametrize("facility", FACILITIES, ids=lambda facility: facility.name)
def test_a_description_is_a_few_sentences(facility: Facility) -> None:
    sentences = re.split(r"(?<=\.) (?=[A-Z])", facility.description)
    assert 2 <= len(sentences) <= 4
    assert 120 <= len(facility.description) <= 2000


def test_no_two_descriptions_begin_alike_or_share_a_phrase() -> None:
    def phrases(facility: Facility) -> set[tuple[str, ...]]:
        words = re.findall(r"\w+", facility.description.lower())
        return {tuple(words[:3]), *zip(*(words[start:] for start in range(6)), strict=False)}

    alike = [
        (one.name, other.name, phrases(one) & phrases(other))
        for one, other in combinations(FACILITIES, 2)
        if phrases(one) & phrases(other)
    ]
    assert alike == []


@pytest.mark.parametrize("facility", FACILITIES, ids=lambda facility: facility.name)
def test_amenities_are_in_the_form_of_the_contract_and_named_once(facility: Facility) -> None:
    assert all(re.fullmatch("[a-z0-9][a-z0-9_]{0,49}", each) for each in facility.amenities)
    assert len(set(facility.amenities)) == len(facility.amenities) > 0


def test_four_people_run_the_sites_and_two_dozen_book() -> None:
    assert (len(STAFF), len(MEMBERS)) == (4, 24)
    assert all(person.runs_site for person in STAFF)
    assert not any(person.runs_site for person in MEMBERS)
    assert {person.site for person in STAFF} == {site.name for site in SITES}
    assert len({person.username for person in PEOPLE}) == len(PEOPLE)


def test_the_named_member_and_the_named_staff_are_among_them() -> None:
    assert DEMO_MEMBER in {person.username for person in MEMBERS}
    assert DEMO_STAFF in {person.username for person in STAFF}


def test_what_recurs_belongs_to_the_site_fits_the_facility_and_leaves_room_for_the_rest() -> None:
    for site in SITES:
        at_home = {person.username for person in PEOPLE if person.site == site.name}
        own = {facility.name: facility for facility in site.facilities}
        for series in site.series:
            assert series.organiser in at_home
            assert series.people <= own[series.facility].capacity
        for one, other in combinations(site.series, 2):
            if (one.facility, one.weekday) == (other.facility, other.weekday):
                first, second = sorted((one, other), key=lambda series: series.start)
                start = datetime.combine(SATURDAY, first.start)
                assert start + timedelta(minutes=first.minutes) <= datetime.combine(
                    SATURDAY, second.start
                )


# The two months of bookings.


@pytest.mark.parametrize("today", DAYS, ids=str)
def test_there_are_some_thousands_of_bookings_a_month_back_and_a_month_ahead(today: date) -> None:
    bookings = diary(today)
    assert 3000 <= len(bookings) <= 6000
    days = {local_start(booking).date() for booking in bookings}
    assert {today + timedelta(days=offset) for offset in range(-30, 31)} == days


@pytest.mark.parametrize("today", DAYS, ids=str)
def test_no_two_bookings_of_one_status_overlap_at_a_facility(today: date) -> None:
    held = defaultdict(list)
    for booking in diary(today):
        held[booking.facility, booking.is_cancelled].append(booking)
    assert [pair for bookings in held.values() for pair in overlapping(bookings)] == []


@pytest.mark.parametrize("today", DAYS, ids=str)
def test_nobody_is_in_two_places_at_once_but_for_a_desk_kept_meanwhile(today: date) -> None:
    engaged = defaultdict(list)
    for booking in active(today):
        is_desk = BY_NAME[booking.facility].facility_type == "desk"
        engaged[booking.username, is_desk].append(booking)
    assert [pair for bookings in engaged.values() for pair in overlapping(bookings)] == []


def test_people_book_where_they_work() -> None:
    home = {person.username: person.site for person in PEOPLE}
    assert all(home[booking.username] == booking.site for booking in diary(SATURDAY))
    assert {booking.username for booking in diary(SATURDAY)} == set(home)


@pytest.mark.parametrize("today", DAYS, ids=str)
def test_about_seven_in_a_hundred_are_cancelled_and_some_are_taken_by_others(today: date) -> None:
    cancelled = [booking for booking in diary(today) if booking.is_cancelled]
    assert 0.05 <= len(cancelled) / len(diary(today)) <= 0.085
    taken = defaultdict(list)
    for booking in active(today):
        taken[booking.facility].append(period(booking))
    again = [
        booking
        for booking in cancelled
        if any(period(booking).overlaps(other) for other in taken[booking.facility])
    ]
    assert 0.2 <= len(again) / len(cancelled) <= 0.8


def test_nothing_was_booked_later_than_the_given_day_began() -> None:
    assert max(booking.created_at for booking in diary(SATURDAY)) < midnight(SATURDAY)


def test_each_process_writes_the_same_diary_for_the_same_day() -> None:
    code = (
        "from datetime import date; from hashlib import sha256;"
        "from demo.diary import write_diary; from demo.loading import SITES;"
        "from demo.people import PEOPLE;"
        f"diary = write_diary(SITES, PEOPLE, date.fromisoformat('{SATURDAY}'));"
        "print(sha256(repr(diary).encode()).hexdigest())"
    )
    printed = {
        subprocess.run(  # noqa: S603 - this very interpreter
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(filter(None, sys.path))},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(printed) == 1


def as_asked_for(booking: Booking) -> Booking:
    """The booking without what became of it, which another day may know better."""
    return replace(
        booking, status="confirmed", cancellation_cause=None, change_reason=None, changed_by=None
    )


def test_the_next_day_shows_the_same_bookings_and_a_few_new_ones() -> None:
    tomorrow = SATURDAY + timedelta(days=1)
    first_shared = tomorrow - timedelta(days=30)
    before = {
        as_asked_for(each) for each in diary(SATURDAY) if local_start(each).date() >= first_shared
    }
    after = {as_asked_for(each): each for each in diary(tomorrow)}
    overdue = before - set(after)
    # Only what may expire in the course of the day is kept back until it has.
    assert all(each.decide_by and midnight(tomorrow) < each.decide_by for each in overdue)
    assert len(overdue) <= 2
    last = tomorrow + timedelta(days=30)
    new = [each for key, each in after.items() if key not in before]
    assert any(each.created_at >= midnight(SATURDAY) for each in new)
    assert all(
        each.created_at >= midnight(SATURDAY)
        or local_start(each).date() == last
        or each.cancellation_cause == "expired"
        for each in new
    )


@pytest.mark.parametrize("today", WEEK, ids=str)
def test_the_demo_member_has_bookings_ahead_whatever_day_it_is(today: date) -> None:
    hers = [
        booking.start_time - midnight(today)
        for booking in active(today)
        if booking.username == DEMO_MEMBER
    ]
    assert sum(timedelta(days=1) <= ahead < timedelta(days=8) for ahead in hers) >= 3
    assert sum(ahead >= timedelta(days=8) for ahead in hers) >= 5


def test_a_weekly_meeting_keeps_its_local_time_when_the_clocks_change() -> None:
    critiques = [
        local_start(booking)
        for booking in diary(date(2026, 3, 18))
        if booking.title == "Design critique"
    ]
    assert {(each.weekday(), each.hour, each.minute) for each in critiques} == {(1, 14, 0)}
    assert len(critiques) >= 8
    assert len({each.utcoffset() for each in critiques}) == 2


def test_popular_rooms_are_fuller_than_quiet_ones() -> None:
    held = Counter(booking.facility for booking in active(SATURDAY))
    assert held["Lighthouse"] > 1.5 * held["Signal Box"]
    assert held["Anvil"] > 1.2 * held["Crucible"]


def test_rooms_are_busy_in_the_morning_and_empty_at_noon() -> None:
    starts = Counter(
        local_start(booking).hour
        for booking in active(SATURDAY)
        if BY_NAME[booking.facility].facility_type == "room"
    )
    assert starts[10] > 4 * starts[12]
    assert starts[14] > 4 * starts[12]
    assert starts[18] < starts[10] / 4
    assert set(starts) <= set(range(8, 21))


def test_courts_fill_in_the_evening_and_at_the_weekend() -> None:
    courts = [
        booking
        for booking in active(SATURDAY)
        if BY_NAME[booking.facility].facility_type == "court"
        and booking.start_time < midnight(SATURDAY)
    ]

    def rests(booking: Booking) -> bool:
        return local_start(booking).weekday() in SITE_OF[booking.facility].rest_days

    working = [booking for booking in courts if not rests(booking)]
    evening = hours_held(working, lambda booking: 17 <= local_start(booking).hour < 21)
    morning = hours_held(working, lambda booking: 8 <= local_start(booking).hour < 12)
    assert evening > 4 * morning

    def hours_a_day(bookings: list[Booking]) -> float:
        days = {(booking.site, local_start(booking).date()) for booking in bookings}
        return hours_held(bookings, lambda _: True) / len(days)

    assert hours_a_day([booking for booking in courts if rests(booking)]) > hours_a_day(working)


def test_people_rest_on_their_own_site_s_days() -> None:
    weekdays = defaultdict(set)
    for booking in active(SATURDAY):
        if booking.title.endswith(": planning"):
            weekdays[booking.site].add(local_start(booking).weekday())
    assert 6 in weekdays["Patan Terrace"]
    assert 6 not in weekdays["Harbour Campus"] | weekdays["Foundry Yard"]


def test_vehicles_are_out_for_up_to_the_eight_hours_that_a_booking_may_last() -> None:
    minutes = [
        period(booking).minutes
        for booking in active(SATURDAY)
        if BY_NAME[booking.facility].facility_type == "vehicle"
    ]
    assert max(minutes) == 480
    assert sum(each >= 420 for each in minutes) > len(minutes) / 10


@pytest.mark.parametrize("facility", FACILITIES, ids=lambda facility: facility.name)
def test_every_facility_is_used_and_leaves_free_room_in_the_coming_week(facility: Facility) -> None:
    zone = SITE_OF[facility.name].zone
    bookings = [booking for booking in active(SATURDAY) if booking.facility == facility.name]
    assert len(bookings) >= 20
    for offset in range(1, 8):
        day = SATURDAY + timedelta(days=offset)
        opening = datetime.combine(day, time(8), zone)
        closing = datetime.combine(day, time(20), zone)
        held = [
            min(booking.end_time, closing) - max(booking.start_time, opening)
            for booking in bookings
            if period(booking).overlaps(Period(opening, closing))
        ]
        assert sum(held, timedelta()) <= timedelta(hours=11)
