"""The hub of streams by itself: who is told what, and what a client that does not read costs."""

import asyncio
from collections.abc import Sequence
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.access import Caller
from domain.errors import TooManyStreams
from live.feed import Feed
from live.hub import Hub, HubFull, Terms
from live.position import Position
from live.streams import MOST_WAITING, Event, Stream, Watched
from sql.changes import ChangeRow
from sql.pool import Connection

from .world import ORIGIN

ADA = Caller(1, "ada", is_staff=False)
BOB = Caller(2, "bob", is_staff=False)


async def no_connection() -> Connection:
    """A feed that nobody runs needs none."""
    pytest.fail("This feed is not run.")


class Told:
    """A hub, and what it is told, as the feed would."""

    def __init__(self, terms: Terms = Terms()) -> None:  # noqa: B008 - it is frozen
        feed = Feed(no_connection, 1)
        self.hub = Hub(feed, terms, later=0)
        self.number = 1
        self.hub._position = self.hub._heard = self.position  # noqa: SLF001 - as if it had begun

    @property
    def position(self) -> Position:
        """Where the feed is."""
        return Position(ORIGIN, f"{self.number}:{self.number}:")

    def tell(self, rows: Sequence[ChangeRow]) -> None:
        """One batch, whose time has come."""
        self.number += 1
        self.hub._tell(rows, self.position)  # noqa: SLF001 - as its timer does

    def hear(self, rows: Sequence[ChangeRow]) -> None:
        """One batch, whose time will come."""
        self.number += 1
        self.hub._hear(rows, self.position)  # noqa: SLF001 - as the feed does


def row(number: int = 1, facility_id: int | None = 1, site_id: int | None = 1) -> ChangeRow:
    """A change."""
    return ChangeRow(
        "1:1:", number, number, "facility", facility_id, site_id, None, None, None, None
    )


def user(user_id: int) -> ChangeRow:
    """A change of a user."""
    return ChangeRow("1:1:", 1, 1, "user", None, None, None, user_id, None, None)


def ids(stream: Stream) -> list[str]:
    """The ids of the events that wait to be sent."""
    return [text.decode() for text in ids_in(asyncio.run(stream.take(0)))]


def ids_in(text: bytes) -> list[bytes]:
    """The ids of some events, each without the mark of its database."""
    lines = [line for line in text.splitlines() if line.startswith(b"id: ")]
    return [line.removeprefix(f"id: {ORIGIN}/".encode()) for line in lines]


def audience_of(hub: Hub, change: ChangeRow) -> list[Stream]:
    """Who is told of a change."""
    return [*chain.from_iterable(hub._groups(change))]  # noqa: SLF001 - each must be there once


places = st.none() | st.integers(1, 3)


@st.composite
def watched(draw: st.DrawFn) -> Watched:
    """Something to watch: facility n lies at site n % 2 + 1."""
    facility_id = draw(places)
    return Watched(facility_id, draw(places) if facility_id is None else facility_id % 2 + 1)


@given(
    watches=st.lists(watched(), max_size=12),
    facility_id=places,
    site_id=places,
)
def test_who_is_told_is_found_without_asking_everybody(
    watches: list[Watched], facility_id: int | None, site_id: int | None
) -> None:
    hub = Told().hub
    change = row(1, facility_id, site_id if facility_id is None else facility_id % 2 + 1)
    streams = [hub.opened(ADA, watch) for watch in watches]
    opened = [stream.__enter__() for stream in streams]
    audience = audience_of(hub, change)
    assert len(audience) == len(set(audience))
    assert {stream for stream in opened if stream.watched.concerns(change)} == set(audience)
    for stream in streams:
        stream.__exit__(None, None, None)
    assert (audience_of(hub, row(1, None, None)), len(hub)) == ([], 0)


def test_the_last_event_of_a_batch_stands_for_all_of_it() -> None:
    told = Told()
    with told.hub.opened(ADA, Watched()) as stream:
        told.tell([row(7), row(8)])
        told.tell([row(9)])
        assert ids(stream) == ["1:1:/2:2:/7", "2:2:", "3:3:"]


@pytest.mark.parametrize(("count", "is_cut_off"), [(MOST_WAITING, False), (MOST_WAITING + 1, True)])
def test_one_who_does_not_read_is_cut_off_at_the_bound(count: int, *, is_cut_off: bool) -> None:
    told, cut_off = Told(), []
    with told.hub.opened(ADA, Watched()) as slow, told.hub.opened(BOB, Watched()) as other:
        slow.hang_up = lambda: cut_off.append(1)
        for number in range(count):
            told.tell([row(number)])
            assert len(ids(other)) == 1
        assert (is_cut_off, not is_cut_off) == (slow.is_over, not cut_off)
        assert (0 if is_cut_off else count) == len(ids(slow))
        assert not other.is_over


@pytest.mark.parametrize(("count", "is_told"), [(MOST_WAITING, True), (MOST_WAITING + 1, False)])
def test_a_burst_is_told_up_to_the_bound(count: int, *, is_told: bool) -> None:
    told = Told()
    with told.hub.opened(ADA, Watched()) as stream:
        told.tell([row(0)])
        asyncio.run(stream.take(0))
        told.tell([row(number) for number in range(count)])
        text = asyncio.run(stream.take(0))
        assert text.count(b"\n\n") == (count if is_told else 1)
        assert (b'{"reason":"too_far_behind"}' in text) is not is_told
        assert b"3:3:" in ids_in(text)
        assert not stream.is_over


def test_what_waits_before_a_burst_does_not_matter_any_more() -> None:
    told = Told()
    with told.hub.opened(ADA, Watched()) as stream:
        told.tell([row(0)])
        for _ in range(2):
            told.tell([row(number) for number in range(MOST_WAITING + 1)])
        assert ids(stream) == ["4:4:"]


def test_of_a_burst_nobody_is_told_each_change(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told()
    calls: list[Event] = []

    def told_to(event: Event, _: Caller) -> bytes:
        calls.append(event)
        return b""

    monkeypatch.setattr(Event, "told_to", told_to)
    with (
        told.hub.opened(ADA, Watched()) as everything,
        told.hub.opened(ADA, Watched(7, 1)) as facility,
        told.hub.opened(ADA, Watched(site_id=2)),
    ):
        told.tell([row(number, 7 if number < 3 else 8, 1) for number in range(MOST_WAITING + 1)])
        assert len(calls) == 3
        assert b"too_far_behind" in asyncio.run(everything.take(0))
        assert b"too_far_behind" not in asyncio.run(facility.take(0))


@given(st.data())
def test_of_a_batch_a_stream_has_each_event_or_is_told_to_ask_anew(data: st.DataObject) -> None:
    few = data.draw(
        st.lists(st.sampled_from([(7, 1), (8, 1), (None, 1), (None, None)]), max_size=4)
    )
    burst = [data.draw(st.sampled_from([(7, 1), (None, 1), (None, None)]))] * (MOST_WAITING + 1)
    before = data.draw(st.integers(0, len(few)))
    places = [*few[:before], *burst, *few[before:]]
    told = Told()
    with (
        told.hub.opened(ADA, Watched(7, 1)) as facility,
        told.hub.opened(ADA, Watched(site_id=1)) as site,
        told.hub.opened(ADA, Watched()) as everything,
    ):
        told.tell([row(number, *place) for number, place in enumerate(places)])
        for stream in (facility, site, everything):
            assert b"too_far_behind" in asyncio.run(stream.take(0))


def test_one_that_is_behind_is_ended_too_when_its_facility_moves() -> None:
    told = Told()
    with told.hub.opened(ADA, Watched(7, 1)) as stream:
        told.tell([row(number, 7, 2) for number in range(MOST_WAITING + 1)])
        assert stream.is_over


async def a_batch_that_cannot_be_told_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told()
    monkeypatch.setattr(told.hub, "_tell", _refuse)
    raised: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: raised.append(context))
    with told.hub.opened(ADA, Watched()) as stream:
        told.hear([row(1)])
        (batch,) = told.hub._waiting  # noqa: SLF001 - those who open a stream wait for it
        async with asyncio.timeout(20):
            await batch.is_over.wait()
        assert (stream.is_over, len(raised)) == (True, 1)


def _refuse(*_: object) -> None:
    raise ZeroDivisionError


def test_nobody_waits_for_a_batch_that_cannot_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    asyncio.run(a_batch_that_cannot_be_told_is_over(monkeypatch))


async def only_the_streams_of_a_user_end() -> None:
    told = Told()
    with told.hub.opened(ADA, Watched()) as hers, told.hub.opened(BOB, Watched()) as his:
        told.hear([row(1)])
        told.hear([user(ADA.user_id), row(2)])
        # At once, before anything else is told.
        assert (hers.is_over, his.is_over) == (True, False)
        assert await hers.take(0) == b""
        told.hear([row(3)])
        text = b""
        while text.count(b"\n\n") < 3:
            text += await his.take(20)
        assert [b"2:2:", b"3:3:", b"4:4:"] == ids_in(text)


def test_only_the_streams_of_a_user_end_with_the_users_rights() -> None:
    asyncio.run(only_the_streams_of_a_user_end())


async def what_is_heard_is_told_later() -> None:
    told = Told()
    begun = told.position
    with told.hub.opened(ADA, Watched()) as stream:
        told.hear([row(1)])
        assert begun == told.hub.position  # where a stream that is opened now begins
        with told.hub.opened(BOB, Watched()) as other:
            for each in (stream, other):
                assert [b"2:2:"] == ids_in(await each.take(20))
        assert told.position == told.hub.position


def test_what_is_heard_is_told_later_to_whoever_came_before_that() -> None:
    asyncio.run(what_is_heard_is_told_later())


async def streams_end_where_the_feed_lost_its_place() -> None:
    told = Told()
    with told.hub.opened(ADA, Watched()) as stream:
        told.hub.feed._position = told.position  # noqa: SLF001 - as a feed that goes on
        told.hub._begin()  # noqa: SLF001
        is_over = stream.is_over
        told.hear([row(1)])
        (waiting,) = told.hub._waiting  # noqa: SLF001
        elsewhere = Position(ORIGIN, "7:7:")
        told.hub.feed._position = elsewhere  # noqa: SLF001 - as one that begins at another place
        told.hub._begin()  # noqa: SLF001
        assert (is_over, stream.is_over) == (False, True)
        # Nobody waits for what is never told.
        assert waiting.is_over.is_set()
        with told.hub.opened(BOB, Watched()) as other:
            told.hub._hear([row(2)], Position(ORIGIN, "8:8:"))  # noqa: SLF001
            assert elsewhere == told.hub.position
            assert [b"8:8:"] == ids_in(await other.take(20))


def test_all_streams_end_where_the_feed_lost_its_place() -> None:
    asyncio.run(streams_end_where_the_feed_lost_its_place())


def test_a_facility_that_moves_takes_its_stream_to_its_new_site() -> None:
    told = Told()
    with (
        told.hub.opened(ADA, Watched(1, 1)) as its,
        told.hub.opened(ADA, Watched(2, 1)) as other,
        told.hub.opened(ADA, Watched(site_id=1)) as of_site,
    ):
        told.tell([row(1, 1, 1), row(1, 2, 1)])
        assert not its.is_over
        told.tell([row(1, 1, 2), row(2, 1, 1)])
        assert (its.is_over, other.is_over, of_site.is_over) == (True, False, False)
        assert len(ids(of_site)) == 3


def test_there_are_as_many_streams_as_the_terms_say() -> None:
    hub = Told(Terms(per_user=2, most=3)).hub
    with hub.opened(ADA, Watched()), hub.opened(BOB, Watched()):
        with hub.opened(ADA, Watched(1, 1)):
            with pytest.raises(TooManyStreams, match="2 streams"), hub.opened(ADA, Watched()):
                pass
            with pytest.raises(HubFull), hub.opened(BOB, Watched()):
                pass
        with hub.opened(BOB, Watched()):
            assert len(hub) == 3
