"""The session of a browser: what it is traded for, how long it lasts, and who may use it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.client import Client, connection

from .api import Api, Person, at, created, invalid, listed, raw, refused, unique

SESSION = "/api/v1/session/"
TOKENS = "/api/v1/me/tokens/"
OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}


@contextmanager
def browser(api: Api) -> Iterator[Client]:
    """A client that keeps cookies and has no token."""
    with connection(api.base_url) as http:
        yield Client(api.base_url, None, http)


@contextmanager
def logged_in(api: Api, person: Person) -> Iterator[Client]:
    """A browser with the person's session."""
    with browser(api) as page:
        created(page.post(SESSION, {"token": person.token}))
        yield page


def cookie_of(response: httpx.Response) -> dict[str, str]:
    """The attributes of the one cookie that a reply sets, its value among them."""
    (line,) = response.headers.get_list("set-cookie")
    parts = [part.strip().partition("=") for part in line.split(";")]
    return {name.lower(): value.strip('"') for name, _, value in parts}


def test_a_token_is_traded_for_a_cookie_that_no_script_reads(api: Api) -> None:
    ada = api.person(display_name="Ada Lovelace")
    asked = datetime.now(UTC)
    with browser(api) as page:
        response = page.post(SESSION, {"token": ada.token})
    session = created(response)
    assert session["user"] == ada.basic
    ends = datetime.fromisoformat(session["expires_at"])
    assert timedelta(0) <= ends - asked - timedelta(hours=12) < timedelta(minutes=1)
    cookie = cookie_of(response)
    assert cookie.pop("holdfast_session") not in {"", ada.token}
    expected = {"httponly": "", "max-age": "43200", "path": "/", "samesite": "strict"}
    assert expected == cookie
    assert response.headers["cache-control"] == "no-store"


def test_over_tls_the_cookie_is_for_tls_only(api: Api) -> None:
    ada = api.person()
    headers = {"X-Forwarded-Proto": "https"}
    with browser(api) as page:
        begun = page.post(SESSION, {"token": ada.token}, headers=headers)
        assert "secure" in cookie_of(begun)
        secret = cookie_of(begun)["holdfast_session"]
        ended = page.delete(
            SESSION, headers={**headers, **OWN_PAGE, "Cookie": f"holdfast_session={secret}"}
        )
        assert "secure" in cookie_of(ended)


def test_the_cookie_does_what_the_token_does(api: Api) -> None:
    ada, room = api.person(), api.facility()
    with logged_in(api, ada) as page:
        assert page.get("/api/v1/me/").json() == ada.get("/api/v1/me/").json()
        body = {
            "facility_id": room["id"],
            "start_time": at(9).isoformat(),
            "end_time": at(10).isoformat(),
            "title": "By cookie",
        }
        booking = created(page.post("/api/v1/bookings/", body, headers=OWN_PAGE))
        assert booking["user"] == ada.basic
        refused(page.get("/api/v1/users/"), 403, "permission_denied")


def test_a_session_is_among_the_users_tokens_and_never_outlives_the_one_traded(api: Api) -> None:
    ada = api.person()
    short = created(ada.post(TOKENS, {"name": "Short", "expires_in_days": 1}))
    api.sql(
        "UPDATE user_tokens SET expires_at = now() + interval '1 hour' WHERE id = %s", short["id"]
    )
    with browser(api) as page:
        session = created(page.post(SESSION, {"token": short["token"]}))
    *_, its, last = listed(ada, TOKENS)
    assert (its["id"], last["name"]) == (short["id"], "Browser session")
    assert session["expires_at"] == last["expires_at"] == its["expires_at"]


def test_a_device_is_kept_signed_in_for_a_year_where_that_is_asked_and_never_longer_than_its_token(
    api: Api,
) -> None:
    ada = api.person()
    month = created(ada.post(TOKENS, {"name": "Month", "expires_in_days": 30}))
    with browser(api) as page:
        usual = page.post(SESSION, {"token": ada.token})
        kept = page.post(SESSION, {"token": ada.token, "keep_signed_in": True})
        short = created(page.post(SESSION, {"token": month["token"], "keep_signed_in": True}))
    assert cookie_of(usual)["max-age"] == str(12 * 3600)
    assert cookie_of(kept)["max-age"] == str(365 * 24 * 3600)
    assert short["expires_at"] == month["expires_at"]


def test_what_is_made_in_a_session_outlasts_it_and_not_the_token_that_opened_it(api: Api) -> None:
    boss = api.person(is_staff=True)
    week = created(boss.post(TOKENS, {"name": "Week", "expires_in_days": 7}))
    new_user = {"username": unique("user"), "is_staff": False}
    with browser(api) as page:
        begun = page.post(SESSION, {"token": boss.token})
        secret = cookie_of(begun)["holdfast_session"]
        lasting = created(page.post(TOKENS, {"name": "Laptop"}, headers=OWN_PAGE))
        year = created(
            page.post(TOKENS, {"name": "Year", "expires_in_days": 365}, headers=OWN_PAGE)
        )
        first = created(page.post("/api/v1/users/", new_user, headers=OWN_PAGE))["initial_token"]
        with browser(api) as other:
            # What a session itself is traded for ends with that session, and makes no more than it.
            again = created(other.post(SESSION, {"token": secret, "keep_signed_in": True}))
            made_there = created(other.post(TOKENS, {"name": "There"}, headers=OWN_PAGE))
    assert not {"expires_at"} & (lasting.keys() | first.keys() | made_there.keys())
    ends, began = (datetime.fromisoformat(year[name]) for name in ("expires_at", "created_at"))
    assert abs(ends - began - timedelta(days=365)) < timedelta(minutes=1)
    assert datetime.fromisoformat(again["expires_at"]) < datetime.now(UTC) + timedelta(hours=12)
    with browser(api) as page:
        created(page.post(SESSION, {"token": week["token"]}))
        for body in ({"name": "x"}, {"name": "x", "expires_in_days": 365}):
            made = created(page.post(TOKENS, body, headers=OWN_PAGE))
            assert made["expires_at"] == week["expires_at"]
    on_record = "SELECT new_values FROM audit_log WHERE record_type = 'user_token'"
    assert not any("issues_until" in (values or {}) for (values,) in api.sql(on_record))


def test_sessions_that_are_over_go_when_the_next_begins_and_nothing_else_does(api: Api) -> None:
    ada, bob = api.person(), api.person()
    old = created(ada.post(TOKENS, {"name": "Old", "expires_in_days": 1}))
    for person in (ada, ada, bob):
        with logged_in(api, person):
            pass
    *_, first, second = listed(ada, TOKENS)
    *_, bobs = listed(bob, TOKENS)
    api.sql(
        "UPDATE user_tokens SET expires_at = now() WHERE id = ANY (%s)",
        [old["id"], first["id"], bobs["id"]],
    )
    with logged_in(api, ada):
        names = {token["id"]: token["name"] for token in listed(ada, TOKENS)}
    assert first["id"] not in names
    assert {old["id"], second["id"]} <= set(names)
    assert 2 == list(names.values()).count("Browser session")
    assert bobs["id"] in {token["id"] for token in listed(bob, TOKENS)}


def test_a_token_that_opens_nothing_is_traded_for_nothing(api: Api) -> None:
    ada, gone = api.person(), api.person()
    revoked = created(ada.post(TOKENS, {"name": "Lost"}))
    ada.delete(f"{TOKENS}{revoked['id']}/")
    expired = created(ada.post(TOKENS, {"name": "Old", "expires_in_days": 1}))
    api.sql("UPDATE user_tokens SET expires_at = now() WHERE id = %s", expired["id"])
    api.staff.delete(f"/api/v1/users/{gone.id}/")
    with browser(api) as page:
        for token in (revoked["token"], expired["token"], gone.token, "hf_" + "x" * 43):
            response = page.post(SESSION, {"token": token})
            refused(response, 401, "authentication_required", "/token")
            assert "set-cookie" not in response.headers
        invalid(page.post(SESSION, {"token": "secret"}), ("body", "/token"))
        invalid(page.post(SESSION, {}), ("body", "/token"))


def test_the_end_of_a_session_revokes_its_token_and_no_other(api: Api) -> None:
    ada = api.person()
    with logged_in(api, ada) as page, logged_in(api, ada) as other:
        (secret,) = page.http.cookies.values()
        ended = page.delete(SESSION, headers=OWN_PAGE)
        assert ended.status_code == 204
        assert cookie_of(ended)["holdfast_session"] == ""
        assert cookie_of(ended)["max-age"] == "0"
        assert dict(page.http.cookies) == {}
        says = ["signs in (session_create)"]
        refused(page.get("/api/v1/me/"), 401, "authentication_required", says=says)
        again = page.get("/api/v1/me/", headers={"Cookie": f"holdfast_session={secret}"})
        says = ["session is over: sign in again (session_create)"]
        refused(again, 401, "authentication_required", says=says)
        assert other.get("/api/v1/me/").status_code == 200
        assert ada.get("/api/v1/me/").status_code == 200


def test_with_a_bearer_token_no_session_ends(api: Api) -> None:
    ada = api.person()
    with logged_in(api, ada) as page:
        (secret,) = page.http.cookies.values()
        headers = {"Cookie": f"holdfast_session={secret}"}
        assert ada.delete(SESSION, headers=headers).status_code == 204
        assert page.get("/api/v1/me/").status_code == 200
    assert ada.get("/api/v1/me/").status_code == 200
    refused(api.anonymous.delete(SESSION), 401, "authentication_required")


def test_a_revoked_session_ends_at_once(api: Api) -> None:
    ada = api.person()
    with logged_in(api, ada) as page:
        *_, session = listed(ada, TOKENS)
        assert ada.delete(f"{TOKENS}{session['id']}/").status_code == 204
        refused(page.get("/api/v1/me/"), 401, "authentication_required")


@pytest.mark.parametrize(
    ("says", "is_own"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://elsewhere.test"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Origin": "http://{host}"}, True),
        ({"Origin": "https://{host}"}, True),
        ({"Origin": "http://{host}.elsewhere.test"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://["}, False),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://{host}"}, False),
        ({}, False),
    ],
    ids=str,
)
def test_changes_by_cookie_come_from_a_page_of_the_service(
    api: Api, says: dict[str, str], *, is_own: bool
) -> None:
    ada = api.person()
    host = api.base_url.removeprefix("http://")
    headers = {name: value.format(host=host) for name, value in says.items()}
    with logged_in(api, ada) as page:
        response = page.post(TOKENS, {"name": "Laptop"}, headers=headers)
        if is_own:
            created(response)
        else:
            refused(response, 403, "permission_denied")
            assert "Laptop" not in [token["name"] for token in listed(ada, TOKENS)]
        # What changes nothing, and what comes with a bearer token, may come from anywhere.
        assert page.get("/api/v1/me/", headers=headers).status_code == 200
        created(ada.post(TOKENS, {"name": "Desktop"}, headers=headers))


def test_of_a_token_and_a_cookie_the_token_counts(api: Api) -> None:
    ada, bob = api.person(), api.person()
    with logged_in(api, ada) as page:
        both = page.get("/api/v1/me/", headers={"Authorization": f"Bearer {bob.token}"})
        assert both.json()["id"] == bob.id
        wrong = page.get("/api/v1/me/", headers={"Authorization": "Bearer nonsense"})
        refused(wrong, 401, "authentication_required")
        assert "Bearer" in wrong.headers["www-authenticate"]


@pytest.mark.parametrize(
    "cookie", [b"", b"holdfast_session=", b"other=1", b"holdfast_session", b"\xff=\xff; ;;="]
)
def test_a_cookie_without_a_token_is_none(api: Api, cookie: bytes) -> None:
    refused(raw(api, b"GET /api/v1/me/", b"Cookie: " + cookie), 401, "authentication_required")


def test_a_cookie_is_found_among_others(api: Api) -> None:
    ada = api.person()
    cookie = f'theme=dark; holdfast_session="{ada.token}"; x=y'.encode()
    assert raw(api, b"GET /api/v1/me/", b"Cookie: " + cookie).json()["id"] == ada.id
