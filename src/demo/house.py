"""The house rules of the demo: hours, limits, groups and quotas, each where it fits.

One facility breaks its site's habits: Lighthouse, the demo's first, is open day and night,
so that whatever the README books there can be booked whenever it is read.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import cache
from types import MappingProxyType

from demo.people import FOUNDRY, HARBOUR, PATAN
from demo.values import FacilityRules, Person, Quota, Site
from domain.hours import ALWAYS, Opening, WeeklyHours, weekly_hours
from domain.rules import Rules

USUAL_HORIZON_DAYS = 365
"""What the service's settings come with, for facilities without a horizon of their own."""

MON, TUE, WED, THU, FRI, SAT, SUN = range(7)


def _each(weekdays: Iterable[int], *times: str) -> list[Opening]:
    """On each weekday these times, such as ``08:00-12:30``."""
    return [
        Opening(weekday, *(int(hour) * 60 + int(minute) for hour, minute in _clocks(each)))
        for weekday in weekdays
        for each in times
    ]


def _clocks(times: str) -> list[list[str]]:
    return [clock.split(":") for clock in times.split("-")]


MON_TO_THU, MON_TO_FRI = range(MON, FRI), range(MON, SAT)
SUN_TO_FRI = (SUN, *MON_TO_FRI)

SITE_HOURS: Mapping[str, WeeklyHours] = MappingProxyType(
    {
        HARBOUR: weekly_hours(
            [
                *_each(MON_TO_FRI, "07:00-22:00"),
                *_each([SAT], "08:00-21:00"),
                *_each([SUN], "09:00-19:00"),
            ]
        ),
        FOUNDRY: weekly_hours(
            [*_each(MON_TO_FRI, "07:00-22:30"), *_each([SAT, SUN], "09:00-20:00")]
        ),
        # The week of Nepal begins on Sunday; on Saturday the gate is closed.
        PATAN: weekly_hours(_each(SUN_TO_FRI, "06:30-21:30")),
    }
)

HOLIDAY_CALENDARS: Mapping[str, tuple[str, str | None]] = MappingProxyType(
    {FOUNDRY: ("US", "NY"), PATAN: ("NP", None)}
)
"""By site, a country and a part of it. Harbour Campus keeps open: the README books there."""

_ON_SATURDAYS_TOO = weekly_hours([*_each(SUN_TO_FRI, "06:30-21:30"), *_each([SAT], "08:00-20:00")])
_LATE_AT_WEEKENDS = weekly_hours(
    [
        *_each(MON_TO_THU, "07:00-22:00"),
        *_each([FRI, SAT], "10:00-02:00"),
        *_each([SUN], "10:00-20:00"),
    ]
)
_PRESS_NIGHT = weekly_hours(
    [
        *_each(MON_TO_THU, "08:00-20:00"),
        *_each([FRI], "08:00-12:00", "13:00-17:00", "18:00-02:00"),
        *_each([SAT], "10:00-18:00"),
    ]
)
_CLOSED_FOR_LUNCH = weekly_hours(_each(SUN_TO_FRI, "08:00-13:00", "14:00-19:00"))
_STARLIGHT = weekly_hours([*_each(SUN_TO_FRI, "16:00-23:00"), *_each([SAT], "16:00-24:00")])

_DESK = FacilityRules(min_duration_minutes=60, horizon_days=14)
_CAR = FacilityRules(
    opening_hours=ALWAYS,
    open_to=("Drivers",),
    min_duration_minutes=60,
    cancellation_notice_minutes=120,
    buffer_after_minutes=15,
)

RULES: Mapping[str, FacilityRules] = MappingProxyType(
    {
        # Harbour Campus
        "Lighthouse": FacilityRules(opening_hours=ALWAYS),
        "Signal Box": FacilityRules(max_duration_minutes=60, horizon_days=30),
        "Chart Room": FacilityRules(min_duration_minutes=60, min_notice_minutes=240),
        "Speicher Auditorium": FacilityRules(
            min_duration_minutes=60,
            min_notice_minutes=3 * 1440,
            horizon_days=730,
            start_step_minutes=30,
            cancellation_notice_minutes=2 * 1440,
            buffer_before_minutes=60,
            buffer_after_minutes=30,
            requires_approval=True,
            approval_timeout_minutes=7 * 1440,
        ),
        "Window Desk 12": _DESK,
        "Pier Desks": FacilityRules(min_duration_minutes=120, horizon_days=28),
        "Elbe Wet Lab": FacilityRules(open_to=("Laboratory users",), buffer_after_minutes=15),
        "Boathouse Court": FacilityRules(
            min_duration_minutes=60, max_duration_minutes=90, start_step_minutes=30
        ),
        "Van Tender": _CAR,
        "Cargo Bike Heron": FacilityRules(opening_hours=ALWAYS, max_duration_minutes=240),
        "Galley": FacilityRules(
            min_duration_minutes=60, cancellation_notice_minutes=1440, buffer_after_minutes=30
        ),
        "Sound Hold": FacilityRules(buffer_before_minutes=15, buffer_after_minutes=15),
        # Foundry Yard
        "Pattern Loft": FacilityRules(cancellation_notice_minutes=1440, buffer_after_minutes=30),
        "Gantry Desk": _DESK,
        "Print Shop": FacilityRules(opening_hours=_PRESS_NIGHT, open_to=("Makers",)),
        "Testing Bay": FacilityRules(
            min_notice_minutes=2 * 1440,
            buffer_after_minutes=60,
            requires_approval=True,
            approval_timeout_minutes=5 * 1440,
        ),
        "Water Street Court": FacilityRules(
            opening_hours=_LATE_AT_WEEKENDS, max_duration_minutes=120
        ),
        "Glass Court": FacilityRules(
            min_duration_minutes=45, max_duration_minutes=60, start_step_minutes=60
        ),
        "Minibus Ironsides": _CAR,
        "Pickup Rusty": _CAR,
        "Roof Orchard": FacilityRules(
            min_notice_minutes=2 * 1440,
            buffer_after_minutes=30,
            requires_approval=True,
            approval_timeout_minutes=7 * 1440,
        ),
        # Patan Terrace
        "Sagarmatha Hall": FacilityRules(
            min_notice_minutes=720, buffer_before_minutes=15, buffer_after_minutes=15
        ),
        "Courtyard Desk": _DESK,
        "Bagmati Water Lab": FacilityRules(
            opening_hours=_CLOSED_FOR_LUNCH, open_to=("Laboratory users",)
        ),
        "Table Tennis Pavilion": FacilityRules(opening_hours=_ON_SATURDAYS_TOO),
        "Futsal Ground": FacilityRules(opening_hours=_ON_SATURDAYS_TOO, start_step_minutes=30),
        "Jeep Yeti": _CAR,
        "Kiln Yard": FacilityRules(
            opening_hours=_ON_SATURDAYS_TOO,
            min_duration_minutes=60,
            open_to=("Makers",),
        ),
        "Observatory Roof": FacilityRules(
            opening_hours=_STARLIGHT,
            min_notice_minutes=2 * 1440,
            requires_approval=True,
            approval_timeout_minutes=7 * 1440,
        ),
    }
)
"""By facility; one that is not named has no rules of its own."""

USER_GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Drivers": (
            *("tomasz", "jonas", "kwame", "matteo", "sana"),
            *("amara", "diego", "marcus", "leilani", "yusuf", "wei", "rivka"),
            *("sita", "pemba", "rohan", "tenzin"),
        ),
        "Laboratory users": (
            *("maria", "linh", "kwame", "oleh", "matteo"),
            *("sita", "anjali", "rohan", "tenzin"),
        ),
        "Makers": (
            *("amara", "diego", "grace", "leilani", "wei", "yusuf"),
            *("sita", "anjali", "hana", "tenzin"),
        ),
    }
)

FACILITY_GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Cars": ("Van Tender", "Minibus Ironsides", "Pickup Rusty", "Jeep Yeti"),
        "Courts": (
            "Boathouse Court",
            "Roof Court",
            "Water Street Court",
            "Glass Court",
            "Table Tennis Pavilion",
            "Futsal Ground",
        ),
    }
)

QUOTAS = (
    Quota(max_hours_per_week=60),
    Quota(facility_group="Courts", max_hours_per_week=12),
    Quota(facility_group="Cars", max_active_bookings=12, max_hours_per_week=20),
    Quota(facility="Window Desk 12", max_active_bookings=3),
)


def rules_of(facility: str) -> FacilityRules:
    """The rules of the facility of this name."""
    return RULES.get(facility, FacilityRules())


def domain_rules(site: Site, facility: str) -> Rules:
    """The rules of the site's facility, as those who book it meet them."""
    own = rules_of(facility)
    minutes = {
        name: timedelta(minutes=getattr(own, f"{name}_minutes"))
        for name in (
            *("min_duration", "max_duration", "min_notice", "start_step", "cancellation_notice"),
            *("buffer_before", "buffer_after", "approval_timeout"),
        )
    }
    return Rules(
        zone=site.zone,
        horizon=timedelta(days=own.horizon_days or USUAL_HORIZON_DAYS),
        opening_hours=own.opening_hours or SITE_HOURS[site.name],
        requires_approval=own.requires_approval,
        **minutes,
    )


def lets_in(facility: str, person: Person) -> bool:
    """Whether the person, whose site has the facility, may book it."""
    groups = rules_of(facility).open_to
    return (
        not groups
        or person.runs_site
        or any(person.username in USER_GROUPS[group] for group in groups)
    )


@cache
def quotas_of(facility: str) -> tuple[Quota, ...]:
    """The quotas that count the bookings of the facility."""
    return tuple(
        quota
        for quota in QUOTAS
        if quota.facility == facility
        or (quota.facility_group and facility in FACILITY_GROUPS[quota.facility_group])
        or not (quota.facility or quota.facility_group)
    )
