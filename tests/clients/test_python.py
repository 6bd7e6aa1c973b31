"""The client for Python, against the running service and what can come between."""

import asyncio
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast_client import (
    NO_RETRY,
    Begun,
    BookingConflict,
    Changed,
    ClosureAffectsBookings,
    ContractMismatch,
    Holdfast,
    ImportRefused,
    Problem,
    Resynced,
    Retry,
    UnexpectedReply,
    async_changes,
    async_check_contract,
    changes,
    check_contract,
)
from holdfast_client._contract import CONTRACT_VERSION
from holdfast_client._events import Block, Reader
from holdfast_client.api.bookings import (
    bookings_approve,
    bookings_cancel,
    bookings_create,
    bookings_retrieve,
    bookings_update,
)
from holdfast_client.api.closures import closures_create, closures_delete, closures_retrieve
from holdfast_client.api.exports import exports_retrieve
from holdfast_client.api.facilities import facilities_create, facilities_list
from holdfast_client.api.imports import imports_users
from holdfast_client.api.me import me_retrieve, my_bookings_list
from holdfast_client.models import (
    ApproveBookingRequest,
    BookingDetail,
    CreateBookingRequest,
    CreateClosureRequest,
    CreateFacilityRequest,
    UpdateBookingRequest,
)
from tests.integration.api import Api, Json, Person, at, unique

from .conftest import ROOT, Way
from .meddler import Fault

AT_ONCE = Retry(first_wait=0.001)


@pytest.fixture
def member(api: Api) -> Person:
    """Somebody who books."""
    return api.person()


@pytest.fixture
def client(way: Way, member: Person) -> Iterator[Holdfast]:
    """Their client, past the meddler."""
    with Holdfast(way.url, member.token, retry=AT_ONCE) as client:
        yield client


@pytest.fixture
def staff(way: Way, api: Api) -> Iterator[Holdfast]:
    """A client of staff, past the meddler."""
    with Holdfast(way.url, api.staff.token, retry=AT_ONCE) as client:
        yield client


def wanted(facility: Json, hours: float = 9) -> CreateBookingRequest:
    """A booking to ask for."""
    return CreateBookingRequest(
        facility_id=facility["id"],
        start_time=at(hours),
        end_time=at(hours + 1),
        title="Stand-up",
    )


def test_a_booking_is_made_read_changed_and_cancelled(api: Api, client: Holdfast) -> None:
    facility = api.facility()
    made = bookings_create.sync(client=client, body=wanted(facility))
    assert (made.title, made.start_time, made.status) == ("Stand-up", at(9), "confirmed")

    read = bookings_retrieve.sync_detailed(made.id, client=client)
    etag = read.headers["etag"]
    assert read.parsed == made
    assert bookings_retrieve.sync(made.id, client=client, if_none_match=etag) is None

    change = UpdateBookingRequest(title="Retrospective")
    changed = bookings_update.sync(made.id, client=client, body=change, if_match=etag)
    assert (changed.title, changed.start_time) == ("Retrospective", made.start_time)
    with pytest.raises(Problem) as refused:
        bookings_update.sync(made.id, client=client, body=change, if_match=etag)
    assert (refused.value.status, refused.value.type) == (412, "precondition_failed")

    cancel = bookings_cancel.sync_detailed(made.id, client=client)
    assert (cancel.status_code, cancel.parsed) == (HTTPStatus.NO_CONTENT, None)
    now = bookings_retrieve.sync(made.id, client=client)
    assert now is not None
    assert now.status == "cancelled"


def test_a_conflict_says_what_is_free_instead(api: Api, client: Holdfast, staff: Holdfast) -> None:
    facility = api.facility()
    bookings_create.sync(client=staff, body=wanted(facility))
    with pytest.raises(BookingConflict) as refused:
        bookings_create.sync(client=client, body=wanted(facility))
    alternatives = refused.value.conflict.suggested_alternatives
    assert isinstance(alternatives, list)
    assert all(slot.end_time - slot.start_time == timedelta(hours=1) for slot in alternatives)
    assert (refused.value.status, len(alternatives)) == (409, 5)


def test_a_refusal_points_at_the_value_and_names_the_request(api: Api, client: Holdfast) -> None:
    body = wanted(api.facility(capacity=2))
    body.attendee_count = 3
    with pytest.raises(Problem) as refused:
        bookings_create.sync(client=client, body=body)
    assert refused.value.type == "too_many_attendees"
    assert [("/attendee_count", "body")] == [(e.pointer, e.in_) for e in refused.value.errors]
    assert refused.value.request_id in str(refused.value)


def test_problems_that_say_more_have_it_as_models(api: Api, staff: Holdfast) -> None:
    facility = api.facility()
    booking = bookings_create.sync(client=staff, body=wanted(facility))
    closure = CreateClosureRequest(
        start_time=at(0), end_time=at(24), reason="Carpet", facility_id=facility["id"]
    )
    with pytest.raises(ClosureAffectsBookings) as closing:
        closures_create.sync(client=staff, body=closure)
    assert [booking.id] == [each.id for each in closing.value.conflict.affected_bookings]
    with pytest.raises(ImportRefused) as importing:
        imports_users.sync(client=staff, body="username,is_staff\nsomebody,perhaps\n")
    assert [2] == [each.line for each in importing.value.refusal.lines]


def test_csv_goes_in_and_out_as_text(api: Api, staff: Holdfast, way: Way) -> None:
    name = unique("Umlaut-Büro")
    facilities_create.sync(
        client=staff,
        body=CreateFacilityRequest(
            site_id=api.home["id"], name=name, facility_type="room", capacity=2
        ),
    )
    assert name in exports_retrieve.sync("facilities", client=staff)
    username = unique("imported")
    way.queue()
    assert imports_users.sync(client=staff, body=f"username\n{username}\n").created == 1
    assert way.seen()[0]["Content-Type"] == "text/csv"


def test_a_list_among_the_parameters_is_sent_as_the_contract_has_it(
    api: Api, client: Holdfast
) -> None:
    site = api.site()
    both = api.facility(site, amenities=["beamer", "piano"])
    api.facility(site, amenities=["beamer"])
    found = facilities_list.sync(client=client, site_id=site["id"], amenities=["beamer", "piano"])
    assert [both["id"]] == [facility.id for facility in found]


def test_a_list_is_read_page_after_page_as_it_is_needed(
    api: Api, client: Holdfast, way: Way
) -> None:
    site = api.site()
    expected = [api.facility(site, name=f"Page {number}")["id"] for number in range(5)]
    way.queue()
    found = facilities_list.sync_each(client=client, site_id=site["id"], limit=2)
    assert next(found).id == expected[0]
    assert len(way.seen()) == 1
    assert expected[1:] == [facility.id for facility in found]
    assert len(way.seen()) == 3
    assert all(f"site_id={site['id']}" in request["path"] for request in way.seen())


def test_a_page_that_is_none_of_the_services_is_one_clear_sentence(
    api: Api, member: Person, way: Way
) -> None:
    site = api.site()
    for name in ("One", "Two"):
        api.facility(site, name=name)
    for fault, said in ((Fault.WEBSITE, "200 text/html"), (Fault.GATEWAY, "502 text/html")):
        with Holdfast(way.url, member.token, retry=NO_RETRY) as client:
            way.queue(Fault.NONE, fault)
            found = facilities_list.sync_each(client=client, site_id=site["id"], limit=1)
            assert next(found).name == "One"
            with pytest.raises(UnexpectedReply, match=said):
                next(found)


def test_no_other_host_is_shown_the_token(
    api: Api, client: Holdfast, member: Person, way: Way
) -> None:
    facility = api.facility(api.site())
    way.queue(Fault.ELSEWHERE)
    found = facilities_list.sync_each(client=client, site_id=facility["site"]["id"])
    assert next(found).id == facility["id"]
    with pytest.raises(UnexpectedReply, match="with its next page elsewhere, at http://localhost"):
        next(found)
    assert len(way.seen()) == 1

    async def use() -> list[int]:
        async with Holdfast(way.url, member.token, retry=AT_ONCE) as other:
            pages = facilities_list.asyncio_each(client=other, site_id=facility["site"]["id"])
            return [found.id async for found in pages]

    way.queue(Fault.ELSEWHERE)
    with pytest.raises(UnexpectedReply, match="elsewhere"):
        asyncio.run(use())
    assert len(way.seen()) == 1


def test_a_list_of_nothing_has_no_pages(client: Holdfast) -> None:
    assert [] == list(my_bookings_list.sync_each(client=client))


def test_a_reply_that_is_lost_books_once(
    api: Api, client: Holdfast, member: Person, way: Way
) -> None:
    facility = api.facility()
    way.queue(Fault.LOSE, Fault.CUT, Fault.BUSY, Fault.AWAY, Fault.GATEWAY)
    retry = Retry(attempts=6, first_wait=0.001)
    with Holdfast(way.url, member.token, retry=retry) as patient:
        made = bookings_create.sync(client=patient, body=wanted(facility))
    keys = [request["Idempotency-Key"] for request in way.seen()]
    assert (len(keys), len({*keys})) == (6, 1)
    assert [made.id] == [each.id for each in my_bookings_list.sync(client=client)]


def test_two_bookings_have_two_keys_and_a_given_key_stays(
    api: Api, client: Holdfast, way: Way
) -> None:
    facility = api.facility()
    for hours in (9, 11):
        bookings_create.sync(client=client, body=wanted(facility, hours))
    first = bookings_create.sync(client=client, body=wanted(facility, 13), idempotency_key="mine")
    again = bookings_create.sync_detailed(
        client=client, body=wanted(facility, 13), idempotency_key="mine"
    )
    assert (again.parsed.id, again.headers["idempotency-replayed"]) == (first.id, "true")
    one, other, *given_ = [request["Idempotency-Key"] for request in way.seen()]
    assert one != other
    assert given_ == ["mine", "mine"]


def test_a_read_is_repeated(api: Api, client: Holdfast, way: Way) -> None:
    made = bookings_create.sync(client=client, body=wanted(api.facility()))
    way.queue(Fault.CUT, Fault.LOSE, Fault.AWAY)
    assert bookings_retrieve.sync(made.id, client=client) == made
    assert len(way.seen()) == 4


def test_a_deletion_that_was_made_is_never_reported_as_not_found(
    api: Api, staff: Holdfast, way: Way
) -> None:
    body = CreateClosureRequest(
        start_time=at(0), end_time=at(24), reason="Carpet", facility_id=api.facility()["id"]
    )
    closure = closures_create.sync(client=staff, body=body)
    way.queue(Fault.LOSE)
    with pytest.raises(httpx.TransportError):
        closures_delete.sync(closure.id, client=staff)
    assert ["DELETE"] == [request["method"] for request in way.seen()]
    with pytest.raises(Problem, match="not_found"):
        closures_retrieve.sync(closure.id, client=staff)


def test_a_change_that_may_have_been_made_is_not_repeated(
    api: Api, client: Holdfast, staff: Holdfast, way: Way
) -> None:
    made = bookings_create.sync(client=client, body=wanted(api.facility()))
    change = UpdateBookingRequest(title="Twice?")
    way.queue(Fault.LOSE)
    with pytest.raises(httpx.TransportError):
        bookings_update.sync(made.id, client=client, body=change)
    assert len(way.seen()) == 1
    way.queue(Fault.AWAY)
    with pytest.raises(Problem) as refused:
        bookings_approve.sync(made.id, client=staff, body=ApproveBookingRequest())
    assert (refused.value.type, refused.value.retry_after) == ("service_unavailable", 0)
    assert len(way.seen()) == 1


def test_what_never_left_is_repeated_whatever_it_is(api: Api) -> None:
    waits = 0

    class Counting(Retry):
        def backoff(self, attempt: int) -> float:
            nonlocal waits
            waits += attempt
            return 0.0

    with (
        Holdfast("http://127.0.0.1:9", api.staff.token, retry=Counting(attempts=3)) as nowhere,
        pytest.raises(httpx.ConnectError),
    ):
        bookings_update.sync(1, client=nowhere, body=UpdateBookingRequest(title="Nowhere"))
    assert waits == 1 + 2


def test_nobody_waits_longer_than_they_said_they_would(client: Holdfast, way: Way) -> None:
    way.queue(Fault.AWAY_LONG)
    with pytest.raises(Problem) as refused:
        me_retrieve.sync(client=client)
    assert (refused.value.retry_after, len(way.seen())) == (3600, 1)


def test_retries_come_to_an_end_and_can_be_forgone(member: Person, way: Way) -> None:
    for retry, tries in ((Retry(attempts=3, first_wait=0.001), 3), (NO_RETRY, 1)):
        way.queue(*[Fault.AWAY] * 9)
        with (
            Holdfast(way.url, member.token, retry=retry) as client,
            pytest.raises(Problem, match="service_unavailable"),
        ):
            me_retrieve.sync(client=client)
        assert len(way.seen()) == tries


def test_the_functions_for_asyncio_do_the_same(api: Api, member: Person, way: Way) -> None:
    facility = api.facility()

    async def use() -> tuple[BookingDetail, list[int]]:
        async with Holdfast(way.url, member.token, retry=AT_ONCE) as client:
            way.queue(Fault.LOSE, Fault.CUT)
            made = await bookings_create.asyncio(client=client, body=wanted(facility))
            assert len(way.seen()) == 3
            with pytest.raises(BookingConflict):
                await bookings_create.asyncio(client=client, body=wanted(facility))
            second = await bookings_create.asyncio(client=client, body=wanted(facility, 11))
            way.queue(Fault.AWAY)
            pages = my_bookings_list.asyncio_each(client=client, limit=1)
            assert await async_check_contract(client) == CONTRACT_VERSION
            return made, [booking.id async for booking in pages if booking.id != second.id]

    made, listed = asyncio.run(use())
    assert listed == [made.id]


def test_the_stream_goes_on_over_a_break_and_loses_nothing(
    api: Api, client: Holdfast, member: Person, way: Way
) -> None:
    facility = api.facility()
    with closing(changes(client, facility_id=facility["id"])) as events:
        assert isinstance(next(events), Begun)
        member.book(facility, at(9), at(10))
        first = next(events)
        assert isinstance(first, Changed)
        assert (first.change.start_time, first.change.end_time) == (at(9), at(10))
        assert first.change.facility_id == facility["id"]
        way.queue(Fault.GATEWAY, Fault.AWAY)
        way.break_off()
        member.book(facility, at(11), at(12))
        second = next(events)
        member.book(facility, at(13), at(14))
        third = next(events)
    assert isinstance(second, Changed)
    assert isinstance(third, Changed)
    assert (second.change.start_time, third.change.start_time) == (at(11), at(13))
    assert all(request["Last-Event-ID"] for request in way.seen())


def test_the_stream_goes_on_after_the_service_has_ended_it(
    api: Api, client: Holdfast, member: Person, way: Way
) -> None:
    facility = api.facility()
    with closing(changes(client, facility_id=facility["id"])) as events:
        next(events)
        for quarter in range(96):
            member.book(facility, at(quarter / 4), at((quarter + 1) / 4))
            event = next(events)
            assert isinstance(event, Changed)
            assert event.change.start_time == at(quarter / 4)
            if len(way.seen()) > 1:
                return
            time.sleep(0.1)
    pytest.fail("the service never ended it")


def test_an_id_from_long_ago_is_answered_with_resync(client: Holdfast) -> None:
    with closing(changes(client, last_event_id="1:1:")) as events:
        begun, resync = next(events), next(events)
    assert isinstance(begun, Begun)
    assert isinstance(resync, Resynced)
    assert resync.resync.reason in {"log_pruned", "too_far_behind", "unknown_position"}


def test_the_stream_ends_with_a_problem_where_coming_back_is_of_no_use(api: Api, way: Way) -> None:
    with (
        Holdfast(way.url, "hf_nobody", retry=AT_ONCE) as nobody,
        pytest.raises(Problem, match="authentication_required"),
    ):
        next(changes(nobody))
    with (
        Holdfast(way.url, api.staff.token, retry=AT_ONCE) as staff,
        pytest.raises(Problem, match="not_found"),
    ):
        next(changes(staff, facility_id=2**31 - 1))


@pytest.mark.parametrize(
    ("base_url", "token", "error"),
    [
        ("localhost:8080", "hf_me", httpx.UnsupportedProtocol),
        ("http://127.0.0.1:9", "hf_me", httpx.ConnectError),
        (None, "hf_me\n", httpx.LocalProtocolError),
    ],
)
def test_a_stream_that_never_was_answered_says_why(
    way: Way, base_url: str | None, token: str, error: type[Exception]
) -> None:
    with (
        Holdfast(base_url or way.url, token, retry=AT_ONCE) as client,
        pytest.raises(error),
    ):
        next(changes(client))

    async def watch() -> None:
        async with Holdfast(base_url or way.url, token, retry=AT_ONCE) as client:
            await anext(async_changes(client))

    with pytest.raises(error):
        asyncio.run(watch())


def test_what_cannot_be_sent_is_tried_once() -> None:
    patient = Retry(first_wait=3600, longest_wait=3600)
    with (
        Holdfast("localhost:8080", "hf_me", retry=patient) as client,
        pytest.raises(httpx.UnsupportedProtocol),
    ):
        me_retrieve.sync(client=client)


def test_the_stream_for_asyncio_does_the_same(api: Api, member: Person, way: Way) -> None:
    facility = api.facility()

    async def watch() -> list[object]:
        async with Holdfast(way.url, member.token, retry=AT_ONCE) as client:
            seen: list[object] = []
            async for event in async_changes(client, facility_id=facility["id"]):
                if isinstance(event, Begun):
                    way.break_off()
                    await asyncio.to_thread(member.book, facility, at(9), at(10))
                else:
                    assert isinstance(event, Changed)
                    return [*seen, event.change.start_time]
            return seen

    assert asyncio.run(watch()) == [at(9)]


ENDS = ("\n", "\r", "\r\n")

LINES = st.lists(
    st.sampled_from(
        [
            "",
            "",
            "id: 7:7:",
            "id: 8:8:ü",
            "event: resync",
            "data: {}",
            "data:a",
            ": beat",
            "x",
            "retry: 5",
        ]
    ),
    max_size=20,
)


@given(LINES, st.sampled_from(ENDS), st.data())
def test_events_are_the_same_however_the_bytes_are_cut(
    lines: list[str], end: str, data: st.DataObject
) -> None:
    stream = "".join(line + end for line in lines).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    whole = Reader()
    expected = list(whole.feed("".join(f"{line}\n" for line in lines).encode()))
    reader = Reader()
    assert expected == [block for piece in pieces for block in reader.feed(piece)]
    assert (whole.last_id, whole.retry) == (reader.last_id, reader.retry)


def test_events_are_read_as_the_standard_has_it() -> None:
    reader = Reader("1:1:")
    text = (
        "\ufeffretry: 2000\nid: 2:2:\n\n: beat\n\ndata: a\ndata: b\nevent: e\n\nid: 3\x00\ndata\n\n"
    )
    assert list(reader.feed(text.encode())) == [
        Block("message", None, "2:2:"),
        Block("message", None, "2:2:"),
        Block("e", "a\nb", "2:2:"),
        Block("message", "", "2:2:"),
    ]
    assert reader.retry == 2.0


def test_what_came_to_be_after_the_client_is_passed_on(
    api: Api, client: Holdfast, way: Way
) -> None:
    made = bookings_create.sync(client=client, body=wanted(api.facility()))
    way.queue(Fault.NEW_VALUES)
    booking = bookings_retrieve.sync(made.id, client=client)
    assert booking is not None
    assert (str(booking.status), booking["colour"]) == ("levitating", "blue")
    way.queue(Fault.NEW_PROBLEM)
    with pytest.raises(Problem) as refused:
        me_retrieve.sync(client=client)
    assert (refused.value.type, refused.value.status) == ("moon_in_the_wrong_phase", 422)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault.WEBSITE, "200 text/html"),
        (Fault.GATEWAY, "502 text/html"),
        (Fault.LESS, "'facility' is missing"),
    ],
)
def test_a_reply_that_is_none_of_the_contracts_is_one_clear_sentence(
    api: Api, member: Person, way: Way, fault: Fault, said: str
) -> None:
    with Holdfast(way.url, member.token, retry=NO_RETRY) as client:
        made = bookings_create.sync(client=client, body=wanted(api.facility()))
        way.queue(fault)
        with pytest.raises(UnexpectedReply) as refused:
            bookings_retrieve.sync(made.id, client=client)
    assert str(refused.value).startswith(f"GET {way.url}/api/v1/bookings/{made.id}/ was answered")
    assert said in str(refused.value)
    assert str(refused.value).endswith(
        f"is this a Holdfast that speaks the contract {CONTRACT_VERSION},"
        " from which this client was built?"
    )


def test_a_client_that_was_built_from_another_contract_says_so_in_one_sentence(
    client: Holdfast, way: Way
) -> None:
    assert check_contract(client) == CONTRACT_VERSION
    way.queue(Fault.NEXT_MINOR)
    assert check_contract(client) == "1.999.0"
    way.queue(Fault.NEXT_MAJOR)
    with pytest.raises(ContractMismatch) as newer:
        check_contract(client)
    assert str(newer.value) == (
        f"This client was built from the contract {CONTRACT_VERSION}, and the service at {way.url}/"
        " speaks 2.3.0: use a holdfast-client that was built from 2.3."
    )
    way.queue(Fault.LAST_MAJOR)
    with pytest.raises(ContractMismatch, match=r"speaks 0\.9\.0, which is older: use"):
        check_contract(client)
    way.queue(Fault.WEBSITE)
    with pytest.raises(UnexpectedReply, match="where the service's contract was expected"):
        check_contract(client)


USE_THE_WHEEL = """
import sys
sys.path.insert(0, sys.argv[1])
import holdfast_client
from holdfast_client import Holdfast
from holdfast_client.api.me import me_retrieve
assert holdfast_client.__file__.startswith(sys.argv[1])
with Holdfast(sys.argv[2], sys.argv[3]) as client:
    print(me_retrieve.sync(client=client).username)
"""


def test_the_package_is_built_whole_and_works(api: Api, member: Person, tmp_path: Path) -> None:
    project = ROOT / "clients" / "python"
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=project, check=True, capture_output=True)  # noqa: S603 - ours
    (wheel,) = tmp_path.glob("holdfast_client-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = {*archive.namelist()}
        archive.extractall(tmp_path / "installed")
    source = project / "src"
    assert {
        str(path.relative_to(source))
        for path in source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    } == {name for name in names if ".dist-info/" not in name}
    assert "holdfast_client/py.typed" in names
    use = ["-I", "-c", USE_THE_WHEEL, str(tmp_path / "installed"), api.base_url, member.token]
    done = subprocess.run(  # noqa: S603 - ours
        [sys.executable, *use], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == member.user["username"]


def test_the_readmes_examples_work(
    api: Api, member: Person, way: Way, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ROOT / "clients" / "python" / "README.md").read_text(encoding="utf-8")
    book, follow = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    facility = api.facility()
    book = book.replace("http://127.0.0.1:8080", way.url)
    book = book.replace("facility_id=1", f"facility_id={facility['id']}")
    for _ in range(2):
        exec(book, {"token": member.token})  # noqa: S102 - the README is ours
    first, refused, again = capsys.readouterr().out.splitlines()
    assert first == again
    assert first.endswith(" Stand-up")
    assert "TimeSlot" in refused
    compile(follow, "README.md", "exec")
