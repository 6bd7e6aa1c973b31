"""All that is stored of a user: to be had, and to be forgotten."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest

from .api import Api, Json, Person, at, created, path_of, refused, unique, wire
from .cast import Cast, make_cast
from .desk import approve
from .meanwhile import holding, waiters

USERS = "/api/v1/users/"
EXPORT = "/api/v1/me/export/"
BOOKING = """
INSERT INTO bookings (facility_id, user_id, start_time, end_time, title, description, status,
                      change_reason)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
RETURNING id
"""


@pytest.fixture(scope="module")
def cast(api: Api) -> Cast:
    """Everybody whom a permission can tell apart."""
    return make_cast(api)


def where(person: Person, action: str = "") -> str:
    """The user's path."""
    return f"{USERS}{person.id}/{action}"


def put(  # noqa: PLR0913 - what a test may care about
    api: Api,
    person: Person,
    facility: Json,
    day: int,
    words: str = "Words",
    *,
    status: str = "confirmed",
) -> int:
    """A booking at noon of a day from that on which most tests book, by direct SQL."""
    start = at(12, day=day)
    rows = api.sql(
        BOOKING,
        facility["id"],
        person.id,
        start,
        start + timedelta(hours=1),
        f"Title {words}",
        f"Description {words}",
        status,
        f"Reason {words}",
    )
    return int(rows[0][0])


def everywhere(api: Api, text: str) -> list[str]:
    """The columns of the whole database that hold the text somewhere."""
    columns = api.sql(
        """
        SELECT c.table_name, c.column_name, c.data_type
          FROM information_schema.columns AS c
          JOIN information_schema.tables AS t USING (table_schema, table_name)
         WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'
        """
    )
    assert len(columns) > 100
    found = []
    for table, column, kind in columns:
        value = f"encode({column}, 'escape')" if kind == "bytea" else f"{column}::text"
        query = f"SELECT count(*) FROM {table} WHERE position(lower(%s) IN lower({value})) > 0"  # noqa: S608
        if api.sql(query, text) != [(0,)]:
            found.append(f"{table}.{column}")
    return sorted(found)


def statistics(api: Api, facility: Json) -> list[tuple[Any, ...]]:
    """What reports count: who booked what, when, for how many, and what became of it."""
    return api.sql(
        "SELECT id, user_id, start_time, end_time, attendee_count, status::text,"
        "       cancellation_cause::text, created_at"
        "  FROM bookings WHERE facility_id = %s ORDER BY id",
        facility["id"],
    )


def csv(api: Api, text: str) -> httpx.Response:
    """What an import of users by the staff of the house is answered."""
    headers = {"Content-Type": "text/csv"}
    response: httpx.Response = api.staff.request(
        "POST", "/api/v1/imports/users/", content=text.encode(), headers=headers
    )
    return response


def test_all_that_is_stored_of_a_user_is_one_document(api: Api, cast: Cast) -> None:
    room, ada, bob = api.facility(), api.person(display_name="Ada"), api.person()
    quota = created(
        api.staff.post("/api/v1/quotas/", {"facility_id": room["id"], "max_active_bookings": 5})
    )
    mine = [put(api, ada, room, day) for day in (3, 1, 2)]
    put(api, bob, room, 9)
    api.staff.patch(where(ada), {"site_ids": [cast.site["id"]], "display_name": "Ada L."})
    api.sql(
        "INSERT INTO booking_conflicts (facility_id, user_id, start_time, end_time)"
        " VALUES (%s, %s, %s, %s), (%s, %s, %s, %s)",
        *(room["id"], ada.id, at(1), at(2)),
        *(room["id"], bob.id, at(1), at(2)),
    )

    response = ada.get(EXPORT)
    document = response.json()

    assert f'attachment; filename="user-{ada.id}.json"' == response.headers["content-disposition"]
    assert document["complete"] is True
    assert api.staff.get(where(ada)).json() == document["user"]
    assert ada.get("/api/v1/me/tokens/").json() == document["tokens"]
    assert ada.token not in response.text
    assert [mine[1], mine[2], mine[0]] == [row["id"] for row in document["bookings"]]
    assert "Description Words" == document["bookings"][0]["description"]
    assert mine == [row["booking_id"] for row in document["booking_changes"]]
    assert "Title Words" == document["booking_changes"][0]["new_values"]["title"]
    assert document["facility_changes"] == []
    assert ["user_token", "user", "user", "site_staff"] == sorted(
        (row["record_type"] for row in document["record_changes"]), reverse=True
    )
    assert [room["id"]] == [row["facility_id"] for row in document["conflicts"]]
    (held,) = [row for row in document["quotas"] if row["id"] == quota["id"]]
    assert held["active_bookings"] == 3

    theirs = api.staff.get(where(ada, "export/"))
    assert document == theirs.json()
    again = ada.get(EXPORT, headers={"If-None-Match": response.headers["etag"]})
    assert again.status_code == 304
    refused(api.staff.get(f"{USERS}2147483647/export/"), 404, "not_found")


def test_what_somebody_did_to_others_records_is_exported_too(api: Api) -> None:
    boss, ada = api.person(is_staff=True), api.person()
    room = api.facility()
    path = f"/api/v1/facilities/{room['id']}/"
    assert boss.patch(path, {"description": "New"}).status_code == 200
    boss.patch(where(ada), {"display_name": "Ada"})
    document = boss.get(EXPORT).json()
    assert [room["id"]] == [row["facility_id"] for row in document["facility_changes"]]
    assert "New" == document["facility_changes"][0]["new_values"]["description"]
    assert ada.id in [row.get("record_id") for row in document["record_changes"]]


def test_what_others_records_say_is_not_exported_with_what_somebody_did_to_them(api: Api) -> None:
    boss, ada, room = api.person(is_staff=True), api.person(), api.facility()
    theirs = boss.book(room, at(1), at(2), user_id=ada.id, title="Whispered")
    own = boss.book(room, at(3), at(4), title="Spoken")
    boss.patch(where(ada), {"display_name": "Whispered"})
    boss.post(where(ada, "tokens/"), {"name": "Whispered"})
    boss.patch(where(ada), {"site_ids": [api.home["id"]]})
    boss.post("/api/v1/user-groups/", {"name": unique("Spoken aloud")})

    response = boss.get(EXPORT)

    document = response.json()
    assert "Whispered" not in response.text
    changes = {row["booking_id"]: row for row in document["booking_changes"]}
    assert {theirs["id"], own["id"]} == set(changes)
    assert {"id", "booking_id", "action", "changed_at", "changed_by", "request_id"} == set(
        changes[theirs["id"]]
    )
    assert "Spoken" == changes[own["id"]]["new_values"]["title"]
    shown = [
        (row["record_type"], "new_values" in row)
        for row in document["record_changes"]
        if row.get("changed_by", {}).get("id") == boss.id
    ]
    assert [
        ("user", False),
        ("user_token", False),
        ("site_staff", False),
        ("user_group", True),
    ] == shown
    mine = ada.get(EXPORT).json()
    assert "Whispered" == mine["booking_changes"][0]["new_values"]["title"]
    assert 2 == str(mine["record_changes"]).count("Whispered")


def test_what_waited_for_a_decision_waits_no_more(api: Api) -> None:
    ada = api.person()
    room = api.facility(rules={"requires_approval": True})
    asked = ada.book(room, at(9), at(10))
    assert "pending" == asked["status"]

    assert api.staff.post(where(ada, "anonymise/")).status_code == 200

    assert [("cancelled", "anonymised", None)] == api.sql(
        "SELECT status::text, cancellation_cause::text, decide_by FROM bookings WHERE id = %s",
        asked["id"],
    )


def test_a_few_exports_run_at_once_and_leave_connections_to_others(api: Api) -> None:
    ada = api.person()
    statement = "LOCK TABLE booking_conflicts IN ACCESS EXCLUSIVE MODE"
    with holding(api, statement) as other, ThreadPoolExecutor(8) as pool:
        replies = [pool.submit(lambda: ada.get(EXPORT)) for _ in range(8)]
        most = 0
        while not any(reply.done() for reply in replies):  # the first gives up waiting
            most = max(most, waiters(api, other.info.backend_pid))
        assert ada.get("/api/v1/me/").status_code == 200
        other.rollback()
    assert 3 == most
    assert {200, 503} >= {reply.result().status_code for reply in replies}


def test_a_long_list_is_exported_in_full_and_in_order(api: Api) -> None:
    ada, room = api.person(), api.facility()
    api.sql(
        "INSERT INTO booking_conflicts (facility_id, user_id, start_time, end_time)"
        " SELECT %s, %s, now() + n * interval '1 hour', now() + (n + 1) * interval '1 hour'"
        "   FROM generate_series(1, 1001) AS n",
        room["id"],
        ada.id,
    )
    rows = ada.get(EXPORT).json()["conflicts"]
    assert len(rows) == 1001
    assert sorted(row["start_time"] for row in rows) == [row["start_time"] for row in rows]


def test_nothing_that_somebody_wrote_is_left_anywhere_once_they_are_forgotten(api: Api) -> None:
    words, name = unique("Zebrawords"), unique("zebraname")
    boss, room = api.person(is_staff=True), api.facility()
    group = created(api.staff.post("/api/v1/user-groups/", {"name": unique("Group")}))
    ada = api.person(username=name, display_name=f"Miss {words}", site_ids=[api.home["id"]])
    created(ada.post("/api/v1/me/tokens/", {"name": f"Laptop of {words}"}))
    api.staff.request("PUT", f"/api/v1/user-groups/{group['id']}/members/{ada.id}/")
    api.staff.patch(where(ada), {"display_name": f"Doctor {words}"})
    booking = put(api, ada, room, 2, words)
    api.sql("UPDATE bookings SET title = %s WHERE id = %s", f"Changed {words}", booking)
    for user_id, body in (
        (ada.id, f'{{"title":"{words}"}}'),
        (boss.id, f'{{"user":{{"id":{ada.id},"username":"{name}"}},"title":"{words}"}}'),
        (boss.id, '{"user":{"id":1,"username":"somebody"}}'),
    ):
        api.sql(
            "INSERT INTO idempotency_keys (user_id, operation, key, fingerprint, status, headers,"
            "                              body, expires_at)"
            " VALUES (%s, 'o', %s, sha256(''), 201, '{}', convert_to(%s, 'UTF8'),"
            "         now() + interval '1 hour')",
            user_id,
            unique("key"),
            body,
        )
    assert {"users.username", "audit_log.new_values", "idempotency_keys.body"} <= set(
        everywhere(api, name)
    )
    assert {
        "users.display_name",
        "user_tokens.name",
        "bookings.title",
        "bookings.description",
        "bookings.change_reason",
        "booking_audit.old_values",
        "booking_audit.new_values",
        "audit_log.old_values",
        "audit_log.new_values",
        "idempotency_keys.body",
    } <= set(everywhere(api, words))

    response = boss.post(where(ada, "anonymise/"))

    user = response.json()
    assert user == {
        "id": ada.id,
        "username": f"anonymous-{ada.id}",
        "is_staff": False,
        "sites": [],
        "groups": [],
        "is_active": False,
        "created_at": ada.user["created_at"],
        "deactivated_at": user["deactivated_at"],
        "anonymised_at": user["deactivated_at"],
    }
    assert user == api.staff.get(where(ada)).json()
    assert everywhere(api, words) == []
    assert everywhere(api, name) == []
    tokens = api.sql(
        "SELECT action::text, COALESCE(new_values, old_values) ->> 'name' FROM audit_log"
        " WHERE record_type = 'user_token'"
        "   AND (COALESCE(new_values, old_values) ->> 'user_id')::int = %s ORDER BY id",
        ada.id,
    )
    assert [(action, "Anonymised") for action in ("created",) * 2 + ("deleted",) * 2] == tokens
    refused(ada.get("/api/v1/me/"), 401, "authentication_required")
    assert [(1,)] == api.sql("SELECT count(*) FROM idempotency_keys WHERE user_id = %s", boss.id)
    history = api.staff.get(where(ada, "export/")).json()["booking_changes"]
    assert len(history) == 3
    assert {"Anonymised"} == {row["new_values"]["title"] for row in history}


def test_the_reasons_that_somebody_gave_as_staff_are_forgotten_and_those_of_others_stay(
    api: Api,
) -> None:
    words, others = unique("Zebrareason"), unique("Otherreason")
    ada, boss, bob = api.person(is_staff=True), api.person(is_staff=True), api.person()
    room = api.facility()
    hall = api.facility(rules={"requires_approval": True})
    kept, taken, final = (bob.book(room, at(hour), at(hour + 1)) for hour in (9, 11, 13))
    asked = bob.book(hall, at(9), at(10))

    def rename(person: Person, booking: Json, title: str, reason: str | None = None) -> None:
        body = {"title": title} if reason is None else {"title": title, "reason": reason}
        assert person.patch(path_of(booking), body).status_code == 200

    rename(ada, kept, "Second", f"First {words}")
    rename(ada, kept, "Third", f"Second {words}")
    rename(boss, kept, "Fourth", f"Third {others}")
    rename(boss, taken, "Second", f"First {others}")
    rename(ada, taken, "Third", f"Second {words}")
    rename(boss, taken, "Fourth")
    assert ada.delete(path_of(final), params={"reason": f"Last {words}"}).status_code == 204
    assert approve(ada, asked, reason=f"Yes {words}").status_code == 200
    columns = {"bookings.change_reason", "booking_audit.old_values", "booking_audit.new_values"}
    assert columns <= set(everywhere(api, words))
    before = everywhere(api, others)

    assert api.staff.post(where(ada, "anonymise/")).status_code == 200

    assert everywhere(api, words) == []
    assert columns <= set(before)
    assert before == everywhere(api, others)

    def reasons(booking: Json) -> list[tuple[Any, ...]]:
        return api.sql(
            "SELECT old_values ->> 'change_reason', new_values ->> 'change_reason'"
            "  FROM booking_audit WHERE booking_id = %s ORDER BY id",
            booking["id"],
        )

    first, third = f"First {others}", f"Third {others}"
    assert [(None, None), (None, None), (None, None), (None, third)] == reasons(kept)
    assert [(None, None), (None, first), (first, None), (None, None)] == reasons(taken)
    assert third == bob.get(path_of(kept)).json()["change_reason"]
    assert "cancelled" == bob.get(path_of(final)).json()["status"]
    log = "SELECT count(*), max(id) FROM booking_audit"
    again = api.sql(log)
    assert api.staff.post(where(ada, "anonymise/")).status_code == 200
    assert again == api.sql(log)


def test_the_reasons_of_closures_are_the_houses_and_stay(api: Api) -> None:
    words = unique("Zebrapolish")
    ada, bob, room = api.person(is_staff=True), api.person(), api.facility()
    booking = bob.book(room, at(9), at(10))
    closure = {
        "facility_id": room["id"],
        "start_time": wire(at(8)),
        "end_time": wire(at(12)),
        "reason": words,
        "cancel_bookings": True,
    }
    created(ada.post("/api/v1/closures/", closure))
    assert words == bob.get(path_of(booking)).json()["change_reason"]
    before = everywhere(api, words)

    assert api.staff.post(where(ada, "anonymise/")).status_code == 200

    assert words == bob.get(path_of(booking)).json()["change_reason"]
    assert before == everywhere(api, words)


def test_who_was_forgotten_is_not_let_in_again(api: Api) -> None:
    ada, name = api.person(), unique("ada")
    namesake = api.person(username=f"anonymous-{name}")
    gone = api.staff.post(where(ada, "anonymise/")).json()
    assert gone["anonymised_at"] == gone["deactivated_at"]

    back = api.staff.patch(where(ada), {"is_active": True})
    refused(back, 422, "user_unknown", "/is_active", says=[gone["username"], "for good"])
    token = api.staff.post(where(ada, "tokens/"), {"name": "Laptop"})
    refused(token, 422, "user_unknown", says=["for good"])
    refusal = csv(api, f"username,status\n{gone['username'].upper()},active\n").json()
    assert "import_refused" == refusal["type"]
    assert [(2, "status")] == [(line["line"], line["column"]) for line in refusal["lines"]]
    same = csv(api, f"username,status\n{gone['username']},deactivated\n")
    assert 1 == same.json()["unchanged"]
    assert gone == api.staff.get(where(ada)).json()
    assert api.staff.patch(where(ada), {"is_active": False}).json() == gone
    with pytest.raises(Exception, match="users_anonymised_stay_out"):
        api.sql("UPDATE users SET deactivated_at = NULL WHERE id = %s", ada.id)

    # What somebody is called proves nothing.
    api.staff.delete(where(namesake))
    assert api.staff.patch(where(namesake), {"is_active": True}).json() == namesake.user


def test_who_was_deactivated_first_keeps_the_time_and_is_forgotten_since_later(api: Api) -> None:
    ada = api.person()
    left = api.staff.patch(where(ada), {"is_active": False}).json()
    assert "anonymised_at" not in left
    gone = api.staff.post(where(ada, "anonymise/")).json()
    assert left["deactivated_at"] == gone["deactivated_at"] < gone["anonymised_at"]


def test_what_was_booked_when_stays_and_what_has_not_begun_is_cancelled(api: Api) -> None:
    ada, bob, room = api.person(), api.person(), api.facility()
    past = [
        put(api, ada, room, day, status=status)
        for day, status in ((-40, "confirmed"), (-41, "cancelled"), (-42, "pending"))
    ]
    coming = [put(api, ada, room, 1), put(api, ada, room, 2, status="pending")]
    dropped = put(api, ada, room, 3, status="cancelled")
    other = put(api, bob, room, 4)
    before = {row[0]: row for row in statistics(api, room)}

    assert api.staff.post(where(ada, "anonymise/")).status_code == 200

    after = {row[0]: row for row in statistics(api, room)}
    for booking in (*past, dropped, other):
        assert before[booking] == after[booking]
    for booking in coming:
        *kept, _, _, created_at = before[booking]
        assert (*kept, "cancelled", "anonymised", created_at) == after[booking]
    assert [("Title Words", "Description Words", "Reason Words")] == api.sql(
        "SELECT title, description, change_reason FROM bookings WHERE id = %s", other
    )
    actions = api.sql(
        "SELECT booking_id, changed_by FROM booking_audit"
        " WHERE action = 'cancelled' AND booking_id = ANY(%s) ORDER BY booking_id",
        coming,
    )
    assert [(booking, api.staff.id) for booking in coming] == actions


def test_to_forget_somebody_again_changes_nothing(api: Api) -> None:
    ada, room = api.person(), api.facility()
    put(api, ada, room, 1)
    first = api.staff.post(where(ada, "anonymise/"))
    counts = (
        "SELECT (SELECT count(*) FROM audit_log), (SELECT count(*) FROM booking_audit),"
        "       (SELECT max(updated_at) FROM bookings WHERE facility_id = %s)"
    )
    before = api.sql(counts, room["id"])
    second = api.staff.post(where(ada, "anonymise/"))
    assert (200, first.json()) == (second.status_code, second.json())
    assert before == api.sql(counts, room["id"])
    refused(api.staff.post(f"{USERS}2147483647/anonymise/"), 404, "not_found")


def test_a_name_that_somebody_else_has_gets_a_number(api: Api) -> None:
    ada = api.person()
    for number in ("", "-2"):
        api.person(username=f"Anonymous-{ada.id}{number}")
    first = api.staff.post(where(ada, "anonymise/")).json()
    assert first["username"] == f"anonymous-{ada.id}-3"
    assert first == api.staff.post(where(ada, "anonymise/")).json()


def test_the_logs_change_for_nothing_else(api: Api) -> None:
    ada, room = api.person(), api.facility()
    put(api, ada, room, 1)
    api.staff.post(where(ada, "anonymise/"))
    for statement in (
        "UPDATE booking_audit SET new_values = '{}'",
        "UPDATE audit_log SET changed_by = NULL",
        "DELETE FROM audit_log",
    ):
        with pytest.raises(Exception, match="only grows"):
            api.sql(statement)
