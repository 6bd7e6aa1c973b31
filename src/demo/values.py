"""What the demo data are made of: plain values, before any of them has an identifier."""

from dataclasses import dataclass
from datetime import datetime, time
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from domain.hours import WeeklyHours
from domain.lifecycle import CancellationCause, Status
from domain.periods import Period

FacilityType: TypeAlias = Literal["room", "court", "lab", "desk", "vehicle", "other"]

Amenity: TypeAlias = Literal[
    "adjustable_desk",
    "air_conditioning",
    "blackout_blinds",
    "catering_allowed",
    "changing_rooms",
    "child_seat",
    "coffee_machine",
    "cold_storage",
    "docking_station",
    "drinking_water",
    "dual_monitors",
    "dust_extraction",
    "electric",
    "equipment_hire",
    "eye_wash",
    "first_aid_kit",
    "floodlights",
    "four_wheel_drive",
    "fume_hood",
    "hearing_loop",
    "heated",
    "kiln",
    "laser_cutter",
    "lockers",
    "microphones",
    "microscope",
    "natural_light",
    "outdoor",
    "oven",
    "parking_permit",
    "piano",
    "power_outlets",
    "projector",
    "quiet_zone",
    "roof_rack",
    "scoreboard",
    "showers",
    "sound_isolation",
    "spectator_seats",
    "speakerphone",
    "stage",
    "step_free_access",
    "telescope",
    "three_d_printer",
    "video_conferencing",
    "whiteboard",
    "wide_screen",
    "wired_network",
]
"""The vocabulary of the demo: a word misspelt is an error of type, not a new amenity."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """Something that people hold a facility for.

    ``title`` may have the fields ``{team}`` (of who books), ``{client}`` and ``{role}``.
    ``minutes`` and ``people`` are what is usual: durations to choose from, and the
    least and the most attendees. It starts within the local hours ``hours``, both included;
    those from 24 on are of the next day.
    """

    title: str
    minutes: tuple[int, ...]
    people: tuple[int, int]
    note: str | None = None
    hours: tuple[int, int] = (0, 23)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How the demand for a kind of facility moves with the hour, in local time.

    Each mapping holds, by hour of the day, the chance that somebody takes the
    facility at a moment when it is free. The first and the last hour bound the
    day: nothing lasts beyond them. Hours from 24 on are of the next day.
    """

    working: dict[int, float]
    resting: dict[int, float]
    step_minutes: int = 30


@dataclass(frozen=True, slots=True)
class Facility:
    """A facility of the demo. ``popularity`` (0 to 1) scales the demand of its rhythm."""

    name: str
    facility_type: FacilityType
    capacity: int
    amenities: tuple[Amenity, ...]
    description: str
    rhythm: Rhythm
    occasions: tuple[Occasion, ...]
    popularity: float


@dataclass(frozen=True, slots=True)
class Series:
    """A booking that comes back every ``every_weeks`` weeks. Monday is weekday 0."""

    facility: str
    weekday: int
    start: time
    minutes: int
    title: str
    organiser: str
    people: int
    note: str | None = None
    every_weeks: int = 1


Role: TypeAlias = Literal["member", "staff_of_site", "staff_of_house"]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who books, or who runs facilities; ``site`` is where they work."""

    username: str
    display_name: str
    site: str
    team: str
    role: Role = "member"

    @property
    def runs_site(self) -> bool:
        """Whether they are staff where they work, of that site or of the house."""
        return self.role != "member"


@dataclass(frozen=True, slots=True)
class FacilityRules:
    """What one facility asks of those who book it, under the names of the database's columns.

    ``opening_hours`` are None where the site's serve, ``horizon_days`` where the service's
    does. ``open_to`` names groups of users; without any the facility is open to all.
    """

    opening_hours: WeeklyHours | None = None
    open_to: tuple[str, ...] = ()
    min_duration_minutes: int = 15
    max_duration_minutes: int = 480
    min_notice_minutes: int = 0
    horizon_days: int | None = None
    start_step_minutes: int = 15
    cancellation_notice_minutes: int = 0
    buffer_before_minutes: int = 0
    buffer_after_minutes: int = 0
    requires_approval: bool = False
    approval_timeout_minutes: int = 2880


@dataclass(frozen=True, slots=True)
class Quota:
    """What each member may hold of one facility, of a group of them, or with neither of all."""

    facility: str | None = None
    facility_group: str | None = None
    max_active_bookings: int | None = None
    max_hours_per_week: int | None = None


@dataclass(frozen=True, slots=True)
class Closure:
    """When one facility, one site or with neither everything is closed, and who said so when."""

    period: Period
    reason: str
    made_by: str
    created_at: datetime
    facility: str | None = None
    site: str | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """A site, what it has, and what recurs there. Its people rest on ``rest_days``."""

    name: str
    time_zone: str
    rest_days: frozenset[int]
    clients: tuple[str, ...]
    facilities: tuple[Facility, ...]
    series: tuple[Series, ...]

    @property
    def zone(self) -> ZoneInfo:
        """The site's time zone, by which its facilities live."""
        return ZoneInfo(self.time_zone)


@dataclass(frozen=True, slots=True)
class Booking:
    """A booking of the demo; all times are in UTC.

    ``booked_by`` is who made it, if not its user. ``decide_by`` is set where staff were
    asked, and ``changed_by`` where somebody approved, rejected or cancelled it.
    """

    site: str
    facility: str
    username: str
    booked_by: str | None
    start_time: datetime
    end_time: datetime
    title: str
    description: str | None
    attendee_count: int
    status: Status
    decide_by: datetime | None
    cancellation_cause: CancellationCause | None
    change_reason: str | None
    changed_by: str | None
    created_at: datetime

    @property
    def is_cancelled(self) -> bool:
        """Whether it holds its facility no longer."""
        return self.status == "cancelled"

    @property
    def is_settled(self) -> bool:
        """Whether it was decided about, or cancelled, after it was made."""
        return self.is_cancelled or (self.decide_by is not None and self.status == "confirmed")

    @property
    def period(self) -> Period:
        """From start to end, without buffers."""
        return Period(self.start_time, self.end_time)


@dataclass(frozen=True, slots=True)
class Conflict:
    """Somebody wanted a facility when another had it; all times are in UTC."""

    facility: str
    username: str
    period: Period
    occurred_at: datetime
