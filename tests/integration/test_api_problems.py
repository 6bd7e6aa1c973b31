"""The table of problems: total, as the contract declares it, and silent about what is internal."""

from collections.abc import Iterator

import orjson
import psycopg
import pytest
from connexion.exceptions import OAuthProblem
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.problems import KINDS, FieldProblem, InvalidRequest, MethodNotAllowed, kind_of, problem_of
from domain import errors
from tests.client import check_problem, document

# These are answered at every path, and so are declared in the contract's own description.
EVERYWHERE = {(405, "method_not_allowed")}


def refusals() -> list[type[errors.Refusal]]:
    """Every way in which the domain says no."""
    found = [cls for cls in vars(errors).values() if isinstance(cls, type)]
    return [cls for cls in found if issubclass(cls, errors.Refusal) and cls is not errors.Refusal]


def declared() -> Iterator[tuple[int, str]]:
    """Status and type of every problem that some operation declares."""
    for item in document()["paths"].values():
        for operation in item.values():
            for status, response in operation["responses"].items():
                content = response.get("content", {}).get("application/problem+json", {})
                for name in content.get("examples", {}):
                    yield int(status), name


def instance(cls: type[Exception]) -> Exception:
    """An error of the class."""
    if cls is MethodNotAllowed:
        return MethodNotAllowed("PUT", ["GET"])
    if cls is errors.InsufficientScope:
        return errors.InsufficientScope("What happened.", ["read", "book"])
    return cls() if issubclass(cls, OAuthProblem) else cls("What happened.")


def problem(response: Response) -> dict[str, object]:
    """The problem that a reply holds."""
    body: dict[str, object] = orjson.loads(bytes(response.body))
    return body


@pytest.mark.parametrize("cls", refusals(), ids=lambda cls: cls.__name__)
def test_every_refusal_of_the_domain_has_a_problem_type_of_its_own(
    cls: type[errors.Refusal],
) -> None:
    assert cls in KINDS
    others = [other for other in refusals() if other is not cls]
    # Not found is said of paths too; apart from that, one type has one reason.
    assert KINDS[cls].type not in {KINDS[other].type for other in others}


@pytest.mark.parametrize("cls", KINDS, ids=lambda cls: cls.__name__)
def test_every_error_in_the_table_becomes_a_problem_of_the_contract(cls: type[Exception]) -> None:
    response = problem_of(instance(cls), "request-1")
    kind = KINDS[cls]
    assert kind.status == response.status_code
    assert response.headers["content-type"] == "application/problem+json"
    body = problem(response)
    check_problem(body)
    assert (kind.status, kind.type, kind.title, "request-1") == (
        body["status"],
        body["type"],
        body["title"],
        body["request_id"],
    )
    assert len(str(body["detail"])) >= len("What happened.")


def test_a_missing_scope_is_named_in_a_challenge() -> None:
    response = problem_of(instance(errors.InsufficientScope), "request-1")
    assert response.headers["www-authenticate"] == (
        'Bearer realm="holdfast", error="insufficient_scope", scope="read book"'
    )


def test_the_types_of_the_table_are_those_of_the_contract() -> None:
    enumerated = set(document()["components"]["schemas"]["ProblemType"]["enum"])
    assert enumerated == {kind.type for kind in KINDS.values()} | {"internal_error"}


def test_some_operation_declares_each_type_with_its_status_and_no_other() -> None:
    ours = {(kind.status, str(kind.type)) for kind in KINDS.values()}
    with_models = {
        (409, "booking_conflict"),
        (409, "closure_affects_bookings"),
        (422, "import_refused"),
    }
    assert ours | with_models | {(500, "internal_error")} == EVERYWHERE | set(declared())


def test_one_type_has_one_status_and_one_title() -> None:
    by_type = {(kind.type, kind.status, kind.title) for kind in KINDS.values()}
    assert len({kind.type for kind in KINDS.values()}) == len(by_type)
    assert len({kind.title for kind in KINDS.values()}) == len(by_type)


@pytest.mark.parametrize(
    ("cls", "status"),
    [
        (psycopg.errors.AdminShutdown, 503),
        (psycopg.errors.CannotConnectNow, 503),
        (psycopg.errors.TooManyConnections, 503),
        (psycopg.errors.DiskFull, 503),
        (psycopg.errors.QueryCanceled, 503),
        (psycopg.errors.LockNotAvailable, 503),
        (psycopg.errors.DeadlockDetected, 503),
        (psycopg.errors.SerializationFailure, 503),
        (psycopg.errors.ReadOnlySqlTransaction, 503),
        (psycopg.errors.IdleInTransactionSessionTimeout, 503),
        (psycopg.errors.UndefinedTable, 500),
        (psycopg.errors.NumericValueOutOfRange, 500),
        (ZeroDivisionError, 500),
        (OSError, 500),
    ],
)
def test_trouble_that_passes_is_503_and_trouble_that_does_not_is_500(
    cls: type[Exception], status: int
) -> None:
    response = problem_of(cls("password=hunter2"), "request-1")
    assert status == response.status_code
    assert ("retry-after" in response.headers) is (status == 503)
    assert b"hunter2" not in bytes(response.body)
    check_problem(problem(response))


@pytest.mark.parametrize("status", [400, 404, 418, 500])
def test_whatever_the_framework_raises_is_a_problem_too(status: int) -> None:
    check_problem(problem(problem_of(HTTPException(status, "internal words"), "request-1")))
    assert kind_of(HTTPException(status)).status in {404, 500}


def test_a_refusal_points_into_the_part_of_the_request_that_it_came_from() -> None:
    refusal = errors.EndNotAfterStart("Too early.", "/end_time")
    body = problem(problem_of(refusal, "request-1", "query"))
    assert [{"in": "query", "pointer": "/end_time", "detail": "Too early."}] == body["errors"]
    assert "errors" not in problem(problem_of(errors.BookingPast("Over."), "request-1"))
    fields = [FieldProblem("header", "/if-match", "is too long")]
    body = problem(problem_of(InvalidRequest("No.", fields), "request-1"))
    assert [{"in": "header", "pointer": "/if-match", "detail": "is too long"}] == body["errors"]
