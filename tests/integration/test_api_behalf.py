"""Staff who book, move and cancel for others, and who learns what of it."""

import pytest

from .api import Api, Json, at, created, invalid, listed, path_of, refused, wire
from .desk import facility_group, move, quota, shown, site_staff, user_group

ADMIN = "/api/v1/admin/bookings/"


def test_a_booking_on_behalf_is_the_users_and_names_who_made_it(api: Api) -> None:
    facility, ada = api.facility(api.site()), api.person(display_name="Ada")
    ingrid = site_staff(api, facility["site"])

    booking = ingrid.book(facility, at(9), at(10), user_id=ada.id)

    assert (booking["user"], booking["booked_by"]) == (ada.basic, ingrid.basic)
    assert shown(ada, booking) == booking
    assert [booking["id"]] == [row["id"] for row in listed(ada, "/api/v1/me/bookings/")]
    (entry,) = ada.history(booking)
    assert (entry["user"], entry["changed_by"]) == (ada.basic, ingrid.basic)
    assert entry["new_values"]["booked_by"] == ingrid.id


def test_who_names_themselves_books_for_themselves(api: Api) -> None:
    ada = api.person()
    booking = ada.book(api.facility(), at(9), at(10), user_id=ada.id)
    assert booking["user"] == ada.basic
    assert "booked_by" not in booking


def test_only_staff_of_the_facilitys_site_book_for_others(api: Api) -> None:
    facility, ada = api.facility(api.site()), api.person()
    for caller in (api.person(), site_staff(api, api.site())):
        response = caller.ask(facility, at(9), at(10), user_id=ada.id)
        refused(response, 403, "permission_denied")
    # Nor do they learn who exists.
    response = api.person().ask(facility, at(9), at(10), user_id=2**31 - 1)
    refused(response, 403, "permission_denied")


def test_a_booking_is_for_somebody_who_is_there(api: Api) -> None:
    facility, gone = api.facility(), api.person()
    api.staff.delete(f"/api/v1/users/{gone.id}/")
    for user_id in (gone.id, 2**31 - 1):
        response = api.staff.ask(facility, at(9), at(10), user_id=user_id)
        refused(response, 422, "user_unknown", "/user_id")


def test_a_facility_that_does_not_exist_is_told_of_before_anything_else(api: Api) -> None:
    response = api.person().ask({"id": 2**31 - 1}, at(9), at(10), user_id=1)
    refused(response, 422, "facility_unknown", "/facility_id")


def test_neither_groups_nor_quotas_nor_approval_bind_the_staff(api: Api) -> None:
    rules = {"requires_approval": True}
    facility = api.facility(api.site(), user_group_ids=[user_group(api)], rules=rules)
    quota(api, group=facility_group(api, facility), bookings=1)
    ingrid, ada = site_staff(api, facility["site"]), api.person()
    refused(ada.ask(facility, at(9), at(10)), 422, "facility_restricted", "/facility_id")

    for hour in (9, 10):
        booking = ingrid.book(facility, at(hour), at(hour + 1), user_id=ada.id)
        assert booking["status"] == "confirmed"


def test_a_key_repeats_a_booking_on_behalf_and_its_refusal(api: Api) -> None:
    facility, ada, bob = api.facility(), api.person(), api.person()
    first = api.staff.ask(facility, at(9), at(10), key="one", user_id=ada.id)
    again = api.staff.ask(facility, at(9), at(10), key="one", user_id=ada.id)
    assert created(first) == created(again)
    for _ in range(2):
        response = bob.ask(facility, at(11), at(12), key="two", user_id=ada.id)
        refused(response, 403, "permission_denied")


def test_staff_of_the_site_see_change_and_cancel_what_lies_there(api: Api) -> None:
    facility, ada = api.facility(api.site()), api.person()
    ingrid, olaf = site_staff(api, facility["site"]), site_staff(api, api.site())
    booking = ada.book(facility, at(9), at(10))

    for response in (
        olaf.get(path_of(booking)),
        olaf.patch(path_of(booking), {"title": "Mine"}),
        olaf.delete(path_of(booking)),
        olaf.get(f"{path_of(booking)}history/"),
    ):
        refused(response, 404, "not_found")
    assert shown(ingrid, booking) == booking
    assert move(ingrid, booking, at(10), at(11)).status_code == 200
    assert ingrid.delete(path_of(booking)).status_code == 204
    assert shown(ada, booking)["cancellation_cause"] == "staff"


def test_staff_move_others_bookings_between_their_own_sites_only(api: Api) -> None:
    here, there, far = (api.facility(api.site()) for _ in range(3))
    ingrid = site_staff(api, here["site"], there["site"])
    ada = api.person()
    booking = ada.book(here, at(9), at(10))

    response = ingrid.patch(path_of(booking), {"facility_id": far["id"]})
    refused(response, 403, "permission_denied")
    assert ingrid.patch(path_of(booking), {"facility_id": there["id"]}).status_code == 200
    assert ada.patch(path_of(booking), {"facility_id": far["id"]}).status_code == 200


def test_the_staff_say_why(api: Api) -> None:
    ada = api.person()
    booking = ada.book(api.facility(), at(9), at(10))

    moved = api.staff.patch(
        path_of(booking), {"end_time": wire(at(11)), "reason": " The hall is late. "}
    )
    assert moved.json()["change_reason"] == "The hall is late."
    # A reason is of the change that it came with, and of no later one.
    renamed = ada.patch(path_of(booking), {"title": "Else"})
    assert "change_reason" not in renamed.json()
    api.staff.delete(path_of(booking), params={"reason": "Water damage"})
    assert shown(ada, booking)["change_reason"] == "Water damage"
    reasons = [entry.get("reason") for entry in ada.history(booking)]
    assert reasons == [None, "The hall is late.", None, "Water damage"]


@pytest.mark.parametrize("more", [{}, {"title": "Stand-up"}], ids=["alone", "with what is"])
def test_a_reason_of_no_change_is_not_kept(api: Api, more: Json) -> None:
    ada = api.person()
    booking = ada.book(api.facility(), at(9), at(10))
    response = ada.patch(path_of(booking), {"reason": "Because", **more})
    assert (response.status_code, response.json()) == (200, booking)
    assert len(ada.history(booking)) == 1


def test_a_reason_to_cancel_is_one_line_of_at_most_500_characters(api: Api) -> None:
    ada = api.person()
    booking = ada.book(api.facility(), at(9), at(10))
    for reason in ("x" * 501, "two\nlines"):
        response = ada.delete(path_of(booking), params={"reason": reason})
        invalid(response, ("query", "/reason"))
        response = ada.patch(path_of(booking), {"title": "Else", "reason": reason})
        invalid(response, ("body", "/reason"))
    assert ada.delete(path_of(booking), params={"reason": " "}).status_code == 204
    assert "change_reason" not in shown(ada, booking)


def test_the_desk_lists_what_lies_at_its_sites_by_every_filter(api: Api) -> None:
    site, other = api.site(), api.site()
    here, there = api.facility(site), api.facility(other)
    ada, bob, ingrid = api.person(), api.person(), site_staff(api, site)
    plain = ada.book(here, at(9), at(10), title="Choir practice")
    made = ingrid.book(here, at(10), at(11), user_id=bob.id, title="Board games")
    gone = ada.book(here, at(11), at(12), title="Choir concert 100%")
    ada.delete(path_of(gone))
    far = ada.book(there, at(9), at(10), title="Choir abroad")

    def ids(caller: object = ingrid, **params: object) -> list[int]:
        return [row["id"] for row in listed(caller, ADMIN, **params)]  # type: ignore[arg-type]

    everything = [plain["id"], made["id"], gone["id"]]
    assert ids() == everything
    assert ids(site_id=site["id"]) == everything
    assert ids(site_id=other["id"]) == []
    assert ids(facility_id=there["id"]) == []
    assert ids(booked_by_id=ingrid.id) == [made["id"]]
    assert ids(user_id=bob.id) == [made["id"]]
    assert ids(cancellation_cause="owner") == [gone["id"]]
    assert ids(cancellation_cause="staff") == []
    assert ids(status="confirmed") == [plain["id"], made["id"]]
    assert ids(search="CHOIR") == [plain["id"], gone["id"]]
    assert ids(search="concert choir") == [gone["id"]]
    assert ids(search="0%") == [gone["id"]]
    assert ids(search="%") == [gone["id"]]
    assert ids(api.staff, site_id=other["id"]) == [far["id"]]
    adas = [*sorted([plain["id"], far["id"]]), gone["id"]]
    assert ids(api.staff, user_id=ada.id) == adas
    assert ids(site_staff(api, site, other), user_id=ada.id, search="choir", limit=1) == adas
    refused(ada.get(ADMIN), 403, "permission_denied")
