"""Bookings that wait for the staff: asked for, decided about, expired, and asked for anew."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep

import httpx
import pytest

from .api import Api, Json, Person, at, created, invalid, listed, path_of, refused, wire
from .desk import approve, expired, move, reject, service_of_its_own, shown, site_staff

DECISIONS = "/api/v1/admin/bookings/decisions/"
Decide = Callable[[Person, Json], httpx.Response]
APPROVAL = {"requires_approval": True, "approval_timeout_minutes": 60}


@pytest.fixture(scope="module")
def slow(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A service whose upkeep does not come: what has expired lies where it lay."""
    log = tmp_path_factory.mktemp("slow") / "service.log"
    with service_of_its_own(server, template, log, 3600) as api:
        yield api


@pytest.fixture
def hall(api: Api) -> Json:
    """A facility that requires approval within an hour."""
    return api.facility(api.site(), rules=APPROVAL)


def test_a_members_booking_is_pending_for_as_long_as_the_facility_says(
    api: Api, hall: Json
) -> None:
    ada = api.person()
    before = datetime.now(UTC)

    booking = ada.book(hall, at(9), at(10))

    assert booking["status"] == "pending"
    deadline = datetime.fromisoformat(booking["decide_by"])
    hour = timedelta(hours=1)
    assert before + hour <= deadline <= datetime.now(UTC) + hour
    assert refused(api.person().ask(hall, at(9.5), at(10)), 409, "booking_conflict")


@pytest.mark.parametrize("governor", ["house", "site"])
def test_who_governs_the_facility_needs_no_approval(api: Api, hall: Json, governor: str) -> None:
    person = api.staff if governor == "house" else site_staff(api, hall["site"])

    booking = person.book(hall, at(9), at(10))

    assert booking["status"] == "confirmed"
    assert "decide_by" not in booking


def test_staff_of_another_site_need_approval_like_everybody(api: Api, hall: Json) -> None:
    assert site_staff(api, api.site()).book(hall, at(9), at(10))["status"] == "pending"


def test_an_approved_booking_is_confirmed_and_says_what_was_told(api: Api, hall: Json) -> None:
    ada, ingrid = api.person(), site_staff(api, hall["site"])
    booking = ada.book(hall, at(9), at(10))

    response = approve(ingrid, booking, reason="Have fun.")

    assert response.status_code == 200
    assert response.headers["etag"] == ada.get(path_of(booking)).headers["etag"]
    assert response.json()["status"] == "confirmed"
    assert response.json()["change_reason"] == "Have fun."
    assert "decide_by" not in response.json()


def test_a_rejected_booking_is_cancelled_with_the_reason_and_holds_nothing(
    api: Api, hall: Json
) -> None:
    ada = api.person()
    booking = ada.book(hall, at(9), at(10))

    response = reject(api.staff, booking, "  An examination  ")

    assert response.status_code == 200
    assert response.json()["status"] == "cancelled"
    assert response.json()["cancellation_cause"] == "rejected"
    assert response.json()["change_reason"] == "An examination"
    ada.book(hall, at(9), at(10))


@pytest.mark.parametrize("decide", [approve, reject])
def test_who_decides_is_who_governs_the_site(api: Api, hall: Json, decide: Decide) -> None:
    ada = api.person()
    booking = ada.book(hall, at(9), at(10))

    refused(decide(ada, booking), 403, "permission_denied")
    refused(decide(api.person(), booking), 404, "not_found")
    refused(decide(site_staff(api, api.site()), booking), 404, "not_found")
    assert shown(ada, booking) == booking
    assert decide(site_staff(api, hall["site"]), booking).status_code == 200


@pytest.mark.parametrize("decide", [approve, reject])
def test_what_does_not_wait_is_not_decided_about(api: Api, hall: Json, decide: Decide) -> None:
    confirmed = api.staff.book(hall, at(9), at(10))
    refused(decide(api.staff, confirmed), 409, "booking_not_pending")
    api.staff.delete(path_of(confirmed))
    refused(decide(api.staff, confirmed), 409, "booking_not_pending")


def test_a_decision_is_made_once(api: Api, hall: Json) -> None:
    booking = api.person().book(hall, at(9), at(10))
    assert approve(api.staff, booking).status_code == 200
    refused(approve(api.staff, booking), 409, "booking_not_pending")
    refused(reject(api.staff, booking), 409, "booking_not_pending")


@pytest.mark.parametrize("decide", ["approve", "reject"])
def test_a_decision_is_about_the_version_that_was_read(api: Api, hall: Json, decide: str) -> None:
    ada = api.person()
    booking = ada.book(hall, at(9), at(10))
    old = ada.get(path_of(booking)).headers["etag"]
    ada.patch(path_of(booking), {"title": "Something else"})
    new = ada.get(path_of(booking)).headers["etag"]
    path, body = f"{path_of(booking)}{decide}/", {"reason": "Because"}

    refused(api.staff.post(path, body, headers={"If-Match": old}), 412, "precondition_failed")
    assert api.staff.post(path, body, headers={"If-Match": new}).status_code == 200


@pytest.mark.parametrize("reason", [" ", "\u2003\u00a0"])
def test_a_rejection_says_why(api: Api, hall: Json, reason: str) -> None:
    booking = api.person().book(hall, at(9), at(10))
    refused(reject(api.staff, booking, reason), 422, "reason_blank", "/reason")
    response = api.staff.post(f"{path_of(booking)}reject/", {})
    invalid(response, ("body", "/reason"))


def test_a_reason_is_one_line_of_at_most_500_characters(api: Api, hall: Json) -> None:
    booking = api.person().book(hall, at(9), at(10))
    for text in ("x" * 501, "two\nlines"):
        invalid(reject(api.staff, booking, text), ("body", "/reason"))
        invalid(approve(api.staff, booking, reason=text), ("body", "/reason"))
    assert reject(api.staff, booking, "x" * 500).status_code == 200


def test_more_time_has_to_be_agreed_to_anew_and_less_has_not(api: Api, hall: Json) -> None:
    ada = api.person()
    booking = ada.book(hall, at(9), at(11))
    approve(api.staff, booking)

    assert move(ada, booking, at(9.5), at(10.5)).json()["status"] == "confirmed"
    assert ada.patch(path_of(booking), {"title": "Else"}).json()["status"] == "confirmed"
    more = move(ada, booking, at(9.5), at(10.75)).json()
    assert (more["status"], "decide_by" in more) == ("pending", True)
    assert approve(api.staff, booking).json()["end_time"] == wire(at(10.75))


def test_the_staff_change_what_is_confirmed_without_asking_themselves(api: Api, hall: Json) -> None:
    booking = api.person().book(hall, at(9), at(10))
    approve(api.staff, booking)
    assert move(api.staff, booking, at(12), at(14)).json()["status"] == "confirmed"


def test_what_waits_keeps_its_time_to_be_decided_through_a_lesser_change(
    api: Api, hall: Json
) -> None:
    ada = api.person()
    booking = ada.book(hall, at(9), at(11))

    less = move(ada, booking, at(9), at(10)).json()
    by_staff = move(api.staff, booking, at(14), at(16)).json()
    more = move(ada, booking, at(14), at(16.25)).json()

    assert [less["status"], by_staff["status"], more["status"]] == ["pending"] * 3
    assert booking["decide_by"] == less["decide_by"] == by_staff["decide_by"]
    assert booking["decide_by"] < more["decide_by"]


def test_what_has_expired_holds_nothing_though_nobody_has_cleared_it_away(slow: Api) -> None:
    hall = slow.facility(slow.site(), rules=APPROVAL)
    ada, bob = slow.person(), slow.person()
    lost = ada.book(hall, at(9), at(10))
    expired(slow, lost)

    window = {"facility_id": hall["id"], "start_time": wire(at(9)), "end_time": wire(at(10))}
    (found,) = bob.get("/api/v1/availability/search", params=window).json()
    assert found["next_available"] == wire(at(9))
    created(bob.ask(hall, at(9.5), at(10.5), key="mine"))
    assert shown(ada, lost)["cancellation_cause"] == "expired"
    last = ada.history(lost)[-1]
    assert "changed_by" not in last
    assert "request_id" not in last
    assert last["summary"] == "Nobody decided about it in time, so it expired."


def test_what_has_expired_is_not_told_of_as_outside_of_new_rules(slow: Api) -> None:
    ada, hall = slow.person(), slow.facility(rules=APPROVAL)
    lost, waits = (ada.book(hall, at(hour), at(hour + 1)) for hour in (9, 11))
    expired(slow, lost)

    after = slow.staff.patch(f"/api/v1/facilities/{hall['id']}/", {"opening_hours": []})

    told = [each["booking"]["id"] for each in after.json()["bookings_outside_rules"]]
    assert [waits["id"]] == told


def test_a_move_clears_what_has_expired_out_of_its_way(slow: Api) -> None:
    hall = slow.facility(slow.site(), rules=APPROVAL)
    ada, bob = slow.person(), slow.person()
    lost, mine = ada.book(hall, at(9), at(10)), bob.book(hall, at(12), at(13))
    expired(slow, lost)

    assert move(bob, mine, at(9), at(10)).status_code == 200
    assert shown(ada, lost)["status"] == "cancelled"
    assert slow.sql("SELECT count(*) FROM booking_conflicts") == [(0,)]


def test_what_has_expired_becomes_nothing_but_cancelled(slow: Api) -> None:
    hall = slow.facility(slow.site(), rules=APPROVAL)
    ada = slow.person()
    lost = ada.book(hall, at(9), at(10))
    expired(slow, lost)

    refused(approve(slow.staff, lost), 409, "approval_expired")
    refused(reject(slow.staff, lost), 409, "approval_expired")
    refused(ada.patch(path_of(lost), {"title": "Else"}), 409, "approval_expired")
    assert shown(ada, lost)["status"] == "pending"
    assert ada.delete(path_of(lost), params={"reason": "Never mind"}).status_code == 204
    assert shown(ada, lost)["cancellation_cause"] == "expired"
    last = ada.history(lost)[-1]
    assert {"changed_by", "request_id"}.isdisjoint(last)
    assert last["summary"] == "Nobody decided about it in time, so it expired."
    assert ada.delete(path_of(lost)).status_code == 204
    refused(approve(slow.staff, lost), 409, "booking_not_pending")


def test_the_service_cancels_what_has_expired_by_itself(
    server: str, template: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    log = tmp_path_factory.mktemp("upkeep") / "service.log"
    with service_of_its_own(server, template, log, 0.1) as api:
        hall = api.facility(rules=APPROVAL)
        ada = api.person()
        lost, kept = ada.book(hall, at(9), at(10)), ada.book(hall, at(10), at(11))
        expired(api, lost)
        deadline = monotonic() + 20
        while shown(ada, lost)["status"] == "pending":
            assert monotonic() < deadline, "nobody cancels it"
            sleep(0.05)
        assert shown(ada, lost)["cancellation_cause"] == "expired"
        assert shown(ada, kept) == kept
        assert [entry["action"] for entry in ada.history(lost)][-1] == "cancelled"


def test_several_are_decided_at_once_each_for_itself(api: Api, hall: Json) -> None:
    ada, ingrid = api.person(), site_staff(api, hall["site"])
    elsewhere = api.facility(api.site(), rules=APPROVAL)
    waiting = [ada.book(hall, at(hour), at(hour + 1)) for hour in (9, 10)]
    confirmed = api.staff.book(hall, at(11), at(12))
    hidden = ada.book(elsewhere, at(9), at(10))
    ids = [waiting[1]["id"], confirmed["id"], hidden["id"], waiting[0]["id"], 2**50]

    response = ingrid.post(DECISIONS, {"decision": "approve", "booking_ids": ids})

    assert response.status_code == 200
    results = response.json()
    assert [result["id"] for result in results] == ids
    assert [result.get("status") for result in results] == [
        "confirmed",
        None,
        None,
        "confirmed",
        None,
    ]
    told = [result["refusal"]["type"] for result in results if "refusal" in result]
    assert told == ["booking_not_pending", "not_found", "not_found"]
    assert shown(ada, hidden)["status"] == "pending"


def test_several_are_rejected_with_one_reason(api: Api, hall: Json) -> None:
    ada = api.person()
    ids = [ada.book(hall, at(hour), at(hour + 1))["id"] for hour in (9, 10)]
    body = {"decision": "reject", "booking_ids": ids}

    refused(api.staff.post(DECISIONS, body), 422, "reason_blank", "/reason")
    refused(api.staff.post(DECISIONS, {**body, "reason": " "}), 422, "reason_blank", "/reason")
    response = api.staff.post(DECISIONS, {**body, "reason": "Examinations"})

    assert [result["status"] for result in response.json()] == ["cancelled", "cancelled"]
    for booking_id in ids:
        booking = ada.get(f"/api/v1/bookings/{booking_id}/").json()
        assert booking["change_reason"] == "Examinations"


def test_only_staff_decide_about_several(api: Api, hall: Json) -> None:
    ada = api.person()
    body = {"decision": "approve", "booking_ids": [ada.book(hall, at(9), at(10))["id"]]}
    refused(ada.post(DECISIONS, body), 403, "permission_denied")


@pytest.mark.parametrize("ids", [[], [1, 1], [0], list(range(1, 102))], ids=str)
def test_bookings_to_decide_about_are_named_once_each(api: Api, ids: list[int]) -> None:
    body = {"decision": "approve", "booking_ids": ids}
    response = api.staff.post(DECISIONS, body)
    assert (response.status_code, response.json()["type"]) == (400, "invalid_request")


def test_what_waits_is_listed_for_the_staff_of_its_site(api: Api, hall: Json) -> None:
    ada: Person = api.person()
    waiting = ada.book(hall, at(9), at(10))
    api.staff.book(hall, at(10), at(11))
    path, params = "/api/v1/admin/bookings/", {"status": "pending", "site_id": hall["site"]["id"]}

    assert [waiting] == listed(site_staff(api, hall["site"]), path, **params)
    assert [waiting] == listed(api.staff, path, **params)
    assert [] == listed(site_staff(api, api.site()), path, **params)
