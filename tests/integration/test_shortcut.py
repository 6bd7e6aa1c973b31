"""What is answered before Connexion is asked: the same as after it, and nothing else.

Each reply is held against the long way's: an If-None-Match that names nothing goes that way.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, quote

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from app.validation import LONGEST_REMEMBERED
from exchange.session import COOKIE
from sql.pool import connect
from sql.users import deactivate_user
from tests import servers

from .api import at, unique, wire
from .inside import SEARCH, Inside, Reply, inside, searching

pytestmark = pytest.mark.anyio

LONG = (b"if-none-match", b'"nothing"')
"""What has conditions goes the long way."""

GZIP = (b"accept-encoding", b"gzip")

UNKNOWN = 999_999


@dataclass(frozen=True, slots=True)
class House:
    """The service, facilities of each kind, and who asks: one of a group, and one of none."""

    service: Inside
    site: int
    plain: int
    ruled: int
    restricted: int
    archived: int
    group: int
    member: bytes
    other: bytes

    async def three_times(
        self, query: bytes, token: bytes, *headers: tuple[bytes, bytes]
    ) -> tuple[Reply, Reply, Reply]:
        """The replies to a query, to the same again and then by the long way.

        All of one minute, within which it makes no difference when one asks.
        """
        while True:
            minute = datetime.now(UTC).replace(second=0, microsecond=0)
            await self.service.told()
            first = await self.service.ask(query, token, *headers)
            again = await self.service.ask(query, token, *headers)
            long = await self.service.ask(query, token, *headers, LONG)
            # Where the feed was late by then, it is no wonder that nothing is remembered.
            is_fresh = self.service.live.feed.is_fresh
            if is_fresh and minute == datetime.now(UTC).replace(second=0, microsecond=0):
                return first, again, long

    async def agrees(self, query: bytes, token: bytes, *headers: tuple[bytes, bytes]) -> Reply:
        """The reply, which is the same each time, and given at once again if it may be."""
        first, again, long = await self.three_times(query, token, *headers)
        assert long.is_routed
        assert long.sent == first.sent == again.sent
        assert again.is_routed is not (long.status == 200 and is_of_one_facility(query))
        return again


def is_of_one_facility(query: bytes) -> bool:
    """Whether a query that the contract takes asks for one facility by nothing but its id."""
    names = {name for name, _ in parse_qsl(query.decode(), keep_blank_values=True)}
    is_so = names <= {"facility_id", "start_time", "end_time", "duration"}
    return is_so and "facility_id" in names and len(query) <= LONGEST_REMEMBERED


@pytest.fixture(scope="module")
async def house(server: str, template: str) -> AsyncIterator[House]:
    """The house, for all tests of this module."""
    with servers.clone(server, template) as dsn:
        async with inside(dsn) as service:
            yield await furnished(service)


async def furnished(service: Inside) -> House:
    """A house with something booked."""
    site = await new_site(service)
    group = (await service.do("POST", "/api/v1/user-groups/", {"name": unique("Lab")}))["id"]
    member_id, member = await service.person()
    _, other = await service.person()
    await service.do("PUT", f"/api/v1/user-groups/{group}/members/{member_id}/")
    rules = {"min_duration_minutes": 30, "max_duration_minutes": 120, "buffer_after_minutes": 15}
    house = House(
        service,
        site,
        plain=await service.facility(site),
        ruled=await service.facility(site, rules=rules),
        restricted=await service.facility(site, user_group_ids=[group]),
        archived=await service.facility(site),
        group=group,
        member=member,
        other=other,
    )
    await service.do("DELETE", f"/api/v1/facilities/{house.archived}/")
    for facility in (house.plain, house.ruled, house.restricted):
        await service.book(facility, at(9), token=member)
        await service.book(facility, at(23), hours=2, token=member)
    return house


async def new_site(service: Inside) -> int:
    """A site with nothing on it."""
    body = {"name": unique("Site"), "time_zone": "Europe/Berlin"}
    made: int = (await service.do("POST", "/api/v1/sites/", body))["id"]
    return made


def count(name: str, **labels: str) -> float:
    """How often something has been counted in this process."""
    return REGISTRY.get_sample_value(name, labels) or 0


# The same as by the long way


QUERIES: Mapping[str, Callable[[House], bytes]] = {
    "a day": lambda h: searching(h.plain, at(0), at(24)),
    "with a duration": lambda h: searching(h.plain, at(0), at(24), duration=60),
    "for longer than allowed": lambda h: searching(h.ruled, at(0), at(24), duration=240),
    "all month": lambda h: searching(h.ruled, at(0), at(0, day=31)),
    "longer than all month": lambda h: searching(h.ruled, at(0), at(0.25, day=31)),
    "the wrong way round": lambda h: searching(h.plain, at(24), at(0)),
    "of no length": lambda h: searching(h.plain, at(0), at(0)),
    "the past": lambda h: searching(h.plain, at(0, day=-60), at(24, day=-60)),
    "begun long ago": lambda h: searching(h.plain, at(0, day=-31), at(0, day=-1)),
    "past the horizon": lambda h: searching(h.plain, at(0, day=800), at(0, day=801)),
    "where nobody may book": lambda h: searching(h.restricted, at(0), at(24)),
    "archived": lambda h: searching(h.archived, at(0), at(24)),
    "unknown": lambda _: searching(UNKNOWN, at(0), at(24)),
    "a site": lambda h: searching(h.plain, at(0), at(24)).replace(b"facility", b"site"),
    "the facility of a site": lambda h: searching(h.plain, at(0), at(24), site_id=h.site),
    "with a limit": lambda h: searching(h.plain, at(0), at(24), limit=5),
    "with what is not known": lambda h: searching(h.plain, at(0), at(24), colour="red"),
    "with an empty duration": lambda h: searching(h.plain, at(0), at(24), duration=""),
    "with no number of minutes": lambda h: searching(h.plain, at(0), at(24), duration="1h"),
    "twice the same": lambda h: searching(h.plain, at(0), at(24)) + b"&facility_id=%d" % h.plain,
    "with two durations": lambda h: searching(h.plain, at(0), at(24)) + b"&duration=15&duration=30",
    "no facility": lambda h: (
        b"facility_id=&" + searching(h.plain, at(0), at(24)).partition(b"&")[2]
    ),
    "no end": lambda h: searching(h.plain, at(0), at(24)).partition(b"&end_time")[0],
    "nothing": lambda _: b"",
    "no query at all": lambda _: b"availability",
    "an offset": lambda h: (
        b"facility_id=%d&start_time=2027-03-01T14:45:00%%2B05:45"
        b"&end_time=2027-03-01T05:00:00-05:00" % h.plain
    ),
    "an offset that is a space": lambda h: (
        b"facility_id=%d&start_time=2027-03-01T14:45:00+05:45"
        b"&end_time=2027-03-01T05:00:00-05:00" % h.plain
    ),
    "small letters": lambda h: searching(h.plain, at(0), at(24)).lower(),
    "every letter encoded": lambda h: encoded(
        {"facility_id": str(h.plain), "start_time": wire(at(0)), "end_time": wire(at(24))}
    ),
    "the end of the calendar": lambda h: (
        b"facility_id=%d&start_time=9999-12-31T23:46:00Z&end_time=9999-12-31T23:59:59Z" % h.plain
    ),
    "before the calendar": lambda h: (
        b"facility_id=%d&start_time=0000-01-01T00:00:00Z&end_time=0001-01-01T00:00:00Z" % h.plain
    ),
    "a leap second": lambda h: (
        b"facility_id=%d&start_time=2027-06-30T23:59:60Z&end_time=2027-07-01T00:30:00Z" % h.plain
    ),
    "no instant": lambda h: searching(h.plain, at(0), at(24)).replace(b"T", b"U"),
    "not UTF-8": lambda h: searching(h.plain, at(0), at(24)) + b"&duration=%ff",
    "not ASCII": lambda h: searching(h.plain, at(0), at(24)) + b"&duration=\xff",
    "too large a number": lambda _: searching(2**40, at(0), at(24)),
    "almost too long": lambda h: long_query(h.plain, LONGEST_REMEMBERED),
    "too long to be remembered": lambda h: long_query(h.plain, LONGEST_REMEMBERED + 1),
    "much too long": lambda h: searching(h.plain, at(0), at(24), search="x" * 5000),
}


def encoded(named: Mapping[str, str]) -> bytes:
    """A query with each letter of each value in percent-encoding."""
    return "&".join(f"{name}={bytewise(text)}" for name, text in named.items()).encode()


def long_query(facility: int, length: int) -> bytes:
    """A query for a day that begins at a second with as many decimals as need be."""
    query = searching(facility, at(0), at(24)).replace(b"00Z&", b"00.Z&")
    return query.replace(b".", b"." + b"0" * (length - len(query)))


@pytest.mark.parametrize("query", QUERIES)
async def test_every_reply_is_that_of_the_long_way(house: House, query: str) -> None:
    asked = QUERIES[query](house)
    for token in (house.member, house.other, house.service.staff):
        await house.agrees(asked, token)
        await house.agrees(asked, token, GZIP)


async def test_that_much_is_answered_at_once(house: House) -> None:
    """Lest all of the queries above go the long way, and so agree with it."""
    at_once = set()
    for name, query in QUERIES.items():
        reply = await house.agrees(query(house), house.member)
        if not reply.is_routed:
            at_once.add(name)
    assert at_once >= {"a day", "with a duration", "all month", "the past", "past the horizon"}
    assert at_once >= {"archived", "an offset", "every letter encoded", "almost too long"}
    assert not at_once & {"a site", "the facility of a site", "too long to be remembered"}


def bytewise(text: str) -> str:
    """The text with each of its bytes in percent-encoding."""
    return "".join(f"%{byte:02X}" for byte in text.encode())


FACILITIES = ("plain", "ruled", "restricted", "archived")

instants = st.builds(
    lambda base, minutes, form: form(at(0, day=base) + timedelta(minutes=minutes)),
    st.sampled_from([-60, -30, -29, 0, 1, 30, 334, 335, 336, 800]),
    st.sampled_from([0, 15, 540, 551, 600, 1395, 1440]),
    st.sampled_from(
        [
            wire,
            wire,
            lambda instant: wire(instant).replace("Z", ".5Z"),
            lambda instant: wire(instant).lower(),
            lambda instant: wire(instant).replace("Z", "+05:45"),
            lambda instant: wire(instant).replace("Z", "-00:00"),
            lambda instant: wire(instant).replace("Z", ""),
            lambda instant: wire(instant).replace("T", " "),
        ]
    ),
)
odd = st.sampled_from(["", "0", "-1", "+1", "1_5", "01", "1.0", " 1", "1e1", "null", "\u0661", "x"])
durations = st.one_of(st.sampled_from(["15", "30", "60", "480", "495", "20"]), odd)
numbers = st.one_of(st.sampled_from([str(UNKNOWN), str(2**31), str(2**63)]), odd)
encodings: st.SearchStrategy[Callable[[str], str]] = st.sampled_from([quote, quote, bytewise])


@st.composite
def queries(draw: st.DrawFn) -> list[tuple[str, str, Callable[[str], str]]]:
    """The parts of a query: names, values and how to write them. Facilities are named by kind."""
    start = draw(instants)
    parts = [
        ("facility_id", draw(st.sampled_from(FACILITIES))),
        ("start_time", start),
        ("end_time", draw(instants)),
    ]
    if draw(st.booleans()):
        parts.append(("duration", draw(durations)))
    for _ in range(draw(st.sampled_from([0, 0, 0, 0, 1, 2]))):
        match draw(st.sampled_from(["drop", "repeat", "more", "odd"])):
            case "drop":
                parts.pop(draw(st.integers(0, len(parts) - 1)))
                parts = parts or [("", "")]
            case "repeat":
                parts.append(draw(st.sampled_from(parts)))
            case "more":
                names = st.sampled_from(["site_id", "limit", "colour", "search", "Duration", ""])
                parts.append((draw(names), draw(st.one_of(odd, durations))))
            case "odd":
                number = draw(st.integers(0, len(parts) - 1))
                parts[number] = (parts[number][0], draw(numbers))
    parts = draw(st.permutations(parts))
    return [(name, text, draw(encodings)) for name, text in parts]


@settings(max_examples=400, deadline=None, derandomize=True)
@given(parts=queries(), who=st.sampled_from(["member", "other"]), packed=st.booleans())
async def test_whatever_is_asked_the_reply_is_that_of_the_long_way(
    house: House,
    parts: Sequence[tuple[str, str, Callable[[str], str]]],
    who: str,
    *,
    packed: bool,
) -> None:
    written = [
        (name, str(getattr(house, text)) if text in FACILITIES else text, write)
        for name, text, write in parts
    ]
    query = "&".join(f"{name}={write(text)}" for name, text, write in written).encode()
    await house.agrees(query, getattr(house, who), *([GZIP] if packed else []))


async def test_what_whoever_asks_sends_besides_changes_nothing(house: House) -> None:
    query = searching(house.plain, at(0), at(24))
    for headers in (
        [(b"if-match", b'"nothing"')],
        [(b"content-type", b"text/plain")],
        [(b"content-type", b"multipart/form-data")],
        [(b"content-length", b"5")],
        [(b"accept", b"text/html")],
        [(b"accept-encoding", b"gzip;q=0")],
        [(b"range", b"bytes=0-1")],
        [(b"if-modified-since", b"Mon, 01 Jan 2035 00:00:00 GMT")],
        [(b"origin", b"https://elsewhere.test")],
    ):
        await house.agrees(query, house.member, *headers)


async def test_what_was_asked_with_a_condition_is_told_not_to_have_changed(house: House) -> None:
    query = searching(house.plain, at(0), at(24))
    for headers in ([], [GZIP]):
        tag = (await house.agrees(query, house.member, *headers)).header(b"etag")
        known = await house.service.ask(query, house.member, *headers, (b"if-none-match", tag))
        assert (304, b"") == (known.status, known.body)
        assert tag == known.header(b"etag")


# Nobody else


async def remembered(house: House, token: bytes | None = None) -> bytes:
    """A query that is answered at once by now, to whoever has this token."""
    query = searching(house.plain, at(0), at(24))
    assert not (await house.agrees(query, token or house.member)).is_routed
    return query


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"authorization", b"")],
        [(b"authorization", b"Bearer ")],
        [(b"authorization", b"Bearer hf_of_nobody")],
        [(b"authorization", b"Bearer \xff")],
        [(b"authorization", b"Bearer " + b"x" * 5000)],
        [(b"authorization", b"Basic TOKEN")],
        [(b"authorization", b"TOKEN")],
        [(b"authorization", b"Bearer TOKEN"), (b"authorization", b"Bearer TOKEN")],
        [(b"authorization", b"Bearer of nobody"), (b"cookie", COOKIE.encode() + b"=TOKEN")],
        [(b"cookie", COOKIE.encode() + b"=")],
        [(b"cookie", COOKIE.encode() + b"=of_nobody")],
        [(b"cookie", b"session=TOKEN")],
    ],
)
async def test_who_has_no_token_is_told_nothing(
    house: House, headers: Sequence[tuple[bytes, bytes]]
) -> None:
    query = await remembered(house)
    given = [(name, value.replace(b"TOKEN", house.member)) for name, value in headers]
    reply = await house.service.ask(query, None, *given)
    assert 401 == reply.status
    assert reply.is_routed
    assert reply.sent == (await house.service.ask(query, None, *given, LONG)).sent


async def test_the_schemes_name_and_the_cookie_do_as_by_the_long_way(house: House) -> None:
    """A page of another site can have it asked too, as ever: it cannot read the reply."""
    query = await remembered(house)
    cookie = (b"cookie", b"a=b; " + COOKIE.encode() + b"=" + house.member)
    for headers in (
        [(b"authorization", b"bEARER  " + house.member)],
        [cookie],
        [cookie, (b"sec-fetch-site", b"cross-site")],
        [cookie, (b"origin", b"https://elsewhere.test")],
    ):
        reply = await house.service.ask(query, None, *headers)
        long = await house.service.ask(query, None, *headers, LONG)
        assert 200 == reply.status
        assert long.sent == reply.sent
        assert (False, True) == (reply.is_routed, long.is_routed)


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "get"])
async def test_other_methods_go_the_long_way(house: House, method: str) -> None:
    query = await remembered(house)
    reply = await house.service.ask(query, house.member, method=method)
    assert reply.is_routed
    assert (200 if method == "HEAD" else 405) == reply.status


@pytest.mark.parametrize("path", [f"{SEARCH}/", "/api/v1/facilities/", "/api/v1/availability"])
async def test_other_paths_go_the_long_way(house: House, path: str) -> None:
    query = await remembered(house)
    reply = await house.service.ask(query, house.member, path=path)
    assert reply.is_routed
    assert reply.status in (400, 404)


async def test_a_revoked_token_opens_nothing_any_more(house: House) -> None:
    _, token = await house.service.person()
    query = await remembered(house, token)
    (row,) = (await house.service.ask(b"", token, path="/api/v1/me/tokens/")).json
    await house.service.do("DELETE", f"/api/v1/me/tokens/{row['id']}/", token=token)
    reply = await house.service.ask(query, token)
    assert (401, True) == (reply.status, reply.is_routed)


async def test_a_token_that_may_not_read_is_told_nothing(house: House) -> None:
    query = await remembered(house)
    _, token = await house.service.person(scopes=("book", "manage"))
    # Asked three times, the last of them by the long way: by the second it is known who asks.
    reply = await house.agrees(query, token)
    assert (403, "insufficient_scope") == (reply.status, reply.json["type"])
    assert b'error="insufficient_scope", scope="read"' in reply.header(b"www-authenticate")
    _, token = await house.service.person(scopes=("read",))
    assert not (await house.agrees(query, token)).is_routed


@pytest.mark.parametrize("by", ["the service", "somebody else"])
async def test_who_is_deactivated_is_told_nothing_any_more(house: House, by: str) -> None:
    user_id, token = await house.service.person()
    query = await remembered(house, token)
    if by == "the service":
        await house.service.do("PATCH", f"/api/v1/users/{user_id}/", {"is_active": False})
    else:
        await deactivate_user(house.service.conn, user_id)
        await house.service.told()
    reply = await house.service.ask(query, token)
    assert (401, True) == (reply.status, reply.is_routed)


async def test_a_token_opens_nothing_at_once_from_the_end_of_its_time_on(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    expires_at = datetime.now(UTC) + timedelta(minutes=1)
    _, token = await house.service.person(expires_at=expires_at)
    query = await remembered(house, token)
    for now, is_routed in ((expires_at - timedelta.resolution, False), (expires_at, True)):
        clock = SimpleNamespace(now=lambda _, now=now: now)
        monkeypatch.setattr("app.shortcut.datetime", clock)
        assert is_routed == (await house.service.ask(query, token)).is_routed


async def test_nothing_is_told_at_once_while_the_database_does_not_tell_of_changes(
    dsn: str,
) -> None:
    async with inside(dsn) as service:
        house = await furnished(service)
        query = await remembered(house)
        expected = (await house.agrees(query, house.member)).body
        async with await connect(dsn) as conn, conn.transaction():
            await conn.execute("LOCK TABLE changes IN ACCESS EXCLUSIVE MODE")
            with anyio.fail_after(10):
                while service.live.feed.is_fresh:  # noqa: ASYNC110 - nothing tells of it
                    await anyio.sleep(0.01)
            reply = await service.ask(query, house.member)
            assert (200, True, expected) == (reply.status, reply.is_routed, reply.body)
        with anyio.fail_after(10):  # and then again
            while (await service.ask(query, house.member)).is_routed:
                await service.told()


async def test_where_nothing_is_remembered_all_goes_the_long_way(dsn: str) -> None:
    async with inside(dsn, cache=False) as service:
        house = await furnished(service)
        query = searching(house.plain, at(0), at(24))
        replies = await house.three_times(query, house.member)
        assert {(200, True)} == {(reply.status, reply.is_routed) for reply in replies}
        assert 1 == len({reply.sent for reply in replies})


# What is so now


async def book(house: House, facility: int) -> None:
    await house.service.book(facility, at(12), token=house.member)


async def cancel(house: House, facility: int) -> None:
    ((booking,),) = await rows(house, "SELECT id FROM bookings WHERE facility_id = %s", facility)
    await house.service.do("DELETE", f"/api/v1/bookings/{booking}/", token=house.member)


async def shift(house: House, facility: int) -> None:
    ((booking,),) = await rows(house, "SELECT id FROM bookings WHERE facility_id = %s", facility)
    times = {"start_time": wire(at(16)), "end_time": wire(at(17))}
    await house.service.do("PATCH", f"/api/v1/bookings/{booking}/", times, token=house.member)


async def close(house: House, facility: int) -> None:
    times = {"start_time": wire(at(14)), "end_time": wire(at(15)), "reason": "Repairs"}
    await house.service.do("POST", "/api/v1/closures/", {**times, "facility_id": facility})


async def close_all(house: House, facility: int) -> None:
    ((site,),) = await rows(house, "SELECT site_id FROM facilities WHERE id = %s", facility)
    times = {"start_time": wire(at(14)), "end_time": wire(at(15)), "reason": "Repairs"}
    await house.service.do("POST", "/api/v1/closures/", {**times, "site_id": site})


def changed(**body: object) -> Callable[[House, int], Awaitable[None]]:
    async def change(house: House, facility: int) -> None:
        await house.service.do("PATCH", f"/api/v1/facilities/{facility}/", body)

    return change


def directly(statement: str) -> Callable[[House, int], Awaitable[None]]:
    """A change by somebody else, when the service has been told."""

    async def change(house: House, facility: int) -> None:
        named = {"facility": facility, "start": at(18), "end": at(19), "group": house.group}
        await house.service.conn.execute(statement.encode(), named)
        await house.service.told()

    return change


CHANGES: Mapping[str, Callable[[House, int], Awaitable[None]]] = {
    "a booking": book,
    "a cancellation": cancel,
    "a move": shift,
    "a closure": close,
    "a closure of the site": close_all,
    "hours": changed(opening_hours=[{"weekday": "monday", "opens": "08:00", "closes": "20:00"}]),
    "rules": changed(rules={"min_duration_minutes": 45}),
    "a name": changed(name="Renamed"),
    "archiving": changed(status="archived"),
    "a booking by somebody else": directly(
        "INSERT INTO bookings (facility_id, user_id, start_time, end_time, title)"
        " VALUES (%(facility)s, 1, %(start)s, %(end)s, 'Theirs')"
    ),
    "a closure by somebody else": directly(
        "INSERT INTO closures (facility_id, start_time, end_time, reason)"
        " VALUES (%(facility)s, %(start)s, %(end)s, 'Theirs')"
    ),
    "groups by somebody else": directly(
        "INSERT INTO facility_user_groups SELECT %(facility)s, id FROM user_groups"
        " WHERE id <> %(group)s LIMIT 1"
    ),
}


async def rows(house: House, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
    """What the database says."""
    cursor = await house.service.conn.execute(statement.encode(), parameters)
    return await cursor.fetchall()


@pytest.mark.parametrize("change", CHANGES)
async def test_after_a_change_the_next_answer_is_that_of_the_long_way(
    house: House, change: str
) -> None:
    await house.service.do("POST", "/api/v1/user-groups/", {"name": unique("Lab")})
    facility = await house.service.facility(await new_site(house.service))
    await house.service.book(facility, at(10), token=house.member)
    query = searching(facility, at(0), at(24))
    before = await house.agrees(query, house.member)
    assert not before.is_routed
    await CHANGES[change](house, facility)
    after = await house.service.ask(query, house.member)
    long = await house.service.ask(query, house.member, LONG)
    assert long.sent == after.sent
    assert before.body != after.body
    assert after.sent == (await house.agrees(query, house.member)).sent


async def test_who_may_book_and_who_may_not_are_told_each_their_own(house: House) -> None:
    query = searching(house.restricted, at(0), at(24))
    for _ in range(3):
        for token, may_book in (
            (house.member, True),
            (house.other, False),
            (house.service.staff, True),
        ):
            reply = await house.agrees(query, token)
            (result,) = reply.json
            assert not reply.is_routed
            assert may_book is ("refusal" not in result)
            assert may_book is bool(result["available_slots"])


async def test_who_joins_or_leaves_a_group_is_told_so_by_the_next_answer(house: House) -> None:
    user_id, token = await house.service.person()
    query = searching(house.restricted, at(0), at(24))
    membership = f"/api/v1/user-groups/{house.group}/members/{user_id}/"
    for method, may_book in (("PUT", True), ("DELETE", False), ("PUT", True)):
        await house.agrees(query, token)
        await house.service.do(method, membership)
        reply = await house.service.ask(query, token)
        assert may_book is ("refusal" not in reply.json[0])
        assert reply.sent == (await house.agrees(query, token)).sent


# What is told of it


async def test_the_log_has_a_line_as_of_the_long_way(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = await remembered(house)
    lines: list[dict[str, Any]] = []
    monkeypatch.setattr("app.edge.log_request", lines.append)
    await house.service.told()
    short = await house.service.ask(query, house.member)
    await house.service.ask(query, house.member, LONG)
    assert not short.is_routed
    times = [line.pop("ms") for line in lines]
    assert all(isinstance(each, float) and each >= 0 for each in times)
    expected = {"method": "GET", "path": SEARCH, "status": 200, "request_id": "the-same"}
    assert [expected, expected] == lines


async def test_requests_are_counted_and_timed_by_their_operation(house: House) -> None:
    query = await remembered(house)
    names = {"operation": "availability_search"}
    answered = count("holdfast_requests_total", **names, status="200")
    timed = count("holdfast_request_seconds_count", **names)
    none = count("holdfast_request_seconds_count", operation="none")
    for number in range(1, 4):
        await house.service.told()
        assert not (await house.service.ask(query, house.member)).is_routed
        assert number == count("holdfast_requests_total", **names, status="200") - answered
        assert number == count("holdfast_request_seconds_count", **names) - timed
    assert none == count("holdfast_request_seconds_count", operation="none")


async def test_an_answer_that_had_to_be_made_is_a_miss_and_one_that_had_not_a_hit(
    house: House,
) -> None:
    def counted() -> tuple[float, float]:
        hits, misses = (
            count(f"holdfast_cache_{name}_total", cache="answers") for name in ("hits", "misses")
        )
        return hits, misses

    query = searching(await house.service.facility(house.site), at(0), at(24))
    await house.service.told()
    hits, misses = counted()
    made = await house.service.ask(query, house.member)
    assert (made.is_routed, (hits, misses + 1)) == (True, counted())
    await house.service.told()
    again = await house.service.ask(query, house.member)
    assert (again.is_routed, (hits + 1, misses + 1)) == (False, counted())
    await house.service.told()
    await house.service.ask(query, house.member, LONG)
    assert (hits + 2, misses + 1) == counted()


async def test_a_long_answer_is_packed_and_has_a_tag_of_its_own(house: House) -> None:
    facility = await house.service.facility(house.site)
    for hour in range(0, 20, 2):
        await house.service.book(facility, at(hour), token=house.member)
    query = searching(facility, at(0), at(24))
    plain = await house.agrees(query, house.member)
    packed = await house.agrees(query, house.member, GZIP)
    assert len(packed.body) < len(plain.body)
    assert b"gzip" == packed.header(b"content-encoding")
    assert b"Accept-Encoding" == packed.header(b"vary") == plain.header(b"vary")
    assert packed.header(b"etag") == plain.header(b"etag")[:-1] + b'-gzip"'


async def test_a_reply_has_all_that_every_reply_has(house: House) -> None:
    query = await remembered(house)
    reply = await house.service.ask(query, house.member)
    assert b"the-same" == reply.header(b"x-request-id")
    assert b"nosniff" == reply.header(b"x-content-type-options")
    assert b"private, no-cache" == reply.header(b"cache-control")
    assert b"application/json" == reply.header(b"content-type")
    assert len(reply.body) == int(reply.header(b"content-length"))
