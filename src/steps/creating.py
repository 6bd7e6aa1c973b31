"""How a booking is made: at once where that is possible, and else step by step.

At once means that a draft that remembered terms allow is stored by one statement, with others that
come at the same time, if those are still the facility's and its time is free; where a quota covers
it or the request has a key, by itself, within a transaction that counts or remembers. Whoever is
refused by the rules, or books for somebody else, is served step by step, by what the database says
then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypedDict

from starlette.responses import Response

from domain.access import check_governs
from domain.bookings import Draft, Facility, check_new, needs_approval
from domain.errors import Refusal, UserUnknown
from domain.lifecycle import after, decide_by
from domain.periods import Period
from domain.rules import LONGEST_BOOKING
from exchange import views
from exchange.idempotency import has_key, once
from exchange.request import Request, resource_reply
from live.refusals import Attempt
from live.terms import Terms
from sql import bookings, facilities, quotas
from sql import terms as at_terms
from sql.bookings import BookingRow, BookingStatus, InTheWayRow
from sql.pool import Connection, reading, retrying
from sql.statement import Statement
from sql.terms import MadeRow, NewBooking
from steps import rules
from steps.conflicts import advised, conflict_reply, in_the_way_of, looks_taken
from steps.expiry import clearing
from steps.known import known
from steps.limits import check_count, check_quotas
from steps.wanted import Wanted

TRIES = 3
"""How often a create or a move is tried when what was in its way is gone by the time of asking."""

_FURTHEST = timedelta(days=3650)
"""Further ahead than any facility takes bookings."""


class _Columns(TypedDict):
    """What a booking is stored with, however it is stored."""

    facility_id: int
    user_id: int
    start_time: datetime
    end_time: datetime
    title: str
    description: str | None
    attendee_count: int
    status: BookingStatus
    decide_by: datetime | None
    buffer_before_minutes: int
    buffer_after_minutes: int


@dataclass(frozen=True, slots=True)
class _Judged:
    """A draft that the rules allow at the terms that are known, and when they were asked.

    ``is_counted`` where a quota covers it, and its user.
    """

    wanted: Wanted
    terms: Terms
    columns: _Columns
    is_counted: bool
    now: datetime

    @property
    def occupied(self) -> Period:
        """The draft's time with its buffers."""
        return self.terms.facility.rules.occupied(self.wanted.draft.period)


def _is_possible(draft: Draft, now: datetime) -> bool:
    """Whether any terms could allow it; what they know is bounded."""
    length = draft.end_time - draft.start_time
    ahead = draft.start_time - now
    return timedelta(0) < length <= LONGEST_BOOKING and timedelta(0) <= ahead < _FURTHEST


class Creation:
    """A booking that somebody asks for."""

    def __init__(self, request: Request, draft: Draft) -> None:
        self.request = request
        self.draft = draft
        self.user_id: int = request.body.get("user_id", request.caller.user_id)
        self._live = request.service.live

    async def reply(self) -> Response:
        """201, or why not."""
        if has_key(self.request):
            return await clearing(self.request, self._under_key)
        reply = await self._at_once()
        if reply is not None:
            return reply
        return await clearing(self.request, lambda: self.request.write(self._step_by_step))

    async def _at_once(self) -> Response | None:
        """The reply, if it can be given without looking at everything anew."""
        judged = await self._judge()
        if judged is None:
            return None
        # Where something seems to be in the way, that is looked at before the booking is tried.
        is_doubtful = looks_taken(self.request, judged.wanted, judged.now)
        reply = await self._refused(judged) if is_doubtful else None
        if reply is not None:
            return reply
        if judged.is_counted:
            made = await self._counted(judged)
        else:
            made = await self._live.bookings.ask(self._new(judged))
        if made is not None:
            self._tell(judged, made)
            return self._made(judged, made)
        reply = None if is_doubtful else await self._refused(judged)
        if reply is None:
            self._live.terms.forget(self.draft.facility_id, self.draft.period)
        return reply

    async def _counted(self, judged: _Judged) -> MadeRow | None:
        """The booking, if it is not too much with what the user holds already."""

        async def work(conn: Connection, _: object) -> MadeRow | None:
            await self._check_count(conn, judged)
            return await self._book(conn, judged)

        return await self.request.write_after(self._locks(), work, waits=False)

    async def _under_key(self) -> Response:
        """The reply to this key, in one transaction with what it tells of."""
        booked: tuple[_Judged, MadeRow] | None = None

        async def work(conn: Connection) -> Response:
            nonlocal booked
            booked = None  # it may be tried anew
            judged = await self._judge(conn)
            if judged is None:
                return await self._step_by_step(conn)
            if judged.is_counted:
                for lock in self._locks():
                    await lock.run(conn)
                await self._check_count(conn, judged)
            made = await self._book(conn, judged)
            if made is None:
                self._live.terms.forget(self.draft.facility_id, self.draft.period)
                return await self._step_by_step(conn)
            booked = judged, made
            return self._made(judged, made)

        reply = await once(self.request, work)
        if booked is None:
            await self._live.feed.passed()
        else:
            self._tell(*booked)
        return reply

    async def _refused(self, judged: _Judged) -> Response | None:
        """409 for what is in the way, if there is anything, and that could be recorded."""
        if judged.is_counted:
            async with reading(self.request.pool) as conn:
                await self._check_count(conn, judged)
        attempt = self._attempt(judged)
        in_the_way = await retrying(lambda: self._live.refusals.ask(attempt))
        if not in_the_way or not in_the_way[0].is_recorded:
            return None
        return await advised(None, self.request, judged.wanted, in_the_way)

    async def _judge(self, conn: Connection | None = None) -> _Judged | None:
        """The draft at the terms that are known, if all that is asked of it can be judged by them.

        What is refused is judged again by what is so now.
        """
        request, draft, now = self.request, self.draft, self.request.now()
        if self.user_id != request.caller.user_id or not _is_possible(draft, now):
            return None
        terms = await self._terms(conn)
        if terms is None:
            return None
        facility = terms.facility
        closures = terms.closures_in(draft.period)
        try:
            check_new(draft, facility, closures, request.caller, now, rules.opened)
        except Refusal:
            return None
        is_counted = terms.row.has_quota and not request.caller.governs(facility.site_id)
        columns = self._columns(facility, now)
        return _Judged(Wanted(draft, facility), terms, columns, is_counted, now)

    async def _terms(self, conn: Connection | None) -> Terms | None:
        memory, facility_id, period = self._live.terms, self.draft.facility_id, self.draft.period
        terms = memory.recall(facility_id, period)
        if terms is not None:
            return terms
        if conn is not None:
            return await memory.read(conn, facility_id, period)
        async with reading(self.request.pool) as lent:
            return await memory.read(lent, facility_id, period)

    def _locks(self) -> Sequence[Statement[Any]]:
        """What is held while a user's bookings are counted: the facility, then the user."""
        return facilities.hold_facility(self.draft.facility_id), quotas.lock_user(self.user_id)

    async def _check_count(self, conn: Connection, judged: _Judged) -> None:
        await check_count(
            conn,
            user_id=self.user_id,
            facility=judged.terms.facility,
            draft=self.draft,
            now=judged.now,
        )

    def _columns(self, facility: Facility, now: datetime) -> _Columns:
        """The draft as it is to be stored: confirmed, or waiting for the staff until some time."""
        draft, its_rules = self.draft, facility.rules
        status, deadline = after(None, "book"), None
        if needs_approval(facility, self.request.caller):
            status = after(None, "request")
            timeout = its_rules.approval_timeout
            deadline = decide_by(now, draft.start_time, draft.end_time, timeout)
        return {
            "facility_id": draft.facility_id,
            "user_id": self.user_id,
            "start_time": draft.start_time,
            "end_time": draft.end_time,
            "title": draft.title,
            "description": draft.description,
            "attendee_count": draft.attendee_count,
            "status": status,
            "decide_by": deadline,
            "buffer_before_minutes": rules.minutes_of(its_rules.buffer_before),
            "buffer_after_minutes": rules.minutes_of(its_rules.buffer_after),
        }

    async def _book(self, conn: Connection, judged: _Judged) -> MadeRow | None:
        made = await at_terms.book_at_terms(conn, [self._new(judged)])
        return made[0] if made else None

    def _new(self, judged: _Judged) -> NewBooking:
        return NewBooking(
            revision=judged.terms.row.revision,
            request_id=self.request.request_id,
            **judged.columns,
        )

    def _attempt(self, judged: _Judged) -> Attempt:
        return Attempt(
            judged.terms.row.revision,
            self.draft.facility_id,
            self.user_id,
            self.draft.start_time,
            self.draft.end_time,
            judged.occupied,
            judged.now,
        )

    def _tell(self, judged: _Judged, made: MadeRow) -> None:
        """Have the next answer of this process know it."""
        occupied = judged.occupied
        self._live.timelines.changed(
            self.draft.facility_id, occupied.start, occupied.end, made.transaction_id
        )

    def _made(self, judged: _Judged, made: MadeRow) -> Response:
        """201 for what was booked at once."""
        place = judged.terms.row
        row = BookingRow(
            id=made.id,
            facility_name=place.name,
            site_id=place.site_id,
            site_name=place.site_name,
            facility_time_zone=place.time_zone,
            facility_capacity=place.capacity,
            facility_type=place.facility_type,
            username=made.username,
            user_display_name=made.display_name,
            cancellation_cause=None,
            change_reason=None,
            booked_by_id=None,
            booked_by_username=None,
            booked_by_display_name=None,
            created_at=made.created_at,
            updated_at=made.updated_at,
            **judged.columns,
        )
        return self._created(row)

    def _created(self, row: BookingRow) -> Response:
        location = {"Location": f"{self.request.path}{row.id}/"}
        return resource_reply(self.request, views.booking_detail(row), 201, location)

    async def _step_by_step(self, conn: Connection) -> Response:
        """The reply of a transaction that looks at everything anew and holds it."""
        request, draft = self.request, self.draft
        # Held, so that it is neither archived nor closed between the look at it and the commit.
        # Looked at by the next statement: one that waited here would see what was before.
        await facilities.hold_facility(draft.facility_id).run(conn)
        found = await at_terms.get_terms(
            conn,
            facility_id=draft.facility_id,
            start_time=draft.start_time,
            end_time=draft.end_time,
        )
        row = known(found, draft.facility_id)
        facility = rules.facility_facts(row, request.service.horizon)
        await self._check_holder(conn, facility)
        now = request.now()
        check_new(draft, facility, row.closures, request.caller, now, rules.opened)
        if row.has_quota and not request.caller.governs(facility.site_id):
            await check_quotas(conn, user_id=self.user_id, facility=facility, draft=draft, now=now)
        return await self._insert(conn, Wanted(draft, facility), now)

    async def _check_holder(self, conn: Connection, facility: Facility) -> None:
        """Let only staff book for somebody else, and only for somebody who is there."""
        if self.user_id == self.request.caller.user_id:
            return
        check_governs(self.request.caller, facility.site_id)
        # Locked, so that they are not deactivated before the commit.
        user = await quotas.lock_user(self.user_id).run(conn)
        if user is None or not user.is_active:
            detail = f"There is no active user {self.user_id}: users_list shows those there are."
            raise UserUnknown(detail, "/user_id")

    async def _insert(self, conn: Connection, wanted: Wanted, now: datetime) -> Response:
        """Store the draft if its period is free, which the database decides with the insert."""
        columns = self._columns(wanted.facility, now)
        caller_id = self.request.caller.user_id
        booked_by = None if self.user_id == caller_id else caller_id
        in_the_way = list[InTheWayRow]()
        for _ in range(TRIES):
            row = await bookings.insert_booking(conn, booked_by=booked_by, **columns)
            if row is not None:
                return self._created(row)
            in_the_way = await in_the_way_of(conn, wanted, self.request.now())
            if in_the_way:
                break
        return await conflict_reply(conn, self.request, wanted, in_the_way)
