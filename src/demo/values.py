"""What the demo data are made of: plain values, before any of them has an identifier."""

from dataclasses import dataclass
from datetime import datetime, time
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

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
    least and the most attendees. It starts within the local hours ``hours``, both included.
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
    day: nothing lasts beyond them.
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


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who books, or who runs facilities; ``site`` is where they work."""

    username: str
    display_name: str
    site: str
    team: str
    is_staff: bool = False


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
    """A booking of the demo; all times are in UTC."""

    site: str
    facility: str
    username: str
    start_time: datetime
    end_time: datetime
    title: str
    description: str | None
    attendee_count: int
    is_cancelled: bool
    created_at: datetime
