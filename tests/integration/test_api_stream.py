"""The stream of changes, as its clients meet it."""

import select
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import urlsplit

import httpx
import pytest

from tests import servers, service
from tests.client import Client, connection

from .api import Api, Json, at, created, invalid, path_of, refused, running_api, wire
from .watching import PATH, Watch, ask, opened, watching

PER_USER = 6

UNKNOWN = 2_147_483_647


@pytest.fixture(scope="module")
def api(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A service whose streams are often heard of."""
    log = tmp_path_factory.mktemp("stream") / "service.log"
    with (
        servers.clone(server, template) as dsn,
        running_api(dsn, log, heartbeat_seconds="0.2", streams_per_user=str(PER_USER)) as api,
    ):
        yield api


def changes(watch: Watch, count: int) -> list[Json]:
    """The next so many changes."""
    return [watch.change() for _ in range(count)]


def change(record: str, facility: Json | None = None, site: Json | None = None) -> Json:
    """A change of any time, as it is told."""
    if facility is not None:
        return {"record": record, "facility_id": facility["id"], "site_id": facility["site"]["id"]}
    return {"record": record} if site is None else {"record": record, "site_id": site["id"]}


def of_booking(booking: Json) -> Json:
    """A change of a booking that the client may see, as it is told."""
    return {
        **change("booking", booking["facility"]),
        "start_time": booking["start_time"],
        "end_time": booking["end_time"],
        "booking_id": booking["id"],
    }


def eventually(condition: Callable[[], bool]) -> None:
    """Wait for what must come true."""
    deadline = monotonic() + 20
    while not condition():
        assert monotonic() < deadline, "It has not come true"
        sleep(0.01)


def test_a_stream_begins_with_where_it_begins(api: Api) -> None:
    with opened(api.person()) as watch:
        assert watch.response.headers["content-type"].startswith("text/event-stream")
        assert watch.response.headers["cache-control"] == "no-store"
        first = watch.block()
        assert (first.retry, first.event, first.data) == (2000, None, None)
        assert first.id is not None


def test_head_answers_without_a_stream(api: Api) -> None:
    response = api.person().request("HEAD", PATH)
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["content-type"].startswith("text/event-stream")


def test_a_booking_is_told_whenever_it_changes(api: Api) -> None:
    ada, room = api.person(), api.facility(rules={"buffer_after_minutes": 15})
    with watching(ada, facility_id=room["id"]) as watch:
        booking = ada.book(room, at(9), at(10))
        with_buffer = {**of_booking(booking), "end_time": wire(at(10.25))}
        assert with_buffer == watch.change()

        moved = {"start_time": wire(at(12)), "end_time": wire(at(13))}
        assert ada.patch(path_of(booking), moved).status_code == 200
        after = {**with_buffer, "start_time": wire(at(12)), "end_time": wire(at(13.25))}
        assert [with_buffer, after] == changes(watch, 2)

        assert ada.patch(path_of(booking), {"title": "Another"}).status_code == 200
        assert after == watch.change()

        assert ada.delete(path_of(booking)).status_code == 204
        assert after == watch.change()


def test_a_booking_that_moves_away_is_told_at_both_facilities(api: Api) -> None:
    ada, here, there = api.person(), api.facility(), api.facility()
    booking = ada.book(here, at(9), at(10))
    with (
        watching(ada, facility_id=here["id"]) as one,
        watching(ada, facility_id=there["id"]) as other,
    ):
        response = ada.patch(path_of(booking), {"facility_id": there["id"]})
        assert response.status_code == 200
        assert of_booking(booking) == one.change()
        assert of_booking(response.json()) == other.change()


def test_everybody_is_told_when_and_only_who_may_see_it_which_booking(api: Api) -> None:
    site = api.site()
    room = api.facility(site)
    owner, stranger = api.person(), api.person()
    keeper, neighbour = api.person(site_ids=[site["id"]]), api.person(site_ids=[api.home["id"]])
    with ExitStack() as stack:
        watches = {
            person: stack.enter_context(watching(person, facility_id=room["id"]))
            for person in (owner, stranger, keeper, neighbour, api.staff)
        }
        booking = owner.book(room, at(9), at(10), title="Not for everybody")
        full = of_booking(booking)
        plain = {name: value for name, value in full.items() if name != "booking_id"}
        told = {person: watch.change() for person, watch in watches.items()}
    assert told == {owner: full, stranger: plain, keeper: full, neighbour: plain, api.staff: full}


def test_a_stream_tells_of_its_facility_its_site_or_all(api: Api) -> None:
    ada, here, there = api.person(), api.site(), api.site()
    first, second, third = api.facility(here), api.facility(here), api.facility(there)
    with (
        watching(ada, facility_id=first["id"]) as of_facility,
        watching(ada, site_id=here["id"]) as of_site,
        watching(ada) as of_all,
    ):
        booked = [of_booking(ada.book(room, at(9), at(10))) for room in (third, second, first)]
        assert booked == changes(of_all, 3)
        assert booked[1:] == changes(of_site, 2)
        assert booked[2:] == changes(of_facility, 1)


def test_closures_and_new_rules_are_told_where_they_hold(api: Api) -> None:
    ada, site, other = api.person(), api.site(), api.site()
    room, elsewhere = api.facility(site), api.facility(other)
    times = {"start_time": wire(at(20, day=200)), "end_time": wire(at(21, day=200))}
    closures = "/api/v1/closures/"
    reason = {"reason": "Repairs", **times}
    with (
        watching(ada, facility_id=room["id"]) as of_facility,
        watching(ada, site_id=site["id"]) as of_site,
        watching(ada, facility_id=elsewhere["id"]) as of_other,
    ):
        created(api.staff.post(closures, {"facility_id": room["id"], **reason}))
        created(api.staff.post(closures, {"site_id": site["id"], **reason}))
        api.staff.patch(f"/api/v1/sites/{site['id']}/", {"name": f"{site['name']} II"})
        api.staff.patch(f"/api/v1/facilities/{room['id']}/", {"capacity": 9})
        everywhere = created(api.staff.post(closures, reason))
        api.staff.delete(f"{closures}{everywhere['id']}/")
        expected = [
            {**change("closure", room), **times},
            {**change("closure", site=site), **times},
            change("site", site=site),
            change("facility", room),
            {**change("closure"), **times},
            {**change("closure"), **times},
        ]
        assert expected == changes(of_facility, 6)
        assert expected == changes(of_site, 6)
        assert expected[4:] == changes(of_other, 2)


def test_the_stream_of_a_facility_that_moves_to_another_site_ends(api: Api) -> None:
    ada, there = api.person(), api.site()
    room = api.facility()
    with watching(ada, facility_id=room["id"]) as watch:
        moved = api.staff.patch(f"/api/v1/facilities/{room['id']}/", {"site_id": there["id"]})
        assert moved.status_code == 200
        watch.rest()


def test_a_client_goes_on_after_whichever_event_it_had_last(api: Api) -> None:
    ada, room, other = api.person(), api.facility(), api.facility()
    with watching(ada, facility_id=room["id"]) as watch:
        begun = watch.heartbeat()
        for hour in range(9, 14):
            ada.book(room, at(hour), at(hour + 1))
            ada.book(other, at(hour), at(hour + 1))
        events = [watch.event() for _ in range(5)]
    data = [event.data for event in events]
    for number, last in enumerate([begun, *events]):
        with watching(ada, last.id, facility_id=room["id"]) as watch:
            again = watch.until_heartbeat()
            assert data[number:] == [event.data for event in again]
    # What was told afterwards has ids of its own, which are as good.
    with watching(ada, begun.id, facility_id=room["id"]) as watch:
        ids = [event.id for event in watch.until_heartbeat()]
    for number, last_id in enumerate(ids, 1):
        with watching(ada, last_id, facility_id=room["id"]) as watch:
            assert data[number:] == [event.data for event in watch.until_heartbeat()]


def test_what_happens_while_a_client_comes_back_is_told_once(api: Api) -> None:
    ada, room = api.person(), api.facility()
    with watching(ada, facility_id=room["id"]) as watch:
        last = watch.heartbeat().id
    told: list[Json] = []
    for hour in range(8):
        ada.book(room, at(hour), at(hour + 1))
        with watching(ada, last, facility_id=room["id"]) as watch:
            ada.book(room, at(hour + 10), at(hour + 11))
            for _ in range(2):
                event = watch.event()
                told.append(event.data)
                last = event.id
    starts = [booking["start_time"] for booking in told]
    assert starts == [wire(at(hour)) for pair in range(8) for hour in (pair, pair + 10)]


def test_an_event_source_that_is_new_names_its_last_event_in_the_query(api: Api) -> None:
    ada, room = api.person(), api.facility()
    with watching(ada, facility_id=room["id"]) as watch:
        begun = watch.heartbeat().id
        ada.book(room, at(9), at(10))
        booked = watch.event().id
    with watching(ada, facility_id=room["id"], last_event_id=begun) as watch:
        assert len(watch.until_heartbeat()) == 1
    with watching(ada, booked, facility_id=room["id"], last_event_id=begun) as watch:
        assert watch.until_heartbeat() == []


def test_heartbeats_move_the_last_id_on(api: Api) -> None:
    ada, quiet, busy = api.person(), api.facility(), api.facility()
    with watching(ada, facility_id=quiet["id"]) as watch:
        before = watch.heartbeat()
        assert (before.event, before.data) == (None, None)
        ada.book(busy, at(9), at(10))
        eventually(lambda: watch.heartbeat().id != before.id)


def pruned(api: Api) -> None:
    """Let the log begin with the present."""
    api.sql("UPDATE changes_pruned SET transaction_id = pg_current_xact_id()")


def much(api: Api) -> None:
    """Let very much happen."""
    api.sql(
        "INSERT INTO changes (record_type, facility_id, site_id)"
        " SELECT 'facility', 1, 1 FROM generate_series(1, 2001)"
    )


@pytest.mark.parametrize(
    ("meanwhile", "reason"), [(pruned, "log_pruned"), (much, "too_far_behind")]
)
def test_who_comes_back_too_late_is_told_to_begin_anew(
    api: Api, meanwhile: Callable[[Api], None], reason: str
) -> None:
    ada, room = api.person(), api.facility()
    with watching(ada, facility_id=room["id"]) as watch:
        last = watch.heartbeat().id
    meanwhile(api)
    ada.book(room, at(9), at(10))
    with watching(ada, last, facility_id=room["id"]) as watch:
        told = watch.event()
        assert (told.event, told.data) == ("resync", {"reason": reason})
        ada.book(room, at(10), at(11))
        assert watch.change()["start_time"] == wire(at(10))
    with watching(ada, told.id, facility_id=room["id"]) as watch:
        assert [event.data["start_time"] for event in watch.until_heartbeat()] == [wire(at(10))]


@pytest.mark.parametrize(
    "last_id",
    [
        "999999999999999999:999999999999999999:",  # of the future
        "1:999999999999999999:",
        "1:1:/1:999999999999999999:/1",
        "0:0:",  # which PostgreSQL never gives
        "9:5:",
        "1:9:20",
        "1:9:5,4",
        "1:1:/9:5:/1",
    ],
)
def test_an_id_that_was_never_given_is_told_so(api: Api, last_id: str) -> None:
    ada = api.person()
    with watching(ada) as watch:
        origin, _ = _parted(watch)
    with watching(ada, f"{origin}/{last_id}") as watch:
        told = watch.event()
        assert (told.event, told.data) == ("resync", {"reason": "unknown_position"})


def test_an_id_that_another_database_gave_is_told_so(api: Api) -> None:
    """As is one from before the contract's 1.6.0, which does not say which gave it."""
    ada = api.person()
    with watching(ada) as watch:
        origin, place = _parted(watch)
    with watching(ada, f"{origin}/{place}") as watch:
        assert watch.until_heartbeat() == []
    for last_id in (f"{'0' * 16}/{place}", place):
        with watching(ada, last_id) as watch:
            told = watch.event()
            assert (told.event, told.data) == ("resync", {"reason": "unknown_position"})


def _parted(watch: Watch) -> tuple[str, str]:
    origin, _, place = (watch.heartbeat().id or "").partition("/")
    return origin, place


@pytest.mark.parametrize(
    "last_id",
    [
        "x",
        "1:1",
        "1:1:/2",
        "1:1:,",
        "-1:1:",
        "1:1:1/1:1:1/1/1",
        f"{'0' * 15}/1:1:",
        f"{'G' * 16}/1:1:",
        f"{'0' * 16}/",
        f"{'0' * 16}/1:1:/2",
    ],
)
def test_what_is_no_id_is_refused(api: Api, last_id: str) -> None:
    ada = api.person()
    words = "the value is not the id of an event of this stream; leave it out to begin now"
    for response, place in (
        (ask(ada, last_id), ("header", "/last-event-id")),
        (ask(ada, last_event_id=last_id), ("query", "/last_event_id")),
    ):
        problem = invalid(response, place)
        assert [words] == [error["detail"] for error in problem["errors"]]
        assert problem["detail"].endswith(f": {words}.")


def test_an_empty_id_is_as_none(api: Api) -> None:
    ada, room = api.person(), api.facility()
    with watching(ada, facility_id=room["id"]) as watch:
        begun = watch.heartbeat().id
        ada.book(room, at(9), at(10))
        watch.change()
    for header, query in (("", {}), (None, {"last_event_id": ""}), ("", {"last_event_id": ""})):
        with watching(ada, header, facility_id=room["id"], **query) as watch:
            assert watch.until_heartbeat() == []
    with watching(ada, "", facility_id=room["id"], last_event_id=begun) as watch:
        assert len(watch.until_heartbeat()) == 1


def test_what_is_not_there_cannot_be_watched(api: Api) -> None:
    ada, room = api.person(), api.facility()
    refused(ask(ada, facility_id=UNKNOWN), 404, "not_found", "/facility_id", place="query")
    refused(ask(ada, site_id=UNKNOWN), 404, "not_found", "/site_id", place="query")
    both = ask(ada, facility_id=room["id"], site_id=room["site"]["id"])
    refused(both, 422, "scope_ambiguous", "/site_id", place="query")
    refused(ask(api.anonymous), 401, "authentication_required")


def test_the_cookie_and_the_token_give_the_same_stream(api: Api) -> None:
    ada, room = api.person(), api.facility()
    with connection(api.base_url) as http:
        page = Client(api.base_url, None, http)
        created(page.post("/api/v1/session/", {"token": ada.token}))
        with (
            watching(page, facility_id=room["id"]) as by_cookie,
            watching(ada, facility_id=room["id"]) as by_token,
        ):
            ada.book(room, at(9), at(10))
            event = by_cookie.event()
            assert event == by_token.event()
            assert "booking_id" in event.data
        # Neither does it matter who had the last event.
        with watching(page, event.id, facility_id=room["id"]) as watch:
            assert watch.until_heartbeat() == []


def end_of_token(api: Api, token: Json) -> None:
    """Revoke the token."""
    api.sql("DELETE FROM user_tokens WHERE id = %s", token["id"])


def other_rights(api: Api, token: Json) -> None:
    """Make its user staff of a site."""
    api.sql(
        "INSERT INTO site_staff (site_id, user_id)"
        " SELECT %s, user_id FROM user_tokens WHERE id = %s",
        api.home["id"],
        token["id"],
    )


def end_of_user(api: Api, token: Json) -> None:
    """Deactivate its user."""
    api.sql(
        "UPDATE users SET deactivated_at = now()"
        " WHERE id = (SELECT user_id FROM user_tokens WHERE id = %s)",
        token["id"],
    )


@pytest.mark.parametrize("ends", [end_of_token, other_rights, end_of_user])
def test_a_stream_ends_when_its_user_is_not_who_they_were(
    api: Api, ends: Callable[[Api, Json], None]
) -> None:
    ada, bob = api.person(), api.person()
    token = created(ada.post("/api/v1/me/tokens/", {"name": "Watching"}))
    with watching(api.with_token(token["token"])) as watch, watching(bob) as other:
        ends(api, token)
        watch.rest()
        other.heartbeat()


def test_a_stream_ends_with_its_token(api: Api) -> None:
    ada = api.person()
    token = created(ada.post("/api/v1/me/tokens/", {"name": "Short", "expires_in_days": 1}))
    until = datetime.now(UTC) + timedelta(seconds=1.5)
    api.sql("UPDATE user_tokens SET expires_at = %s WHERE id = %s", until, token["id"])
    client = api.with_token(token["token"])
    with watching(client) as watch:
        watch.rest()
    assert datetime.now(UTC) >= until
    refused(ask(client), 401, "authentication_required")


def test_nobody_has_more_streams_than_anybody_may_have(api: Api) -> None:
    ada, bob = api.person(), api.person()
    with ExitStack() as stack:
        for _ in range(PER_USER - 1):
            stack.enter_context(watching(ada))
        with watching(ada):
            response = ask(ada)
            refused(response, 429, "too_many_streams", says=[f"{PER_USER} streams", "one process"])
            assert int(response.headers["retry-after"]) > 0
            with watching(bob):
                pass
        eventually(lambda: _is_let_in(ada))


def _is_let_in(client: Client) -> bool:
    """Whether one more stream can be had, once the service has noticed that one is gone."""
    with suppress(AssertionError), watching(client):
        return True
    return False


def test_a_burst_makes_clients_ask_anew_and_cuts_nobody_off(api: Api) -> None:
    ada, room = api.person(), api.facility()
    with watching(ada, facility_id=room["id"]) as watch:
        insert(api, room, 257)
        told = watch.event()
        assert (told.event, told.data) == ("resync", {"reason": "too_far_behind"})
        ada.book(room, at(9), at(10))
        assert watch.change()["record"] == "booking"
    with watching(ada, facility_id=room["id"]) as watch:
        insert(api, room, 256)
        assert [change("facility", room)] * 256 == changes(watch, 256)


def insert(api: Api, room: Json, count: int) -> None:
    """So many changes at once."""
    api.sql(
        "INSERT INTO changes (record_type, facility_id, site_id)"
        " SELECT 'facility', %s, %s FROM generate_series(1, %s)",
        room["id"],
        room["site"]["id"],
        count,
    )


def test_who_does_not_read_is_cut_off_and_the_others_go_on(api: Api) -> None:
    ada, bob, room = api.person(), api.person(), api.facility()
    url = urlsplit(api.base_url)
    with socket.socket() as sock, watching(bob, facility_id=room["id"]) as watch:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.connect((url.hostname, url.port))
        query = f"{PATH}?facility_id={room['id']}"
        head = f"GET {query} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ada.token}\r\n\r\n"
        sock.sendall(head.encode())
        assert sock.recv(9) == b"HTTP/1.1 "
        ended = select.poll()
        ended.register(sock, 0)  # an end by the other side is told in any case
        rounds = 0
        while not ended.poll(0):
            insert(api, room, 200)
            assert [change("facility", room)] * 200 == changes(watch, 200)
            rounds += 1
            assert rounds < 200, "It is fed for ever"
    assert rounds > 1


def test_streams_of_several_workers_tell_the_same(
    server: str, template: str, tmp_path: Path
) -> None:
    often = {"heartbeat_seconds": "0.2"}
    with (
        servers.clone(server, template) as dsn,
        running_api(dsn, tmp_path / "one.log", **often) as api,
        service.service(dsn, tmp_path / "other.log", **often) as other_url,
        connection(other_url) as http,
    ):
        ada, room = api.person(), api.facility()
        elsewhere = Client(other_url, ada.token, http)
        with (
            watching(ada, facility_id=room["id"]) as here,
            watching(elsewhere, facility_id=room["id"]) as there,
        ):
            last = here.heartbeat().id
            for hour in range(6):
                ada.book(room, at(hour), at(hour + 1))
                told = here.event()
                assert told.data == there.event().data
                # It comes back in turn here and there, and misses and repeats nothing.
                client = (ada, elsewhere)[hour % 2]
                with watching(client, last, facility_id=room["id"]) as watch:
                    again = watch.event()
                assert told.data == again.data
                last = again.id


def test_whoever_searches_after_an_event_finds_it_whichever_process_answers(
    server: str, template: str, tmp_path: Path
) -> None:
    with (
        servers.clone(server, template) as dsn,
        running_api(dsn, tmp_path / "one.log") as api,
        # Which asks what has changed as seldom as the bound lets it.
        service.service(dsn, tmp_path / "other.log", feed_seconds="60") as other_url,
        connection(other_url) as http,
    ):
        ada, room = api.person(), api.facility()
        elsewhere = Client(other_url, ada.token, http)
        window = {"facility_id": room["id"], "start_time": wire(at(0)), "end_time": wire(at(24))}

        def free() -> list[Json]:
            response = elsewhere.get("/api/v1/availability/search", params=window)
            assert response.status_code == 200
            (found,) = response.json()
            slots: list[Json] = found["available_slots"]
            return slots

        with watching(ada, facility_id=room["id"]) as watch:
            for hour in range(0, 20, 2):
                free()  # is remembered
                ada.book(room, at(hour), at(hour + 1))
                watch.change()
                assert wire(at(hour)) not in {slot["start_time"] for slot in free()}
                assert wire(at(hour + 1)) in {slot["start_time"] for slot in free()}


def test_many_streams_are_all_told(server: str, template: str, tmp_path: Path) -> None:
    count = 200
    settings = {"streams_per_user": str(count), "streams_max": str(count)}
    with (
        servers.clone(server, template) as dsn,
        running_api(dsn, tmp_path / "service.log", **settings) as api,
    ):
        ada, bob, room = api.person(), api.person(), api.facility()
        url = urlsplit(api.base_url)
        head = f"GET {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ada.token}\r\n\r\n"
        with ExitStack() as stack:
            socks = [
                stack.enter_context(socket.create_connection((url.hostname, url.port), timeout=20))
                for _ in range(count)
            ]
            for sock in socks:
                sock.sendall(head.encode())
            for sock in socks:
                _receive(sock, b"retry: 2000\n")
            full = ask(bob)
            refused(full, 503, "service_unavailable")
            assert int(full.headers["retry-after"]) > 0
            booking = bob.book(room, at(9), at(10))
            for sock in socks:
                _receive(sock, wire(at(9)).encode())
            assert ada.get("/api/v1/me/").status_code == 200
            assert booking["facility"]["id"] == room["id"]


def _receive(sock: socket.socket, text: bytes) -> None:
    """Read up to a text that must come."""
    received = b""
    while text not in received:
        part = sock.recv(65536)
        assert part, "The stream ended"
        received += part


def test_a_stream_ends_after_its_time_and_when_the_service_stops(
    server: str, template: str, tmp_path: Path
) -> None:
    with servers.clone(server, template) as dsn, ExitStack() as stack:
        log = tmp_path / "service.log"
        short = stack.enter_context(running_api(dsn, log, stream_seconds="0.3"))
        person = short.person()
        with watching(person) as watch:
            assert watch.rest() == []
        assert "error" not in log.read_text()
        with ExitStack() as inner:
            settings = {"graceful_shutdown_seconds": "60"}
            base_url = inner.enter_context(
                service.service(dsn, tmp_path / "stopping.log", **settings)
            )
            http = stack.enter_context(connection(base_url))
            watch = stack.enter_context(watching(Client(base_url, person.token, http)))
            inner.close()  # which kills it after 20 seconds, were the stream waited for
            assert watch.rest() == []
            with pytest.raises(httpx.TransportError):
                http.get("/readyz")
