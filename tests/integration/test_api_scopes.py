"""Tokens that may be used for a part of what their users may do, and for a time.

What each operation needs, test_api_permissions asks of all of them but those that end later or
come by a cookie, which are here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from itertools import chain, combinations
from typing import Any

import pytest

from app import contract
from domain.scopes import SCOPES, Scope
from tests.client import Client, connection

from .api import Api, Json, created, invalid, listed, refused, unique

ME = "/api/v1/me/"
TOKENS = "/api/v1/me/tokens/"
SESSION = "/api/v1/session/"
STREAM = "/api/v1/availability/stream"
OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}
SETS: list[tuple[Scope, ...]] = [
    *chain.from_iterable(combinations(SCOPES, size) for size in (1, 2, 3))
]

each_set = pytest.mark.parametrize("scopes", SETS, ids="+".join)


def narrow(api: Api, person: Client, *scopes: Scope, **more: Any) -> tuple[Client, Json]:
    """A client with a new token of the person's that has these scopes, and the token."""
    body = {"name": "Narrow", "scopes": scopes, **more}
    token = created(person.post(TOKENS, body))
    return api.with_token(token["token"]), token


@contextmanager
def session_of(api: Api, token: str) -> Iterator[tuple[Client, Json]]:
    """A browser with a session for the token, and what was said of the session."""
    with connection(api.base_url) as http:
        page = Client(api.base_url, None, http)
        yield page, created(page.post(SESSION, {"token": token}))


def challenge(scope: str) -> str:
    """What is said to whoever's token lacks the scope (RFC 6750, 3)."""
    return f'Bearer realm="holdfast", error="insufficient_scope", scope="{scope}"'


def test_a_token_may_be_used_for_everything_unless_it_is_narrowed(api: Api) -> None:
    person = api.person()
    (first,) = listed(person, TOKENS)
    assert first["scopes"] == ["read", "book", "manage"]
    token = created(person.post(TOKENS, {"name": "Laptop"}))
    assert token["scopes"] == ["read", "book", "manage"]


@each_set
def test_a_token_has_the_scopes_that_it_was_made_with(api: Api, scopes: tuple[Scope, ...]) -> None:
    person = api.person()
    _, token = narrow(api, person, *scopes[::-1])
    assert token["scopes"] == list(scopes)
    assert listed(person, TOKENS)[-1]["scopes"] == list(scopes)
    export = person.get("/api/v1/me/export/").json()
    assert export["tokens"][-1]["scopes"] == list(scopes)


def test_a_scope_that_is_named_twice_is_there_once(api: Api) -> None:
    _, token = narrow(api, api.person(), "read", "read", "read")
    assert token["scopes"] == ["read"]


@pytest.mark.parametrize(
    ("scopes", "pointer"),
    [
        ([], "/scopes"),
        (["read", "book", "manage", "read"], "/scopes"),
        ("read", "/scopes"),
        (None, "/scopes"),
        (["admin"], "/scopes/0"),
        (["read", "Book"], "/scopes/1"),
        (["read book"], "/scopes/0"),
    ],
)
def test_what_is_no_list_of_scopes_is_refused(api: Api, scopes: object, pointer: str) -> None:
    response = api.staff.post(TOKENS, {"name": "x", "scopes": scopes})
    invalid(response, ("body", pointer))


@each_set
def test_a_token_makes_none_that_may_be_used_for_more(api: Api, scopes: tuple[Scope, ...]) -> None:
    person = api.person(is_staff=True)
    guest = api.person()
    client, _ = narrow(api, person, *scopes)
    before = listed(person, TOKENS), listed(guest, TOKENS)
    for path in (TOKENS, f"/api/v1/users/{guest.id}/tokens/"):
        for wanted in SETS:
            if "manage" in scopes and {*wanted} <= {*scopes}:
                continue
            response = client.post(path, {"name": "More", "scopes": wanted})
            if "manage" in scopes:
                missing = next(scope for scope in wanted if scope not in scopes)
                pointer = f"/scopes/{wanted.index(missing)}"
                refused(response, 403, "insufficient_scope", pointer, says=[f"'{missing}'"])
            else:
                missing = "manage"
                refused(response, 403, "insufficient_scope")
            assert challenge(missing) == response.headers["www-authenticate"]
    assert before == (listed(person, TOKENS), listed(guest, TOKENS))


@pytest.mark.parametrize("scopes", [each for each in SETS if "manage" in each], ids="+".join)
def test_what_a_token_makes_may_be_used_for_what_it_may_itself(
    api: Api, scopes: tuple[Scope, ...]
) -> None:
    person, guest = api.person(is_staff=True), api.person()
    client, _ = narrow(api, person, *scopes)
    user = created(client.post("/api/v1/users/", {"username": unique("new"), "is_staff": True}))
    made = [
        created(client.post(TOKENS, {"name": "Heir"})),
        created(client.post(f"/api/v1/users/{guest.id}/tokens/", {"name": "Heir"})),
        user["initial_token"],
    ]
    for token in made:
        assert token["scopes"] == list(scopes)
        status = 200 if "read" in scopes else 403
        assert api.with_token(token["token"]).get(ME).status_code == status
        narrower = created(
            api.with_token(token["token"]).post(TOKENS, {"name": "x", "scopes": ["manage"]})
        )
        assert narrower["scopes"] == ["manage"]


def test_scopes_give_nobody_what_their_user_may_not_do(api: Api) -> None:
    client, _ = narrow(api, api.person(), "manage")
    refused(client.post("/api/v1/users/", {"username": "x"}), 403, "permission_denied")


def test_a_scope_is_asked_for_before_anything_else_is_looked_at(api: Api) -> None:
    person = api.person()
    client, _ = narrow(api, person, "read")
    json = {"Content-Type": "application/json"}
    for response in (
        client.post("/api/v1/bookings/", {"nonsense": True}),
        client.post("/api/v1/bookings/", content=b"{", headers=json),
        client.delete("/api/v1/bookings/9007199254740991/"),
        client.post("/api/v1/users/", {}),
    ):
        refused(response, 403, "insufficient_scope")
    refused(client.post("/api/v1/nowhere/", {}), 404, "not_found")
    refused(client.post(ME, {}), 405, "method_not_allowed")


def test_head_needs_what_get_needs(api: Api) -> None:
    reader, booker = (narrow(api, api.person(), scope)[0] for scope in ("read", "book"))
    assert reader.request("HEAD", ME).status_code == 200
    assert booker.request("HEAD", ME).status_code == 403


def test_a_refusal_for_a_scope_leaves_the_key_of_a_request_free(api: Api) -> None:
    person, room = api.person(), api.facility()
    client, _ = narrow(api, person, "read")
    key = {"Idempotency-Key": unique("key")}
    body = {"facility_id": room["id"], "title": "x", **_tomorrow()}
    refused(client.post("/api/v1/bookings/", body, headers=key), 403, "insufficient_scope")
    response = person.post("/api/v1/bookings/", body, headers=key)
    assert created(response)["title"] == "x"
    assert "idempotency-replayed" not in response.headers
    # Neither does the reply of one that may book come to one that may not.
    refused(client.post("/api/v1/bookings/", body, headers=key), 403, "insufficient_scope")


def _tomorrow() -> Json:
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=1)
    return {
        "start_time": start.isoformat(),
        "end_time": (start + timedelta(hours=1)).isoformat(),
    }


# The stream and the session.


@each_set
def test_a_stream_is_for_who_may_read(api: Api, scopes: tuple[Scope, ...]) -> None:
    _, token = narrow(api, api.person(), *scopes)
    headers = {"Authorization": f"Bearer {token['token']}"}
    with api.http.stream("GET", STREAM, headers=headers) as response:
        if "read" in scopes:
            assert response.status_code == 200
        else:
            response.read()
            refused(response, 403, "insufficient_scope")
            assert challenge("read") == response.headers["www-authenticate"]


@each_set
def test_a_session_keeps_the_scopes_of_its_token(api: Api, scopes: tuple[Scope, ...]) -> None:
    person = api.person()
    _, token = narrow(api, person, *scopes)
    with session_of(api, token["token"]) as (page, session):
        assert session["scopes"] == list(scopes)
        assert listed(person, TOKENS)[-1]["scopes"] == list(scopes)
        attempts = {
            "read": page.get(ME),
            "book": page.delete("/api/v1/bookings/9007199254740991/", headers=OWN_PAGE),
            "manage": page.delete(f"{TOKENS}2147483647/", headers=OWN_PAGE),
        }
        for scope, response in attempts.items():
            if scope in scopes:
                assert response.status_code in {200, 404}, response.text
            else:
                refused(response, 403, "insufficient_scope", says=[f"'{scope}'"])
                assert challenge(scope) == response.headers["www-authenticate"]
        # Whoever is signed in can sign out.
        assert page.delete(SESSION, headers=OWN_PAGE).status_code == 204
        assert len(listed(person, TOKENS)) == 2


def test_a_page_of_another_site_learns_nothing_of_scopes(api: Api) -> None:
    _, token = narrow(api, api.person(), "read")
    foreign = {"Sec-Fetch-Site": "cross-site"}
    with session_of(api, token["token"]) as (page, _):
        response = page.delete("/api/v1/bookings/1/", headers=foreign)
        refused(response, 403, "permission_denied")
        assert "www-authenticate" not in response.headers


def test_a_token_whose_scopes_are_taken_by_hand_loses_them(api: Api) -> None:
    client, token = narrow(api, api.person(), "read", "book")
    assert client.get(ME).status_code == 200
    api.sql("UPDATE user_tokens SET scopes = '{book}' WHERE id = %s", token["id"])
    refused(client.get(ME), 403, "insufficient_scope")


# For how long.


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ({"expires_in_seconds": 1}, 1),
        ({"expires_in_seconds": 315_360_000}, 315_360_000),
        ({"expires_in_seconds": 90, "expires_in_days": 1}, 90),
        ({"expires_in_seconds": 86_401, "expires_in_days": 1}, 86_400),
    ],
)
def test_a_token_ends_as_soon_as_was_asked(api: Api, asked: Json, seconds: int) -> None:
    before = datetime.now(UTC)
    token = created(api.person().post(TOKENS, {"name": "Brief", **asked}))
    after = datetime.now(UTC)
    ends = datetime.fromisoformat(token["expires_at"])
    assert before <= ends - timedelta(seconds=seconds) <= after


@pytest.mark.parametrize("seconds", [0, -1, 315_360_001, 1.5, "1", None])
def test_what_is_no_number_of_seconds_to_live_is_refused(api: Api, seconds: object) -> None:
    response = api.staff.post(TOKENS, {"name": "x", "expires_in_seconds": seconds})
    invalid(response, ("body", "/expires_in_seconds"))


def test_no_token_outlives_the_one_that_made_it(api: Api) -> None:
    client, parent = narrow(api, api.person(), "manage", expires_in_seconds=600)
    for asked, is_sooner in ((None, False), (601, False), (599, True)):
        body = {"name": "x"} if asked is None else {"name": "x", "expires_in_seconds": asked}
        child = created(client.post(TOKENS, body))
        assert is_sooner == (child["expires_at"] < parent["expires_at"])
        assert child["expires_at"] <= parent["expires_at"]


def test_a_token_that_is_over_opens_nothing_even_if_it_did_before(api: Api) -> None:
    """To which instant, test_queries and test_callers say, at a clock of their own."""
    client, token = narrow(api, api.person(), "read", expires_in_seconds=600)
    assert client.get(ME).status_code == 200
    api.sql("UPDATE user_tokens SET expires_at = now() WHERE id = %s", token["id"])
    refused(client.get(ME), 401, "authentication_required")


def test_a_session_ends_no_later_than_its_token(api: Api) -> None:
    _, token = narrow(api, api.person(), "read", expires_in_seconds=600)
    with session_of(api, token["token"]) as (page, session):
        assert session["expires_at"] == token["expires_at"]
        assert page.get(ME).status_code == 200


# The contract.


def test_no_operation_is_open_to_every_token_by_an_omission(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    silent = deepcopy(contract.document())
    del silent["paths"]["/api/v1/users/"]["get"]["x-required-scopes"]
    monkeypatch.setattr(contract, "document", lambda: silent)
    # Whatever starts the service reads all operations first.
    with pytest.raises(KeyError, match="x-required-scopes"):
        contract.operations.__wrapped__()


def test_the_scopes_are_those_of_the_contract() -> None:
    assert list(SCOPES) == contract.document()["components"]["schemas"]["TokenScope"]["enum"]
