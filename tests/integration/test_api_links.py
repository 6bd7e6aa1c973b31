"""Links that sign in once: what their secret opens, and that it opens it once."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from app.commands.links import issue_link
from tests.client import Client, connection

from .api import Api, Person, created, refused, unique

SESSION = "/api/v1/session/"
LONG, OVER = timedelta(minutes=15), timedelta(seconds=-1)

Link = Callable[..., str]


@pytest.fixture(scope="module")
def link(api: Api) -> Link:
    """The secret of a new link of a person's."""

    def made(person: Person, lifetime: timedelta = LONG) -> str:
        issued = asyncio.run(issue_link(api.dsn, person.basic["username"], lifetime))
        assert not issued.user_is_new
        return issued.secret

    return made


def enter(api: Api, secret: str) -> int:
    with connection(api.base_url) as http:
        return Client(api.base_url, None, http).post(SESSION, {"token": secret}).status_code


def test_a_link_signs_its_user_in_for_a_day_of_work_and_for_everything(
    api: Api, link: Link
) -> None:
    ada = api.person(display_name="Ada Lovelace")
    with connection(api.base_url) as http:
        page = Client(api.base_url, None, http)
        session = created(page.post(SESSION, {"token": link(ada)}))
        assert ada.id == page.get("/api/v1/me/").json()["id"]
    assert ada.basic == session["user"]
    assert ["read", "book", "manage"] == session["scopes"]


def test_a_link_signs_in_once(api: Api, link: Link) -> None:
    secret = link(api.person())
    assert [201, 401] == [enter(api, secret), enter(api, secret)]


def test_of_many_who_come_with_one_link_at_once_one_is_let_in(api: Api, link: Link) -> None:
    secret = link(api.person())
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: enter(api, secret), range(8)))
    assert [201, *[401] * 7] == sorted(statuses)


def test_a_link_opens_no_session_that_is_kept(api: Api, link: Link) -> None:
    with connection(api.base_url) as http:
        asked = {"token": link(api.person()), "keep_signed_in": True}
        opened = Client(api.base_url, None, http).post(SESSION, asked)
    assert "Max-Age=43200" in opened.headers["set-cookie"]


def test_a_link_is_no_token(api: Api, link: Link) -> None:
    ada = api.person()
    secret = link(ada)
    refused(api.with_token(secret).get("/api/v1/me/"), 401, "authentication_required")
    assert secret[:8] not in ada.get("/api/v1/me/tokens/").text
    assert 201 == enter(api, secret)


def test_a_link_that_is_too_old_opens_nothing(api: Api, link: Link) -> None:
    secret = link(api.person(), OVER)
    with connection(api.base_url) as http:
        response = Client(api.base_url, None, http).post(SESSION, {"token": secret})
    problem = refused(response, 401, "authentication_required", pointer="/token")
    assert "a link that was used already or is too old" in problem["detail"]


def test_a_new_link_ends_the_one_before(api: Api, link: Link) -> None:
    ada, bob = api.person(), api.person()
    of_bob = link(bob)
    first, second = link(ada), link(ada)
    assert [401, 201, 201] == [enter(api, each) for each in (first, second, of_bob)]


def test_who_is_deactivated_is_signed_in_by_no_link(api: Api, link: Link) -> None:
    ada = api.person()
    secret = link(ada)
    assert 204 == api.staff.delete(f"/api/v1/users/{ada.id}/").status_code
    assert 401 == enter(api, secret)


def test_a_link_makes_its_user_where_there_is_none(api: Api) -> None:
    username = unique("newcomer")
    issued = asyncio.run(issue_link(api.dsn, username, LONG))
    assert issued.user_is_new
    assert 201 == enter(api, issued.secret)
    assert "http://here/sign-in#" + issued.secret == issued.address("http://here")
