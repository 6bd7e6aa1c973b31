"""Callers are remembered for as long as nothing about them changed, and not one answer longer."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from live.callers import Callers
from live.position import Position
from sql.changes import ChangeRow
from sql.users import CallerRow
from tests import service

from .api import Api, Person, created
from .meanwhile import until
from .world import ORIGIN

if TYPE_CHECKING:
    from live.feed import Feed

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
ADA = CallerRow(
    user_id=1,
    username="ada",
    is_staff=False,
    token_expires_at=None,
    token_issues_until=None,
    token_scopes=["read", "book"],
    site_ids=[2],
    group_ids=[3],
)
BOB = replace(ADA, user_id=2, username="bob")


@dataclass
class Told:
    """A feed that tells what the test says."""

    is_fresh: bool = True
    listeners: list[Callable[[Sequence[ChangeRow], Position], None]] = field(default_factory=list)
    forgetters: list[Callable[[], None]] = field(default_factory=list)

    def listen(self, listener: Callable[[Sequence[ChangeRow], Position], None]) -> None:
        """As the feed does."""
        self.listeners.append(listener)

    def on_gap(self, forgetter: Callable[[], None]) -> None:
        """As the feed does."""
        self.forgetters.append(forgetter)

    def tell(self, user_id: int, record_type: str = "user") -> None:
        """Say that something about this user changed."""
        row = ChangeRow(
            snapshot="1:1:",
            id=1,
            transaction_id=1,
            record_type=cast("Any", record_type),
            facility_id=None,
            site_id=None,
            booking_id=None,
            user_id=user_id,
            start_time=None,
            end_time=None,
        )
        for listener in self.listeners:
            listener([row], Position(ORIGIN, "1:1:"))


class Town:
    """Tokens and their users, and how often each was asked for."""

    def __init__(self, *, most: int = 10) -> None:
        self.rows: dict[bytes, CallerRow] = {b"ada": ADA, b"ada's other": ADA, b"bob": BOB}
        self.asked: Counter[bytes] = Counter()
        self.gate = asyncio.Event()
        self.gate.set()
        self.feed = Told()
        self.callers = Callers(cast("Feed", self.feed), self._lookup, most=most)

    async def _lookup(self, token_hash: bytes) -> CallerRow | None:
        self.asked[token_hash] += 1
        row = self.rows.get(token_hash)
        await self.gate.wait()
        return row

    async def is_asked(self, token_hash: bytes) -> None:
        """Wait until the database has been asked for it."""
        while not self.asked[token_hash]:  # noqa: ASYNC110 - a few turns of the loop
            await asyncio.sleep(0)

    def remembers(self, token_hash: bytes, now: datetime = NOW) -> bool:
        """Whether it is known whose token it is."""
        return self.callers.remembered(token_hash, now) is not None


pytestmark = pytest.mark.anyio


async def test_who_was_asked_for_is_remembered_as_they_are() -> None:
    town = Town()
    assert not town.remembers(b"ada")
    found = await town.callers.find(b"ada")
    assert found is not None
    assert found == town.callers.remembered(b"ada", NOW)
    caller = found.caller
    assert (1, "ada", False) == (caller.user_id, caller.username, caller.is_staff)
    assert (frozenset({2}), frozenset({3})) == (caller.site_ids, caller.group_ids)
    assert frozenset({"read", "book"}) == found.scopes


async def test_a_change_of_a_user_drops_all_their_tokens_and_nobody_elses() -> None:
    town = Town()
    for token in town.rows:
        await town.callers.find(token)
    town.feed.tell(ADA.user_id)
    assert [b"bob"] == [token for token in town.rows if town.remembers(token)]
    town.feed.tell(ADA.user_id)  # who is not remembered any more


async def test_other_changes_drop_nobody() -> None:
    town = Town()
    await town.callers.find(b"ada")
    town.feed.tell(ADA.user_id, "booking")
    assert town.remembers(b"ada")


async def test_nobody_is_remembered_while_the_feed_is_late() -> None:
    town = Town()
    await town.callers.find(b"ada")
    town.feed.is_fresh = False
    assert not town.remembers(b"ada")
    town.feed.is_fresh = True
    assert town.remembers(b"ada")


async def test_all_are_forgotten_after_a_gap() -> None:
    town = Town()
    await town.callers.find(b"ada")
    for forget in town.feed.forgetters:
        forget()
    assert not town.remembers(b"ada")


async def test_a_token_that_is_not_valid_is_asked_for_again() -> None:
    town = Town()
    assert await town.callers.find(b"nobody's") is None
    assert not town.remembers(b"nobody's")
    town.rows[b"nobody's"] = BOB
    assert await town.callers.find(b"nobody's") is not None


@pytest.mark.parametrize(("seconds", "is_valid"), [(-1, True), (0, False), (1, False)])
async def test_a_remembered_token_expires_to_the_second(seconds: int, *, is_valid: bool) -> None:
    town = Town()
    town.rows[b"ada"] = replace(ADA, token_expires_at=NOW)
    await town.callers.find(b"ada")
    assert is_valid == town.remembers(b"ada", NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize("change", ["told", "gap"])
async def test_what_was_read_before_a_change_is_not_remembered_after_it(change: str) -> None:
    town = Town()
    town.gate.clear()
    asking = asyncio.create_task(town.callers.find(b"ada"))
    await town.is_asked(b"ada")
    if change == "told":
        town.feed.tell(BOB.user_id)  # whose token it is, is not known yet
    else:
        town.feed.forgetters[0]()
    town.gate.set()
    assert await asking is not None
    assert not town.remembers(b"ada")


async def test_those_who_ask_at_once_share_one_answer() -> None:
    town = Town()
    town.gate.clear()
    asking = [asyncio.create_task(town.callers.find(b"ada")) for _ in range(20)]
    await town.is_asked(b"ada")
    town.gate.set()
    assert 1 == len(set(await asyncio.gather(*asking)))
    assert {b"ada": 1} == town.asked
    await town.callers.find(b"ada")
    assert {b"ada": 2} == town.asked  # the next has an answer of its own


async def test_who_asks_after_a_change_gets_no_answer_from_before_it() -> None:
    town = Town()
    town.gate.clear()
    before = asyncio.create_task(town.callers.find(b"ada"))
    await town.is_asked(b"ada")
    del town.rows[b"ada"]
    town.feed.tell(ADA.user_id)
    after = asyncio.create_task(town.callers.find(b"ada"))
    await asyncio.sleep(0)
    town.gate.set()
    assert await before is not None
    assert await after is None
    assert not town.remembers(b"ada")


async def test_no_answer_is_shared_while_the_feed_is_late() -> None:
    town = Town()
    town.feed.is_fresh = False
    town.gate.clear()
    asking = [asyncio.create_task(town.callers.find(b"ada")) for _ in range(2)]
    await town.is_asked(b"ada")
    town.gate.set()
    await asyncio.gather(*asking)
    assert {b"ada": 2} == town.asked


async def test_who_goes_away_takes_the_answer_from_nobody() -> None:
    town = Town()
    town.gate.clear()
    first, second = (asyncio.create_task(town.callers.find(b"ada")) for _ in range(2))
    await town.is_asked(b"ada")
    first.cancel()
    await asyncio.sleep(0)
    town.gate.set()
    assert await second is not None
    assert first.cancelled()
    assert {b"ada": 1} == town.asked


async def test_of_too_many_the_one_not_used_for_longest_is_forgotten() -> None:
    town = Town(most=2)
    await town.callers.find(b"ada")
    await town.callers.find(b"ada's other")
    assert town.remembers(b"ada")
    await town.callers.find(b"bob")
    assert {b"ada", b"bob"} == {token for token in town.rows if town.remembers(token)}
    town.feed.tell(ADA.user_id)
    assert [b"bob"] == [token for token in town.rows if town.remembers(token)]


# The service.

ME = "/api/v1/me/"


def revoke_all(person: Person) -> None:
    for token in person.get("/api/v1/me/tokens/").json():
        assert person.delete(f"/api/v1/me/tokens/{token['id']}/").status_code == 204


def test_a_token_ends_with_the_reply_that_says_it_is_revoked(api: Api) -> None:
    for _ in range(20):
        person = api.person()
        assert person.get(ME).status_code == 200
        revoke_all(person)
        assert person.get(ME).status_code == 401


def test_rights_change_with_the_reply_that_says_so(api: Api) -> None:
    person, path = api.person(), "/api/v1/users/"
    mine = f"{path}{person.id}/"
    for _ in range(10):
        for is_staff, status in ((True, 200), (False, 403)):
            assert api.staff.patch(mine, {"is_staff": is_staff}).status_code == 200
            assert status == person.get(path).status_code
    assert api.staff.patch(mine, {"is_active": False}).status_code == 200
    assert person.get(ME).status_code == 401


def test_a_site_is_governed_from_the_reply_that_says_so(api: Api) -> None:
    person, site = api.person(), api.site()
    body = {"site_id": site["id"], "name": "Den", "facility_type": "room", "capacity": 2}
    assert person.post("/api/v1/facilities/", body).status_code == 403
    mine = f"/api/v1/users/{person.id}/"
    assert api.staff.patch(mine, {"site_ids": [site["id"]]}).status_code == 200
    created(person.post("/api/v1/facilities/", body))
    assert api.staff.patch(mine, {"site_ids": []}).status_code == 200
    assert person.post("/api/v1/facilities/", body).status_code == 403


def test_what_is_revoked_in_one_process_ends_in_the_other(api: Api, tmp_path: Path) -> None:
    with service.service(api.dsn, tmp_path / "other.log") as base_url:
        for _ in range(5):
            person = api.person()
            assert elsewhere(base_url, person) == 200
            revoke_all(person)
            until(lambda: elsewhere(base_url, person) == 401)  # noqa: B023 - called at once


def elsewhere(base_url: str, person: Person) -> int:
    """What another process answers who the person is."""
    return person.get(f"{base_url}{ME}").status_code
