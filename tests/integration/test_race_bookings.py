"""Bookings written, decided about and closed over while somebody else is at work on them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx
import psycopg
import pytest
from psycopg.errors import LockNotAvailable

from .api import Api, Json, Person, at, created, path_of, refused, wire
from .desk import approve, move, shown, site_staff
from .meanwhile import holding, until, waiters, waiting

APPROVAL = {"requires_approval": True}
CLOSURES = "/api/v1/closures/"
HOLD_BOOKING = "SELECT FROM bookings WHERE id = %s FOR UPDATE"
HOLD_FACILITY = "SELECT FROM facilities WHERE id = %s FOR UPDATE"
DEACTIVATE = "UPDATE users SET deactivated_at = now() WHERE id = %s"


@pytest.fixture
def ada(api: Api) -> Person:
    """Whose bookings they are."""
    return api.person()


@pytest.fixture
def room(api: Api) -> Json:
    """A facility of a site of its own."""
    return api.facility(api.site())


def closing(room: Json, start: float, end: float, **more: object) -> Json:
    """A closure of the room to ask for."""
    times = {"start_time": wire(at(start)), "end_time": wire(at(end))}
    return {"facility_id": room["id"], "reason": "Repairs", **times, **more}


# Users who are deactivated meanwhile


def test_who_is_deactivated_while_they_book_gets_no_booking(
    api: Api, ada: Person, room: Json
) -> None:
    with (
        holding(api, HOLD_FACILITY, room["id"]) as other,
        waiting(api, other, lambda: ada.ask(room, at(9), at(10))) as reply,
    ):
        api.sql(DEACTIVATE, ada.id)
        other.rollback()
    refused(reply.result(), 403, "permission_denied", says=["deactivated"])
    assert [(0,)] == api.sql("SELECT count(*) FROM bookings WHERE user_id = %s", ada.id)
    assert [(0,)] == api.sql("SELECT count(*) FROM booking_conflicts WHERE user_id = %s", ada.id)


def test_a_create_waits_for_whoever_deactivates_its_user(api: Api, ada: Person, room: Json) -> None:
    with holding(api, "SELECT FROM users WHERE id = %s FOR UPDATE", ada.id) as other:
        with waiting(api, other, lambda: ada.ask(room, at(9), at(10))) as reply:
            other.execute(DEACTIVATE.encode(), [ada.id])
            other.commit()
        refused(reply.result(), 403, "permission_denied", says=["deactivated"])


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_who_is_deactivated_while_they_change_a_booking_writes_nothing(
    api: Api, ada: Person, room: Json, method: str
) -> None:
    booking = ada.book(room, at(9), at(10))

    def ask() -> httpx.Response:
        if method == "PATCH":
            return ada.patch(path_of(booking), {"title": "A name"})
        return ada.delete(path_of(booking), params={"reason": "A name"})

    with (
        holding(api, HOLD_BOOKING, booking["id"]) as other,
        waiting(api, other, ask) as reply,
    ):
        api.sql(DEACTIVATE, ada.id)
        other.rollback()
    refused(reply.result(), 403, "permission_denied", says=["deactivated"])
    assert shown(api.staff, booking) == booking


def test_the_staff_change_and_cancel_what_somebody_deactivated_has_booked(
    api: Api, ada: Person, room: Json
) -> None:
    booking = ada.book(room, at(9), at(10))
    api.sql(DEACTIVATE, ada.id)
    assert move(api.staff, booking, at(11), at(12)).status_code == 200
    assert api.staff.delete(path_of(booking)).status_code == 204


# Moves


def test_a_booking_that_a_rival_moves_meanwhile_is_judged_where_it_is(
    api: Api, ada: Person, room: Json
) -> None:
    """It is closed there just now, which only whoever locks the facility can see."""
    elsewhere = api.facility(room["site"])
    booking = ada.book(room, at(9), at(10))
    close = (
        "INSERT INTO closures (facility_id, start_time, end_time, reason)"
        " VALUES (%s, %s, %s, 'Repairs')"
    )
    moved = "UPDATE bookings SET facility_id = %s WHERE id = %s"
    hold = "SELECT FROM facilities WHERE id = %s FOR NO KEY UPDATE"

    with holding(api, hold, elsewhere["id"]) as closer:
        closer.execute(close.encode(), [elsewhere["id"], at(11), at(13)])
        with holding(api, moved, elsewhere["id"], booking["id"]) as mover:
            ask = lambda: move(ada, booking, at(11), at(12))  # noqa: E731 - said where it is used
            with waiting(api, mover, ask) as reply:
                mover.commit()
                until(lambda: reply.done() or waiters(api, closer.info.backend_pid) > 0)
                closer.commit()

    refused(reply.result(), 422, "facility_closed", "/start_time")


def test_a_move_is_tried_again_when_its_rival_is_gone_by_the_time_of_asking(
    api: Api, ada: Person, room: Json
) -> None:
    booking, rival = ada.book(room, at(9), at(10)), api.person()
    taken = (
        "INSERT INTO bookings (facility_id, user_id, start_time, end_time, title)"
        " VALUES (%s, %s, %s, %s, 'Rival')"
    )
    gone = "UPDATE bookings SET status = 'cancelled' WHERE title = 'Rival' AND user_id = %s"
    with (
        holding(api, taken, room["id"], rival.id, at(11), at(12)) as other,
        psycopg.connect(api.dsn) as janitor,
        ThreadPoolExecutor(1) as threads,
        waiting(api, other, lambda: move(ada, booking, at(11), at(12))) as reply,
    ):
        # It comes next: after the move is lost, and before anybody can look why.
        locked = threads.submit(janitor.execute, b"LOCK TABLE bookings")
        until(lambda: waiters(api, other.info.backend_pid) == 2)
        other.commit()
        locked.result()
        janitor.execute(gone.encode(), [rival.id])
        janitor.commit()
    assert reply.result().status_code == 200, reply.result().text
    assert [(0,)] == api.sql("SELECT count(*) FROM booking_conflicts WHERE user_id = %s", ada.id)


# Closures


@pytest.mark.parametrize("cancel", [False, True])
def test_a_closure_waits_for_whoever_confirms_what_seems_to_have_expired(
    api: Api,
    ada: Person,
    cancel: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    hall = api.facility(rules=APPROVAL)
    booking = ada.book(hall, at(9), at(10))
    soon = datetime.now(UTC) + timedelta(milliseconds=500)
    api.sql("UPDATE bookings SET decide_by = %s WHERE id = %s", soon, booking["id"])
    confirm = "UPDATE bookings SET status = 'confirmed', decide_by = NULL WHERE id = %s"

    with holding(api, confirm, booking["id"]) as other:
        until(lambda: datetime.now(UTC) > soon)
        body = closing(hall, 9, 10, cancel_bookings=cancel)
        with waiting(api, other, lambda: api.staff.post(CLOSURES, body)) as reply:
            other.commit()

    if cancel:
        assert created(reply.result())["cancelled_count"] == 1
        assert shown(ada, booking)["cancellation_cause"] == "closure"
    else:
        problem = refused(reply.result(), 409, "closure_affects_bookings")
        assert [booking["id"]] == [each["id"] for each in problem["affected_bookings"]]


def test_a_closure_that_is_to_cancel_nothing_waits_for_no_booking(
    api: Api, ada: Person, room: Json
) -> None:
    booking = ada.book(room, at(9), at(10))
    with holding(api, HOLD_BOOKING, booking["id"]):
        response = api.staff.post(CLOSURES, closing(room, 8, 12))
        assert refused(response, 409, "closure_affects_bookings")["affected_count"] == 1


def test_a_pending_booking_that_is_closed_over_waits_for_nobody(api: Api, ada: Person) -> None:
    hall = api.facility(rules=APPROVAL)
    booking = ada.book(hall, at(9), at(10))
    made = created(api.staff.post(CLOSURES, closing(hall, 8, 12, cancel_bookings=True)))
    assert [booking["id"]] == [each["id"] for each in made["cancelled_bookings"]]
    assert "decide_by" not in shown(ada, booking)


def test_who_may_not_close_something_is_told_at_once(api: Api, room: Json) -> None:
    stranger = site_staff(api, api.site())
    body = closing(room, 8, 12)
    of_site = {"site_id": room["site"]["id"], **{k: body[k] for k in body if k != "facility_id"}}
    with holding(api, HOLD_FACILITY, room["id"]) as other:
        other.execute(b"SELECT FROM sites WHERE id = %s FOR UPDATE", [room["site"]["id"]])
        refused(stranger.post(CLOSURES, body), 403, "permission_denied")
        refused(stranger.post(CLOSURES, of_site), 403, "permission_denied")


# Rules


@pytest.mark.parametrize("trial", [False, True])
@pytest.mark.parametrize("what", ["facility", "site"])
def test_nothing_is_locked_while_bookings_are_held_against_new_rules(
    api: Api,
    ada: Person,
    room: Json,
    what: str,
    trial: bool,  # noqa: FBT001 - a parameter
) -> None:
    booking = ada.book(room, at(9), at(10))
    number = room["id"] if what == "facility" else room["site"]["id"]
    path = f"/api/v1/{'facilities' if what == 'facility' else 'sites'}/{number}/"
    params = {"dry_run": "true"} if trial else {}

    with holding(api, "LOCK TABLE bookings") as other:
        ask = lambda: api.staff.patch(path, {"opening_hours": []}, params=params)  # noqa: E731 - as above
        with waiting(api, other, ask) as reply:
            lock_at_once(api, "facilities", room["id"])
            lock_at_once(api, "sites", room["site"]["id"])
            other.rollback()

    (told,) = reply.result().json()["bookings_outside_rules"]
    assert (booking["id"], "outside_opening_hours") == (told["booking"]["id"], told["type"])


def lock_at_once(api: Api, table: str, number: int) -> None:
    """AssertionError if somebody holds the row."""
    try:
        api.sql(f"SELECT FROM {table} WHERE id = %s FOR UPDATE NOWAIT", number)
    except LockNotAvailable:
        message = f"the row of {table} is held"
        raise AssertionError(message) from None


# Decisions


def test_what_others_hold_is_not_decided_about_and_the_rest_is(api: Api, ada: Person) -> None:
    hall = api.facility(rules=APPROVAL)
    ids = [ada.book(hall, at(hour), at(hour + 1))["id"] for hour in (9, 10, 11)]
    body = {"decision": "approve", "booking_ids": ids}
    with holding(api, HOLD_BOOKING, ids[1]):
        response = api.staff.post("/api/v1/admin/bookings/decisions/", body)
    assert response.status_code == 200
    first, held, last = response.json()
    assert ("confirmed", "confirmed") == (first["status"], last["status"])
    assert "service_unavailable" == held["refusal"]["type"]
    again = approve(api.staff, {"id": ids[1]})
    assert again.status_code == 200
