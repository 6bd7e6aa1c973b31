"""Refusals: what a rule says when it says no.

A refusal knows nothing of HTTP. Its ``detail`` tells the person who asked what
happened and what would be allowed; its ``pointer`` names the field at fault as
a JSON Pointer (RFC 6901) into the request, or is None where no one field is.
``app.problems`` maps each class to a problem type of the contract.
"""

from collections.abc import Sequence


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not a malfunction
    """Base of everything a rule may answer instead of doing what was asked."""

    def __init__(self, detail: str, pointer: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.pointer = pointer


# What the caller may not do, or may not know of.


class NotFound(Refusal):
    """It does not exist, or the caller may not know that it does."""


class PermissionDenied(Refusal):
    """Only staff may do this, of the site or of the house."""


class InsufficientScope(Refusal):
    """The token may not be used for this, whatever its user may do. ``needed`` names what may."""

    def __init__(self, detail: str, needed: Sequence[str], pointer: str | None = None) -> None:
        super().__init__(detail, pointer)
        self.needed = needed


class TokenInvalid(Refusal):
    """A token that opens nothing: unknown, revoked or expired, or of a deactivated user."""


class CannotDeactivateSelf(Refusal):
    """Nobody locks themselves out: another member of staff must do it."""


class CannotDemoteSelf(Refusal):
    """Nobody takes the staff's rights from themselves: another member of staff must do it."""


# What a booking's times must be.


class TimeNotOnMark(Refusal):
    """An instant that is not on a 15-minute mark."""


class EndNotAfterStart(Refusal):
    """A period that ends before, or as, it starts."""


class BookingTooLong(Refusal):
    """A booking longer than the longest that is allowed."""


class BookingTooShort(Refusal):
    """A booking shorter than the facility's shortest."""


class StartNotOnStep(Refusal):
    """A start that is not on the facility's step of starts."""


class NoticeTooShort(Refusal):
    """A booking that would start sooner than the facility's notice allows."""


class OutsideOpeningHours(Refusal):
    """A booking that the facility's opening hours do not hold."""


class FacilityClosed(Refusal):
    """A booking that a closure is in the way of."""


class BookingInPast(Refusal):
    """A booking that would start, or end, before now."""


class BeyondHorizon(Refusal):
    """A booking further ahead than bookings are taken."""


class TimeOutOfRange(Refusal):
    """An instant that no calendar date can hold (years 1 to 9999, UTC)."""


class WindowTooLong(Refusal):
    """A search over more days than one search may cover."""


class DateRangeReversed(Refusal):
    """A range of dates whose end lies before its start."""


class ReportTooLong(Refusal):
    """A report over more time than one report may cover."""


class ClosureInPast(Refusal):
    """A closure that is over before it is made."""


# What else a request must say.


class TitleBlank(Refusal):
    """A title of nothing but white space."""


class NameBlank(Refusal):
    """A name of nothing but white space."""


class TooManyAttendees(Refusal):
    """More attendees than the facility holds."""


class FacilityArchived(Refusal):
    """A facility that takes no bookings any more."""


class FacilityRestricted(Refusal):
    """A facility that is open to groups of users, of which the caller is in none."""


class QuotaExceeded(Refusal):
    """More than one user may hold."""


class FacilityUnknown(Refusal):
    """A request that names a facility which does not exist."""


class SiteUnknown(Refusal):
    """A request that names a site which does not exist."""


class UserUnknown(Refusal):
    """A request that names a user who does not exist, or is deactivated."""


class UserGroupUnknown(Refusal):
    """A request that names a group of users which does not exist."""


class FacilityGroupUnknown(Refusal):
    """A request that names a group of facilities which does not exist."""


class HolidayCalendarUnknown(Refusal):
    """A country, or a part of one, that the calendar of public holidays does not know."""


class ReasonBlank(Refusal):
    """A reason of nothing but white space."""


class OpeningHoursInvalid(Refusal):
    """Opening hours that overlap, or that end as they begin."""


class RulesContradict(Refusal):
    """Rules of a facility that no booking could meet together."""


class ScopeAmbiguous(Refusal):
    """A closure, quota or stream that names a facility and a site or group at once."""


class QuotaWithoutLimit(Refusal):
    """A quota that limits nothing."""


class ImportUnreadable(Refusal):
    """A file that is not the CSV that an import reads."""


class TimeZoneUnknown(Refusal):
    """A time zone that is not in the IANA database."""


class InvalidCursor(Refusal):
    """A cursor that no page of this list ever carried."""


# What the present state does not allow.


class BookingCancelled(Refusal):
    """A change to a booking that is cancelled."""


class BookingPast(Refusal):
    """A change to a booking that is over."""


class BookingNotPending(Refusal):
    """A decision about a booking that waits for none."""


class ApprovalExpired(Refusal):
    """A decision about a booking whose time to be decided is over."""


class CancellationDeadlinePassed(Refusal):
    """A member giving up time of a booking later than the facility allows."""


class FacilityNameTaken(Refusal):
    """A second facility of one name at one site."""


class SiteNameTaken(Refusal):
    """A second site of one name."""


class UsernameTaken(Refusal):
    """A second user of one name."""


class GroupNameTaken(Refusal):
    """A second group of one name."""


class GroupInUse(Refusal):
    """The deletion of a group that something still refers to."""


class QuotaExists(Refusal):
    """A second quota for the same scope."""


# What the protocol around a request does not allow.


class PreconditionFailed(Refusal):
    """If-Match named a version that is not the present one."""


class IdempotencyKeyInUse(Refusal):
    """The first request with this key has not been answered yet."""


class TooManyStreams(Refusal):
    """One more stream than anybody may have open."""


class IdempotencyKeyReused(Refusal):
    """The key was used before, for a request that said something else."""
