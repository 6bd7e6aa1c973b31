"""What the service should know and say of a few rooms: lists and loops, and nothing clever.

Times are minutes from the midnight that ``api.at`` counts from. Rules are written
anew here, from the contract's words, and share nothing with the service's.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from .api import Json, Person, at, wire

Slot = tuple[int, int]

QUARTER = 15
LONGEST = 8 * 60
DAY = 24 * 60

PAST = -31 * DAY
"""Yesterday, or before."""

BEYOND = 336 * DAY
"""Further ahead than bookings are taken, counting from today."""


@dataclass(slots=True)
class Room:
    """A facility. ``shown`` is what the contract calls FacilityBasic.

    ``before`` and ``after`` are its buffers, in minutes.
    """

    shown: Json
    is_active: bool = True
    before: int = 0
    after: int = 0

    @property
    def id(self) -> int:
        """Identifies it."""
        return int(self.shown["id"])

    @property
    def capacity(self) -> int:
        """How many it holds."""
        return int(self.shown["capacity"])


@dataclass(frozen=True, slots=True)
class Draft:
    """What a booking says. A room of None is one that does not exist."""

    room: int | None
    start: int
    end: int
    title: str
    description: str | None
    attendees: int

    @property
    def slot(self) -> Slot:
        """When."""
        return self.start, self.end

    def values(self, rooms: list[Room]) -> Json:
        """The members of its JSON."""
        values: Json = {
            "facility_id": 2**31 - 1 if self.room is None else rooms[self.room].id,
            "start_time": wire(at(self.start / 60)),
            "end_time": wire(at(self.end / 60)),
            "title": self.title,
            "attendee_count": self.attendees,
        }
        if self.description is not None:
            values["description"] = self.description
        return values


@dataclass(slots=True)
class Entry:
    """A booking, and what was done to it: the action, by whom, and what it says since.

    ``before`` and ``after`` are its own buffers, those of the room when it last took more.
    """

    id: int
    owner: Person
    draft: Draft
    created_at: str
    updated_at: str
    status: str = "confirmed"
    cause: str | None = None
    before: int = 0
    after: int = 0
    is_touched: bool = False  # and the service has not said yet when it was
    history: list[tuple[str, Person, Json]] = field(default_factory=list)

    @property
    def occupied(self) -> Slot:
        """When it holds its room, with its buffers."""
        return self.draft.start - self.before, self.draft.end + self.after

    @property
    def fate(self) -> Json:
        """What the contract says of its buffers and of its end."""
        told: Json = {
            "status": self.status,
            "buffer_before_minutes": self.before,
            "buffer_after_minutes": self.after,
        }
        return told if self.cause is None else {**told, "cancellation_cause": self.cause}


class Diary:
    """All bookings of a few rooms."""

    def __init__(self, rooms: list[Room]) -> None:
        self.rooms = rooms
        self.entries: list[Entry] = []

    def add(self, booking: Json, owner: Person, draft: Draft) -> Entry:
        """A booking was made."""
        entry = Entry(booking["id"], owner, draft, booking["created_at"], booking["updated_at"])
        self._take_buffers(entry)
        self.entries.append(entry)
        self._log(entry, "created", owner)
        return entry

    def change(self, entry: Entry, draft: Draft, by: Person) -> None:
        """A booking says something else now."""
        before, entry.draft = entry.draft, draft
        if takes_more(before, draft):
            self._take_buffers(entry)
        self._log(entry, "updated", by)

    def cancel(self, entry: Entry, by: Person) -> None:
        """A booking holds its room no longer."""
        entry.status = "cancelled"
        entry.cause = "owner" if by is entry.owner else "staff"
        self._log(entry, "cancelled", by)

    def _take_buffers(self, entry: Entry) -> None:
        room = self._room(entry.draft)
        entry.before, entry.after = room.before, room.after

    def _log(self, entry: Entry, action: str, by: Person) -> None:
        entry.is_touched = action != "created"
        values = {
            **entry.draft.values(self.rooms),
            "user_id": entry.owner.id,
            **entry.fate,
        }
        entry.history.append((action, by, values))

    def shown(self, entry: Entry) -> Json:
        """What the contract calls BookingDetail, without its stamps."""
        values = entry.draft.values(self.rooms)
        del values["facility_id"]
        return {
            **values,
            "id": entry.id,
            "facility": self._room(entry.draft).shown,
            "user": entry.owner.basic,
            **entry.fate,
        }

    def _room(self, draft: Draft) -> Room:
        assert draft.room is not None
        return self.rooms[draft.room]

    def in_order(self) -> list[Entry]:
        """All bookings by their starts, and the order in which they were made."""
        return sorted(self.entries, key=lambda entry: (entry.draft.start, entry.id))

    def in_the_way(self, draft: Draft, except_for: Entry | None = None) -> list[Entry]:
        """The bookings that, with all buffers, share some of the draft's time, earliest first."""
        wanted = self._with_buffers(draft.room, draft.slot)
        return [
            entry
            for entry in self.in_order()
            if entry is not except_for
            and entry.status != "cancelled"
            and entry.draft.room == draft.room
            and touches(entry.occupied, wanted)
        ]

    def _with_buffers(self, room: int | None, slot: Slot) -> Slot:
        """When a new booking of the slot would hold the room."""
        assert room is not None
        return slot[0] - self.rooms[room].before, slot[1] + self.rooms[room].after

    def answer_to_new(self, draft: Draft) -> str:
        """What a request to make this booking is answered."""
        if draft.room is None:
            return "422 facility_unknown"
        room = self.rooms[draft.room]
        rules = [
            ("422 title_blank", not draft.title.strip()),
            *_times(draft),
            ("422 booking_in_past", draft.start <= PAST),
            ("422 beyond_horizon", draft.end >= BEYOND),
            ("422 facility_archived", not room.is_active),
            ("422 too_many_attendees", draft.attendees > room.capacity),
            ("409 booking_conflict", bool(self.in_the_way(draft))),
        ]
        return next((answer for answer, applies in rules if applies), "201")

    def answer_to_change(self, entry: Entry, draft: Draft) -> str:
        """What a request to make this of a booking is answered; rules are for what changes."""
        before = entry.draft
        if draft.room is None:
            return "422 facility_unknown"
        room = self.rooms[draft.room]
        starts, ends = draft.start != before.start, draft.end != before.end
        goes, grows = draft.room != before.room, draft.attendees != before.attendees
        more = takes_more(before, draft)
        rules = [
            ("409 booking_cancelled", entry.status == "cancelled"),
            ("422 title_blank", draft.title != before.title and not draft.title.strip()),
            *[(answer, applies and (starts or ends)) for answer, applies in _times(draft)],
            ("422 booking_in_past", starts and draft.start <= PAST),
            ("422 beyond_horizon", ends and draft.end >= BEYOND),
            ("422 facility_archived", more and not room.is_active),
            ("422 too_many_attendees", (goes or grows) and draft.attendees > room.capacity),
            ("409 booking_conflict", more and bool(self.in_the_way(draft, entry))),
        ]
        return next((answer for answer, applies in rules if applies), "200")

    def is_free(self, room: int, slot: Slot, except_for: Entry | None = None) -> bool:
        """Whether nobody holds the room when a booking of that time would."""
        wanted = self._with_buffers(room, slot)
        return not any(
            entry.draft.room == room
            and entry.status != "cancelled"
            and touches(entry.occupied, wanted)
            for entry in self.entries
            if entry is not except_for
        )

    def free_slots(self, room: int, window: Slot, minutes: int) -> list[Slot]:
        """The longest free periods in the window, if they are as long as this."""
        slots: list[Slot] = []
        for quarter in _quarters(window):
            if self.is_free(room, quarter):
                joined = slots and slots[-1][1] == quarter[0]
                slots.append((slots.pop()[0] if joined else quarter[0], quarter[1]))
        return [slot for slot in slots if slot[1] - slot[0] >= minutes]

    def first_free(self, room: int, start: int, minutes: int) -> int:
        """When the room is next free for so long."""
        ahead = (quarter[0] for quarter in _quarters((start, start + 7 * DAY)))
        return next(mark for mark in ahead if self.is_free(room, (mark, mark + minutes)))

    def nearest_free(self, draft: Draft, except_for: Entry | None) -> int:
        """How far from the draft's start the nearest one is at which its room is free for it."""
        assert draft.room is not None
        length = draft.end - draft.start
        return min(
            abs(mark - draft.start)
            for mark, _ in _quarters((draft.start - 2 * DAY, draft.start + 2 * DAY))
            if self.is_free(draft.room, (mark, mark + length), except_for)
        )


def takes_more(before: Draft, draft: Draft) -> bool:
    """Whether a change takes any time that the booking did not have."""
    return draft.room != before.room or draft.start < before.start or draft.end > before.end


def touches(slot: Slot, other: Slot) -> bool:
    """Whether any moment is in both."""
    return slot[0] < other[1] and other[0] < slot[1]


def _times(draft: Draft) -> list[tuple[str, bool]]:
    return [
        ("422 time_not_on_mark", bool(draft.start % QUARTER or draft.end % QUARTER)),
        ("422 end_not_after_start", draft.end <= draft.start),
        ("422 booking_too_long", draft.end - draft.start > LONGEST),
    ]


def _quarters(window: Slot) -> Iterator[Slot]:
    """The quarters of hours that lie wholly in the window."""
    first = -(-window[0] // QUARTER) * QUARTER
    for start in range(first, window[1] - QUARTER + 1, QUARTER):
        yield start, start + QUARTER
