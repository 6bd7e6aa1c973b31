"""Idempotency-Key: a booking that may be asked for again and again, and is made once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from time import monotonic, sleep
from typing import Any

import httpx
import orjson
import psycopg
import pytest

from .api import Api, Json, Person, at, created, invalid, path_of, refused, unique, wire


def replayed(response: httpx.Response) -> bool:
    """Whether the reply says that it is an earlier one."""
    return bool(response.headers.get("idempotency-replayed") == "true")


def bookings_of(person: Person) -> list[Json]:
    """The person's bookings."""
    return list(person.get("/api/v1/me/bookings/").json())


def test_the_same_request_gets_the_same_answer_and_makes_one_booking(api: Api) -> None:
    ada, facility, key = api.person(), api.facility(), unique("key")
    first = ada.ask(facility, at(9), at(10), key=key)
    second = ada.ask(facility, at(9), at(10), key=key)
    assert first.status_code == 201
    assert not replayed(first)
    assert replayed(second)
    assert (first.status_code, first.content) == (second.status_code, second.content)
    for name in ("content-type", "etag", "location"):
        assert first.headers[name] == second.headers[name]
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert len(bookings_of(ada)) == 1


def test_without_a_key_the_same_request_meets_its_own_booking(api: Api) -> None:
    ada, facility = api.person(), api.facility()
    booking = ada.book(facility, at(9), at(10))
    again = ada.ask(facility, at(9), at(10))
    assert again.status_code == 409
    assert booking["id"] == again.json()["conflicting_booking"]["id"]


def test_the_answer_is_that_of_the_time_whatever_became_of_the_booking(api: Api) -> None:
    ada, facility, key = api.person(), api.facility(), unique("key")
    first = ada.ask(facility, at(9), at(10), key=key)
    ada.patch(path_of(first.json()), {"title": "Changed"})
    ada.delete(path_of(first.json()))
    again = ada.ask(facility, at(9), at(10), key=key)
    assert replayed(again)
    assert first.content == again.content
    assert ["cancelled"] == [booking["status"] for booking in bookings_of(ada)]


def test_a_request_is_the_same_however_its_json_is_written(api: Api) -> None:
    ada, facility, key = api.person(), api.facility(), unique("key")
    first = ada.ask(facility, at(9), at(10), key=key)
    body = {
        "title": "Stand-up",
        "end_time": wire(at(10)),
        "start_time": wire(at(9)),
        "facility_id": facility["id"],
    }
    again = ada.post(
        "/api/v1/bookings/",
        content=orjson.dumps(body, option=orjson.OPT_INDENT_2),
        headers={"Idempotency-Key": key, "Content-Type": "Application/JSON; charset=UTF-8"},
    )
    assert replayed(again)
    assert first.content == again.content


@pytest.mark.parametrize(
    "other", [{"title": "Sit-down"}, {"attendee_count": 2}, {"description": "More"}]
)
def test_another_request_under_the_same_key_is_refused(api: Api, other: Json) -> None:
    ada, facility, key = api.person(), api.facility(), unique("key")
    first = ada.ask(facility, at(9), at(10), key=key)
    response = ada.ask(facility, at(9), at(10), key=key, **other)
    refused(response, 422, "idempotency_key_reused", says=["new key"])
    assert not replayed(response)
    again = ada.ask(facility, at(9), at(10), key=key)
    assert first.content == again.content
    assert len(bookings_of(ada)) == 1


def test_a_key_belongs_to_its_user(api: Api) -> None:
    ada, bob, facility, key = api.person(), api.person(), api.facility(), unique("key")
    first = created(ada.ask(facility, at(9), at(10), key=key))
    second = bob.ask(facility, at(10), at(11), key=key)
    assert not replayed(second)
    assert bob.basic == created(second)["user"]
    assert first["id"] != second.json()["id"]
    refused(bob.ask(facility, at(9), at(10), key=key), 422, "idempotency_key_reused")


def test_each_key_stands_for_a_request_of_its_own(api: Api) -> None:
    ada, facility, key = api.person(), api.facility(), unique("Key")
    made = [
        created(ada.ask(facility, at(hour), at(hour + 1), key=text))
        for hour, text in ((8, key), (9, key.lower()), (10, f"{key}x"))
    ]
    assert len({booking["id"] for booking in made}) == 3


def test_a_key_in_quotes_is_the_bare_key(api: Api) -> None:
    ada, facility, key = api.person(), api.facility(), unique("key")
    first = ada.ask(facility, at(9), at(10), key=f'"{key}"')
    again = ada.ask(facility, at(9), at(10), key=key)
    assert not replayed(first)
    assert replayed(again)
    assert first.content == again.content


@pytest.mark.parametrize("key", ["k", "k" * 255, '"', '""', '"quoted', "!#$%&'()*+,-./:;<=>?@[]~"])
def test_a_key_is_up_to_255_visible_characters(api: Api, key: str) -> None:
    ada, facility = api.person(), api.facility()
    first = ada.ask(facility, at(9), at(10), key=key)
    assert first.status_code == 201
    assert first.content == ada.ask(facility, at(9), at(10), key=key).content


@pytest.mark.parametrize("key", ["", "k" * 256, "two words", "tab\tbed", "schlüssel"])
def test_another_key_is_invalid(api: Api, key: str) -> None:
    ada, facility = api.person(), api.facility()
    body = {
        "facility_id": facility["id"],
        "start_time": wire(at(9)),
        "end_time": wire(at(10)),
        "title": "Stand-up",
    }
    headers: Any = {b"Idempotency-Key": key.encode()}
    headers[b"Authorization"] = f"Bearer {ada.token}".encode()
    response = api.http.post("/api/v1/bookings/", json=body, headers=headers)
    invalid(response, ("header", "/idempotency-key"))
    assert bookings_of(ada) == []


def test_two_keys_are_invalid(api: Api) -> None:
    ada, facility = api.person(), api.facility()
    body = {
        "facility_id": facility["id"],
        "start_time": wire(at(9)),
        "end_time": wire(at(10)),
        "title": "Stand-up",
    }
    key = unique("key")
    headers = [
        ("Authorization", f"Bearer {ada.token}"),
        ("Idempotency-Key", key),
        ("Idempotency-Key", key),
    ]
    response = api.http.post("/api/v1/bookings/", json=body, headers=headers)
    invalid(response, ("header", "/idempotency-key"))
    assert bookings_of(ada) == []


def test_a_conflict_is_answered_again_even_if_the_period_is_free_by_now(api: Api) -> None:
    ada, bob, facility, key = api.person(), api.person(), api.facility(), unique("key")
    in_the_way = ada.book(facility, at(9), at(10))
    first = bob.ask(facility, at(9), at(10), key=key)
    ada.delete(path_of(in_the_way))
    again = bob.ask(facility, at(9), at(10), key=key)
    assert first.status_code == again.status_code == 409
    assert replayed(again)
    assert first.content == again.content
    assert "application/problem+json" == again.headers["content-type"]
    assert bookings_of(bob) == []
    bob.book(facility, at(9), at(10), key=unique("key"))


def test_a_refusal_is_answered_again_even_if_the_rule_is_met_by_now(api: Api) -> None:
    ada, facility, key = api.person(), api.facility(capacity=2), unique("key")
    first = ada.ask(facility, at(9), at(10), key=key, attendee_count=3)
    api.staff.patch(f"/api/v1/facilities/{facility['id']}/", {"capacity": 3})
    again = ada.ask(facility, at(9), at(10), key=key, attendee_count=3)
    refused(again, 422, "too_many_attendees", "/attendee_count")
    assert replayed(again)
    assert first.content == again.content
    assert created(ada.ask(facility, at(9), at(10), attendee_count=3))


def test_a_request_that_the_contract_refuses_does_not_use_up_its_key(api: Api) -> None:
    ada, facility, key = api.person(), api.facility(), unique("key")
    assert ada.ask(facility, at(9), at(10), key=key, title="").status_code == 400
    first = ada.ask(facility, at(9), at(10), key=key)
    assert (201, False) == (first.status_code, replayed(first))


def test_a_key_is_kept_for_24_hours(api: Api) -> None:
    ada, facility, key = api.person(), api.facility(), unique("key")
    first = created(ada.ask(facility, at(9), at(10), key=key))
    ((lifetime,),) = api.sql(
        "SELECT expires_at - created_at FROM idempotency_keys WHERE key = %s", key
    )
    assert timedelta(hours=24) == lifetime
    age(api, key, "24 hours - 1 minute")
    assert replayed(ada.ask(facility, at(9), at(10), key=key))
    age(api, key, "1 minute")
    ada.delete(path_of(first))
    later = ada.ask(facility, at(9), at(10), key=key)
    assert not replayed(later)
    assert first["id"] != created(later)["id"]
    assert replayed(ada.ask(facility, at(9), at(10), key=key))


def test_an_expired_key_is_free_for_another_request(api: Api) -> None:
    ada, facility, key = api.person(), api.facility(), unique("key")
    ada.ask(facility, at(9), at(10), key=key)
    age(api, key, "24 hours")
    second = ada.ask(facility, at(11), at(12), key=key, title="Another")
    assert created(second)["title"] == "Another"
    refused(ada.ask(facility, at(9), at(10), key=key), 422, "idempotency_key_reused")


def test_expired_keys_are_removed_in_passing(api: Api) -> None:
    ada, facility, key = api.person(), api.facility(), unique("key")
    ada.ask(facility, at(9), at(10), key=key)
    age(api, key, "24 hours")
    for hour in range(10, 14):
        ada.ask(facility, at(hour), at(hour + 1), key=unique("key"))
    assert [(0,)] == api.sql("SELECT count(*) FROM idempotency_keys WHERE key = %s", key)


def age(api: Api, key: str, by: str) -> None:
    """Make the key older than it is."""
    api.sql(
        """
        UPDATE idempotency_keys
           SET created_at = created_at - %s::interval, expires_at = expires_at - %s::interval
         WHERE key = %s
        """,
        by,
        by,
        key,
    )


@contextmanager
def undecided(api: Api, facility: Json) -> Iterator[psycopg.Connection[Any]]:
    """A rival who has booked nine to ten and not committed: others must wait for the outcome.

    Rolled back at the end, if it is not by then.
    """
    rival = api.person()
    with psycopg.connect(api.dsn) as conn:
        conn.execute(
            """
            INSERT INTO bookings (facility_id, user_id, start_time, end_time, title)
            VALUES (%s, %s, %s, %s, 'Rival')
            """,
            [facility["id"], rival.id, at(9), at(10)],
        )
        try:
            yield conn
        finally:
            conn.rollback()


def waiting_session(api: Api, rival: psycopg.Connection[Any]) -> int:
    """The service's session that waits for the rival, once there is one."""
    deadline = monotonic() + 10
    while monotonic() < deadline:
        rows = api.sql(
            "SELECT pid FROM pg_stat_activity WHERE %s = ANY (pg_blocking_pids(pid))",
            rival.info.backend_pid,
        )
        if rows:
            return int(rows[0][0])
        sleep(0.01)
    message = "nobody waits for the rival"
    raise AssertionError(message)


def test_while_the_first_request_is_being_answered_the_second_is_told_to_wait(api: Api) -> None:
    ada, facility, key = api.person(), api.facility(), unique("key")
    with ThreadPoolExecutor(1) as threads, undecided(api, facility) as rival:
        first = threads.submit(ada.ask, facility, at(9), at(10), key=key)
        waiting_session(api, rival)
        second = ada.ask(facility, at(9), at(10), key=key)
        refused(second, 409, "idempotency_key_in_use", says=["same request again"])
        assert second.headers["retry-after"] == "1"
        rival.rollback()
        assert created(first.result(30))
    again = ada.ask(facility, at(9), at(10), key=key)
    assert replayed(again)
    assert first.result().content == again.content


def test_of_many_requests_at_once_under_one_key_one_runs(api: Api) -> None:
    ada, facility = api.person(), api.facility()
    for hour in range(8, 16, 2):
        key = unique("key")
        with ThreadPoolExecutor(8) as threads:
            answers = [
                threads.submit(ada.ask, facility, at(hour), at(hour + 1), key=key) for _ in range(8)
            ]
        responses = [answer.result() for answer in answers]
        made = [response for response in responses if response.status_code == 201]
        assert len([response for response in made if not replayed(response)]) == 1
        assert len({response.content for response in made}) == 1
        for response in responses:
            if response.status_code != 201:
                refused(response, 409, "idempotency_key_in_use")
    assert len(bookings_of(ada)) == 4


def test_a_request_whose_session_dies_leaves_neither_booking_nor_key(api: Api) -> None:
    ada, facility, key = api.person(), api.facility(), unique("key")
    with ThreadPoolExecutor(1) as threads, undecided(api, facility) as rival:
        first = threads.submit(ada.ask, facility, at(9), at(10), key=key)
        api.sql("SELECT pg_terminate_backend(%s)", waiting_session(api, rival))
        response = first.result(30)
        refused(response, 503, "service_unavailable", says=["same Idempotency-Key"])
        assert "retry-after" in response.headers
    assert bookings_of(ada) == []
    assert [(0,)] == api.sql("SELECT count(*) FROM idempotency_keys WHERE key = %s", key)
    again = ada.ask(facility, at(9), at(10), key=key)
    assert (201, False) == (again.status_code, replayed(again))


def test_a_booking_whose_key_cannot_be_kept_is_not_made(api: Api) -> None:
    ada, facility, key = api.person(), api.facility(), unique("full-disk")
    api.sql(
        """
        CREATE FUNCTION fill_disk() RETURNS TRIGGER LANGUAGE plpgsql
        AS $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full'; END $$
        """
    )
    api.sql(
        """
        CREATE TRIGGER disk_is_full BEFORE INSERT ON idempotency_keys
        FOR EACH ROW WHEN (NEW.key LIKE 'full-disk%') EXECUTE FUNCTION fill_disk()
        """
    )
    try:
        response = ada.ask(facility, at(9), at(10), key=key)
        refused(response, 503, "service_unavailable")
        assert bookings_of(ada) == []
    finally:
        api.sql("DROP FUNCTION fill_disk() CASCADE")
    again = ada.ask(facility, at(9), at(10), key=key)
    assert (201, False) == (again.status_code, replayed(again))
    assert len(bookings_of(ada)) == 1
