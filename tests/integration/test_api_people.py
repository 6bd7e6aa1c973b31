"""Users and tokens through the API: who is let in, by what secret, and until when."""

from datetime import datetime, timedelta
from unittest.mock import ANY

import pytest

from exchange.secrets import hash_of

from .api import Api, Json, created, invalid, refused, unique

USERS = "/api/v1/users/"
TOKENS = "/api/v1/me/tokens/"
ME = "/api/v1/me/"


def where(user: Json) -> str:
    """The user's path."""
    return f"{USERS}{user['id']}/"


def test_a_new_user_is_answered_in_full_with_a_token_that_lets_them_in(api: Api) -> None:
    name = unique("Ada.Love_lace@example-1")
    response = api.staff.post(USERS, {"username": name, "display_name": "Ada Lovelace"})
    user = created(response)
    token = user.pop("initial_token")
    assert user == {
        "id": user["id"],
        "username": name,
        "display_name": "Ada Lovelace",
        "is_staff": False,
        "sites": [],
        "groups": [],
        "is_active": True,
        "created_at": user["created_at"],
    }
    assert {
        "id": token["id"],
        "name": "first token",
        "prefix": token["token"][:8],
        "scopes": ["read", "book", "manage"],
        "created_at": token["created_at"],
        "token": token["token"],
    } == token
    assert where(user) == response.headers["location"]
    assert response.headers["cache-control"] == "no-store"
    assert user == api.staff.get(response.headers["location"]).json()
    me = api.with_token(token["token"]).get(ME).json()
    assert {**user, "quotas": ANY, "counts_usage": True} == me


def test_a_new_user_is_staff_where_it_says_so(api: Api) -> None:
    for value in (True, False):
        person = api.person(is_staff=value)
        assert value is person.get(ME).json()["is_staff"]
        assert (200 if value else 403) == person.get(USERS).status_code
    assert "display_name" not in api.person().user


def test_a_username_is_taken_in_whatever_case_even_by_who_was_let_go(api: Api) -> None:
    person = api.person()
    api.staff.delete(where(person.user))
    for name in (person.user["username"], person.user["username"].upper()):
        response = api.staff.post(USERS, {"username": name})
        refused(response, 409, "username_taken", "/username", says=[name])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", ""),
        ("username", " ada"),
        ("username", "ada lovelace"),
        ("username", "-ada"),
        ("username", "ädä"),
        ("username", "ada\n"),
        ("username", "x" * 101),
        ("username", None),
        ("username", 7),
        ("display_name", ""),
        ("display_name", "x" * 201),
        ("display_name", "two\nlines"),
        ("display_name", None),
        ("is_staff", "true"),
        ("is_staff", 1),
        ("is_staff", None),
        ("password", "secret"),
    ],
)
def test_a_user_that_the_contract_does_not_allow_is_invalid(
    api: Api, field: str, value: object
) -> None:
    response = api.staff.post(USERS, {"username": unique("user"), field: value})
    invalid(response, ("body", f"/{field}"))


def test_a_user_has_a_username(api: Api) -> None:
    invalid(api.staff.post(USERS, {"display_name": "Nobody"}), ("body", "/username"))


def test_a_blank_display_name_is_refused(api: Api) -> None:
    body = {"username": unique("user"), "display_name": " \u3000"}
    response = api.staff.post(USERS, body)
    refused(response, 422, "name_blank", "/display_name")
    assert created(api.staff.post(USERS, {**body, "display_name": "x" * 200}))


def test_users_are_found_by_part_of_either_name(api: Api) -> None:
    word = unique("team")
    ada = api.person(username=f"ada.{word}")
    bob = api.person(display_name=f"Bob of {word.upper()}")

    def found(text: str) -> list[int]:
        return [row["id"] for row in api.staff.get(USERS, params={"search": text}).json()]

    assert [ada.id, bob.id] == found(word)
    assert [ada.id] == found(f"ada.{word}")
    assert [bob.id] == found(f"{word} BOB")
    assert found(f"{word} carl") == []
    assert found(f"_{word}") == []
    for text in ("", "x" * 101, "a\x00b"):
        invalid(api.staff.get(USERS, params={"search": text}), ("query", "/search"))


def test_a_user_who_is_let_go_is_out_at_once_and_stays_on_record(api: Api) -> None:
    person = api.person()
    second = created(person.post(TOKENS, {"name": "Second"}))
    before = api.staff.get(where(person.user)).json()

    response = api.staff.delete(where(person.user))

    assert (204, b"") == (response.status_code, response.content)
    for token in (person.token, second["token"]):
        refused(api.with_token(token).get(ME), 401, "authentication_required")
    after = api.staff.get(where(person.user)).json()
    assert {**before, "is_active": False, "deactivated_at": after["deactivated_at"]} == after
    search = {"search": person.user["username"]}
    assert after in api.staff.get(USERS, params=search).json()


def test_letting_a_user_go_again_succeeds_and_changes_nothing(api: Api) -> None:
    person = api.person()
    api.staff.delete(where(person.user))
    before = api.staff.get(where(person.user))
    assert api.staff.delete(where(person.user)).status_code == 204
    assert before.json() == api.staff.get(where(person.user)).json()


def test_nobody_lets_themselves_go(api: Api) -> None:
    boss = api.person(is_staff=True)
    response = boss.delete(where(boss.user))
    refused(response, 409, "cannot_deactivate_self", says=["another member of staff"])
    assert boss.get(ME).json()["is_active"] is True


def test_a_user_that_does_not_exist_is_not_found(api: Api) -> None:
    path = f"{USERS}2147483647/"
    refused(api.staff.get(path), 404, "not_found", says=["users_list"])
    refused(api.staff.delete(path), 404, "not_found", says=["users_list"])


def test_a_new_token_is_shown_once_and_works_at_once(api: Api) -> None:
    person = api.person()
    response = person.post(TOKENS, {"name": "  Laptop ", "expires_in_days": 90})
    token = created(response)
    assert token == {
        "id": token["id"],
        "name": "Laptop",
        "prefix": token["token"][:8],
        "scopes": ["read", "book", "manage"],
        "created_at": token["created_at"],
        "expires_at": token["expires_at"],
        "token": token["token"],
    }
    assert response.headers["cache-control"] == "no-store"
    lifetime = instant(token["expires_at"]) - instant(token["created_at"])
    assert abs(lifetime - timedelta(days=90)) < timedelta(seconds=10)
    assert person.get(ME).json() == api.with_token(token["token"]).get(ME).json()

    listed = person.get(TOKENS)
    secretless = {name: value for name, value in token.items() if name != "token"}
    assert secretless == listed.json()[1]
    assert "token" not in listed.json()[0]
    assert token["token"] not in listed.text


def test_only_the_hash_of_a_token_is_stored(api: Api) -> None:
    person = api.person()
    (row,) = api.sql(
        "SELECT t::text, token_hash FROM user_tokens AS t WHERE user_id = %s", person.id
    )
    text, digest = row
    assert hash_of(person.token) == digest
    assert person.token not in text
    assert person.token[8:] not in text


@pytest.mark.parametrize("days", [1, 3650, None])
def test_a_token_lasts_from_a_day_to_ten_years_or_for_ever(api: Api, days: int | None) -> None:
    body = {"name": "Laptop"} if days is None else {"name": "Laptop", "expires_in_days": days}
    token = created(api.person().post(TOKENS, body))
    if days is None:
        assert "expires_at" not in token
    else:
        lifetime = instant(token["expires_at"]) - instant(token["created_at"])
        assert abs(lifetime - timedelta(days=days)) < timedelta(seconds=10)


def test_a_token_does_not_outlive_the_token_that_makes_it(api: Api) -> None:
    """A secret that leaks and is to end soon could otherwise make one that never does."""
    short = created(api.person().post(TOKENS, {"name": "Short", "expires_in_days": 2}))
    heir = api.with_token(short["token"])
    for body in ({"name": "x"}, {"name": "x", "expires_in_days": 3}):
        assert short["expires_at"] == created(heir.post(TOKENS, body))["expires_at"]
    shorter = created(heir.post(TOKENS, {"name": "x", "expires_in_days": 1}))
    assert instant(shorter["expires_at"]) < instant(short["expires_at"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("expires_in_days", 0),
        ("expires_in_days", 3651),
        ("expires_in_days", 1.5),
        ("expires_in_days", "1"),
        ("expires_in_days", None),
        ("name", ""),
        ("name", "x" * 101),
        ("name", "two\nlines"),
        ("name", None),
        ("token", "hf_mine"),
    ],
)
def test_a_token_that_the_contract_does_not_allow_is_invalid(
    api: Api, field: str, value: object
) -> None:
    response = api.staff.post(TOKENS, {"name": "Laptop", field: value})
    invalid(response, ("body", f"/{field}"))


def test_a_token_has_a_name_that_is_not_blank(api: Api) -> None:
    invalid(api.staff.post(TOKENS, {}), ("body", "/name"))
    refused(
        api.staff.post(TOKENS, {"name": " "}),
        422,
        "name_blank",
        "/name",
        says=["at least one character"],
    )


def test_tokens_are_listed_oldest_first_expired_ones_too(api: Api) -> None:
    person = api.person()
    made = [created(person.post(TOKENS, {"name": "Same", "expires_in_days": 1})) for _ in range(3)]
    api.sql("UPDATE user_tokens SET expires_at = now() WHERE id = %s", made[1]["id"])
    listed = person.get(TOKENS).json()
    assert [token["id"] for token in made] == [token["id"] for token in listed[1:]]


def test_a_revoked_token_is_gone_at_once_and_cannot_be_revoked_again(api: Api) -> None:
    person = api.person()
    token = created(person.post(TOKENS, {"name": "Lost"}))
    other = api.with_token(token["token"])
    assert other.get(ME).status_code == 200
    response = person.delete(f"{TOKENS}{token['id']}/")
    assert (204, b"") == (response.status_code, response.content)
    refused(other.get(ME), 401, "authentication_required", says=["revoked"])
    assert token["id"] not in [row["id"] for row in person.get(TOKENS).json()]
    refused(person.delete(f"{TOKENS}{token['id']}/"), 404, "not_found", says=["my_tokens_list"])


def test_the_token_in_use_can_revoke_itself(api: Api) -> None:
    person = api.person()
    (token,) = person.get(TOKENS).json()
    assert person.delete(f"{TOKENS}{token['id']}/").status_code == 204
    refused(person.get(ME), 401, "authentication_required")


def instant(text: str) -> datetime:
    """An instant of the service."""
    return datetime.fromisoformat(text)
