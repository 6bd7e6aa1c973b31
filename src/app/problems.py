"""Every error as a problem of the contract (RFC 9457): one table, class to problem.

``problem_of`` is total: what the table does not know is an internal error.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import psycopg
import psycopg_pool
from connexion.exceptions import OAuthProblem, UnsupportedMediaTypeProblem
from starlette.responses import Response

from domain import errors
from exchange.event_stream import FeedAway
from exchange.lanes import LaneFull
from exchange.request import problem_reply
from live.hub import HubFull
from wire import replies

Place = Literal["body", "query", "path", "header"]


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field: a JSON Pointer into the part of the request it is in."""

    place: Place
    pointer: str
    detail: str


class RequestProblem(Exception):  # noqa: N818 - the base of answers to requests, not of malfunctions
    """A request that the protocol or the contract refuses before any handler runs."""

    def __init__(
        self, detail: str, fields: Sequence[FieldProblem] = (), status: int | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.fields = fields
        self.status = status
        """Connexion's security code picks between errors by this attribute."""


class InvalidRequest(RequestProblem):
    """The contract's schemas refuse it."""


class AuthenticationRequired(RequestProblem):
    """No token, or one that is not valid (any more)."""


class MethodNotAllowed(RequestProblem):
    """The path exists, without this method."""

    def __init__(self, method: str, allowed: Sequence[str]) -> None:
        self.allow = ", ".join(allowed)
        super().__init__(f"{method} is not possible here, only {self.allow}.")


class PathNotFound(RequestProblem):
    """Nothing lies at this path."""


class PayloadTooLarge(RequestProblem):
    """The body is longer than any that makes sense."""


class UnsupportedMediaType(RequestProblem):
    """The body is not of the media type that the operation reads, or not in UTF-8."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A problem type of the contract."""

    status: int
    type: replies.ProblemType
    title: str
    headers: Mapping[str, str] = field(default_factory=dict)
    detail: str = ""
    """What is told of errors that bring no sentence of their own for the client."""


_CHALLENGE = 'Bearer realm="holdfast"'
_AUTHENTICATE = {"WWW-Authenticate": _CHALLENGE}
_TRY_AGAIN = {"Retry-After": "2"}
_AWAY = Kind(
    503,
    "service_unavailable",
    "Service Unavailable",
    _TRY_AGAIN,
    "The service cannot reach its database just now. Nothing was changed, unless this was a write"
    " whose answer was lost: try again in a few seconds, with the same Idempotency-Key.",
)
_BUSY = Kind(
    503,
    "service_unavailable",
    "Service Unavailable",
    _TRY_AGAIN,
    "Others held what this needed for too long, so it was given up and nothing was changed. Try"
    " again in a few seconds.",
)

_FULL = Kind(
    503,
    "service_unavailable",
    "Service Unavailable",
    _TRY_AGAIN,
    "So many long reports or exports are running that this one was not begun. Try again in a few"
    " seconds.",
)

_STREAMS_FULL = Kind(
    503,
    "service_unavailable",
    "Service Unavailable",
    # The connection is what there are too few of.
    {"Retry-After": "5", "Connection": "close"},
    "So many streams are open that this one was not begun. Try again in a few seconds, or ask"
    " availability_search with If-None-Match instead.",
)

INTERNAL = Kind(
    500,
    "internal_error",
    "Internal Error",
    detail="Something went wrong inside the service. Look whether anything was changed before you"
    " try again, and report the request_id.",
)

KINDS: dict[type[Exception], Kind] = {
    InvalidRequest: Kind(400, "invalid_request", "Invalid Request"),
    AuthenticationRequired: Kind(
        401, "authentication_required", "Authentication Required", _AUTHENTICATE
    ),
    OAuthProblem: Kind(
        401,
        "authentication_required",
        "Authentication Required",
        _AUTHENTICATE,
        "This needs an API token: send it as 'Authorization: Bearer <token>'.",
    ),
    errors.TokenInvalid: Kind(
        401, "authentication_required", "Authentication Required", _AUTHENTICATE
    ),
    errors.PermissionDenied: Kind(403, "permission_denied", "Permission Denied"),
    errors.InsufficientScope: Kind(403, "insufficient_scope", "Insufficient Scope"),
    PathNotFound: Kind(404, "not_found", "Not Found"),
    errors.NotFound: Kind(404, "not_found", "Not Found"),
    MethodNotAllowed: Kind(405, "method_not_allowed", "Method Not Allowed"),
    errors.BookingCancelled: Kind(409, "booking_cancelled", "Booking Cancelled"),
    errors.BookingPast: Kind(409, "booking_past", "Booking Past"),
    errors.FacilityNameTaken: Kind(409, "facility_name_taken", "Facility Name Taken"),
    errors.SiteNameTaken: Kind(409, "site_name_taken", "Site Name Taken"),
    errors.UsernameTaken: Kind(409, "username_taken", "Username Taken"),
    errors.CannotDeactivateSelf: Kind(409, "cannot_deactivate_self", "Cannot Deactivate Self"),
    errors.CannotDemoteSelf: Kind(409, "cannot_demote_self", "Cannot Demote Self"),
    errors.BookingNotPending: Kind(409, "booking_not_pending", "Booking Not Pending"),
    errors.ApprovalExpired: Kind(409, "approval_expired", "Approval Expired"),
    errors.CancellationDeadlinePassed: Kind(
        409, "cancellation_deadline_passed", "Cancellation Deadline Passed"
    ),
    errors.GroupNameTaken: Kind(409, "group_name_taken", "Group Name Taken"),
    errors.GroupInUse: Kind(409, "group_in_use", "Group In Use"),
    errors.QuotaExists: Kind(409, "quota_exists", "Quota Exists"),
    errors.IdempotencyKeyInUse: Kind(
        409, "idempotency_key_in_use", "Idempotency Key In Use", {"Retry-After": "1"}
    ),
    errors.PreconditionFailed: Kind(412, "precondition_failed", "Precondition Failed"),
    PayloadTooLarge: Kind(413, "payload_too_large", "Payload Too Large"),
    UnsupportedMediaType: Kind(415, "unsupported_media_type", "Unsupported Media Type"),
    UnsupportedMediaTypeProblem: Kind(
        415,
        "unsupported_media_type",
        "Unsupported Media Type",
        detail="The body is of a media type that is not read here: see the contract.",
    ),
    errors.TimeNotOnMark: Kind(422, "time_not_on_mark", "Time Not On A 15-Minute Mark"),
    errors.EndNotAfterStart: Kind(422, "end_not_after_start", "End Not After Start"),
    errors.BookingTooLong: Kind(422, "booking_too_long", "Booking Too Long"),
    errors.BookingInPast: Kind(422, "booking_in_past", "Booking In The Past"),
    errors.BeyondHorizon: Kind(422, "beyond_horizon", "Beyond The Booking Horizon"),
    errors.TitleBlank: Kind(422, "title_blank", "Title Blank"),
    errors.NameBlank: Kind(422, "name_blank", "Name Blank"),
    errors.TooManyAttendees: Kind(422, "too_many_attendees", "Too Many Attendees"),
    errors.FacilityArchived: Kind(422, "facility_archived", "Facility Archived"),
    errors.FacilityUnknown: Kind(422, "facility_unknown", "Facility Unknown"),
    errors.SiteUnknown: Kind(422, "site_unknown", "Site Unknown"),
    errors.TimeZoneUnknown: Kind(422, "time_zone_unknown", "Time Zone Unknown"),
    errors.TimeOutOfRange: Kind(422, "time_out_of_range", "Time Out Of Range"),
    errors.WindowTooLong: Kind(422, "window_too_long", "Window Too Long"),
    errors.DateRangeReversed: Kind(422, "date_range_reversed", "Date Range Reversed"),
    errors.InvalidCursor: Kind(422, "invalid_cursor", "Invalid Cursor"),
    errors.BookingTooShort: Kind(422, "booking_too_short", "Booking Too Short"),
    errors.StartNotOnStep: Kind(422, "start_not_on_step", "Start Not On Step"),
    errors.NoticeTooShort: Kind(422, "notice_too_short", "Notice Too Short"),
    errors.OutsideOpeningHours: Kind(422, "outside_opening_hours", "Outside Opening Hours"),
    errors.FacilityClosed: Kind(422, "facility_closed", "Facility Closed"),
    errors.FacilityRestricted: Kind(422, "facility_restricted", "Facility Restricted"),
    errors.QuotaExceeded: Kind(422, "quota_exceeded", "Quota Exceeded"),
    errors.ReportTooLong: Kind(422, "report_too_long", "Report Too Long"),
    errors.ClosureInPast: Kind(422, "closure_in_past", "Closure In Past"),
    errors.UserUnknown: Kind(422, "user_unknown", "User Unknown"),
    errors.UserGroupUnknown: Kind(422, "user_group_unknown", "User Group Unknown"),
    errors.FacilityGroupUnknown: Kind(422, "facility_group_unknown", "Facility Group Unknown"),
    errors.HolidayCalendarUnknown: Kind(
        422, "holiday_calendar_unknown", "Holiday Calendar Unknown"
    ),
    errors.ReasonBlank: Kind(422, "reason_blank", "Reason Blank"),
    errors.OpeningHoursInvalid: Kind(422, "opening_hours_invalid", "Opening Hours Invalid"),
    errors.RulesContradict: Kind(422, "rules_contradict", "Rules Contradict"),
    errors.ScopeAmbiguous: Kind(422, "scope_ambiguous", "Scope Ambiguous"),
    errors.QuotaWithoutLimit: Kind(422, "quota_without_limit", "Quota Without Limit"),
    errors.ImportUnreadable: Kind(422, "import_unreadable", "Import Unreadable"),
    errors.IdempotencyKeyReused: Kind(422, "idempotency_key_reused", "Idempotency Key Reused"),
    errors.TooManyStreams: Kind(429, "too_many_streams", "Too Many Streams", {"Retry-After": "5"}),
    # Worth another try: the database is away, restarting, overloaded or read-only ...
    psycopg.OperationalError: _AWAY,
    psycopg.InterfaceError: _AWAY,
    psycopg.errors.ReadOnlySqlTransaction: _AWAY,
    # This process stood still, as a paused machine does, and its session was ended meanwhile.
    psycopg.errors.IdleInTransactionSessionTimeout: _AWAY,
    psycopg_pool.PoolTimeout: _AWAY,
    psycopg_pool.PoolClosed: _AWAY,
    psycopg_pool.TooManyRequests: _AWAY,
    # ... or this lost to others once too often.
    psycopg.errors.DeadlockDetected: _BUSY,
    psycopg.errors.SerializationFailure: _BUSY,
    psycopg.errors.LockNotAvailable: _BUSY,
    psycopg.errors.QueryCanceled: _BUSY,
    LaneFull: _FULL,
    HubFull: _STREAMS_FULL,
    FeedAway: _AWAY,
}


def kind_of(error: Exception) -> Kind:
    """The problem type of an error, by its class or the nearest base in the table."""
    for cls in type(error).__mro__:
        if cls in KINDS:
            return KINDS[cls]
    return INTERNAL


def problem_of(error: Exception, request_id: str, place: Place = "body") -> Response:
    """The problem+json reply for any error. ``place`` is where a refusal's pointer points."""
    kind = kind_of(error)
    known = isinstance(error, RequestProblem | errors.Refusal)
    body: replies.ErrorResponse = {
        "type": kind.type,
        "title": kind.title,
        "status": kind.status,
        "detail": error.detail if known else kind.detail,  # type: ignore[attr-defined]
        "request_id": request_id,
    }
    fields = _fields(error, place)
    if fields:
        body["errors"] = fields
    headers = dict(kind.headers)
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = error.allow
    if isinstance(error, errors.InsufficientScope):  # RFC 6750, 3
        needed = " ".join(error.needed)
        headers["WWW-Authenticate"] = f'{_CHALLENGE}, error="insufficient_scope", scope="{needed}"'
    return problem_reply(body, headers)


def _fields(error: Exception, place: Place) -> list[replies.FieldError]:
    if isinstance(error, errors.Refusal) and error.pointer is not None:
        return [{"in": place, "pointer": error.pointer, "detail": error.detail}]
    if isinstance(error, RequestProblem):
        return [
            {"in": item.place, "pointer": item.pointer, "detail": item.detail}
            for item in error.fields
        ]
    return []
