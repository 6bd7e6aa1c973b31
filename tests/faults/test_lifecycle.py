"""``holdfast up`` from start to stop, through signals, kills and crashes."""

import re
import signal
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from app.embedded.recovery import wait_until_gone
from tests.service import free_port

from . import command
from .command import Up, run, the_sentence, up, wait_for

days_ahead = count(90)


def booking_body() -> dict[str, object]:
    """A booking of the demo's first facility, far enough ahead to be free; each time another."""
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    start = midnight + timedelta(days=next(days_ahead))
    return {
        "facility_id": 1,
        "start_time": f"{start:%Y-%m-%dT%H:%M:%SZ}",
        "end_time": f"{start + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
        "title": "Kept",
    }


def answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.TransportError:
        return False


def nothing_runs_on(place: Path) -> bool:
    return not any(
        str(place / "postgres") in " ".join(process.info["cmdline"] or [])
        for process in psutil.process_iter(["cmdline"])
    )


def test_a_first_start_makes_everything_and_says_so(place: Path, env: dict[str, str]) -> None:
    with up(place, env, "--no-demo") as started:
        told = [line.split(" … ")[0] for line in started.told.splitlines()]
        wanted = ["Making a new database", "Starting the database", "Starting the service"]
        assert wanted == [line for line in told if line in wanted]
        assert f"{started.base_url}/api/v1/" in started.shown
        assert "link --username YOUR-NAME --staff" in started.shown
        assert httpx.get(f"{started.base_url}/readyz").status_code == 200
        started.ask_to_stop()
        assert started.wait() == 0
    assert nothing_runs_on(place)


def test_it_ends_with_tokens_that_open(running: Up) -> None:
    for kind, staff in (("Member", False), ("Staff", True)):
        headers = {"Authorization": f"Bearer {running.token(kind)}"}
        me = httpx.get(f"{running.base_url}/api/v1/me/", headers=headers)
        assert staff is me.json()["is_staff"]


def sign_in(base_url: str, link: str) -> httpx.Response:
    """What the page behind a link asks for."""
    address, _, secret = link.partition("#")
    assert f"{base_url}/sign-in" == address
    return httpx.post(f"{base_url}/api/v1/session/", json={"token": secret})


def test_it_begins_with_links_that_sign_in_once(running: Up) -> None:
    links = re.findall(r"http\S+/sign-in#\S+", running.shown)
    assert running.shown.index(links[0]) < running.shown.index(f"{running.base_url}/api/v1/")
    opened = [sign_in(running.base_url, link) for link in links]
    assert [201, 201] == [reply.status_code for reply in opened]
    assert len({reply.json()["user"]["username"] for reply in opened}) == 2
    assert [401, 401] == [sign_in(running.base_url, link).status_code for link in links]


def test_it_ends_with_a_curl_line_that_books_once(running: Up) -> None:
    line = next(line for line in running.shown.splitlines() if line.startswith("curl "))
    with httpx.Client() as client:
        assert client.send(command.request_of(line)).status_code == 201
        assert client.send(command.request_of(line)).status_code == 409


def test_a_second_up_names_the_first(running: Up, env: dict[str, str]) -> None:
    said = the_sentence(run("up", "--data-dir", str(running.place), "--port", "1", env=env))
    assert f"process {running.process.pid}" in said
    assert httpx.get(f"{running.base_url}/readyz").status_code == 200


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_taken_port_is_noticed_before_anything_starts(
    running: Up, place: Path, env: dict[str, str], workers: str
) -> None:
    arguments = ["--data-dir", str(place), "--port", str(running.port), "--workers", workers]
    said = the_sentence(run("up", *arguments, env=env))
    assert f"port {running.port} (address already in use)" in said
    assert not (place / "postgres").exists()


def test_a_token_is_made_beside_a_running_service(running: Up, env: dict[str, str]) -> None:
    where = ["--data-dir", str(running.place)]
    done = run("token", "create", "--username", "ada", "--staff", *where, env=env)
    assert done.returncode == 0
    assert re.fullmatch(r"hf_[A-Za-z0-9_-]{43}\n", done.stdout)
    assert done.stderr == "Added the user ada, who is staff.\n"
    headers = {"Authorization": f"Bearer {done.stdout.strip()}"}
    me = httpx.get(f"{running.base_url}/api/v1/me/", headers=headers)
    assert ("ada", True) == (me.json()["username"], me.json()["is_staff"])


def test_a_link_is_made_beside_a_running_service(running: Up, env: dict[str, str]) -> None:
    where = ["--data-dir", str(running.place), "--url", f"{running.base_url}/"]
    done = run("link", "--username", "lin", "--staff", *where, env=env)
    assert done.returncode == 0
    assert re.fullmatch(r"http\S+/sign-in#hf_[A-Za-z0-9_-]{43}\n", done.stdout)
    assert done.stderr == "Added the user lin, who is staff.\n"
    opened = sign_in(running.base_url, done.stdout.strip())
    assert ("lin", 201) == (opened.json()["user"]["username"], opened.status_code)


@pytest.mark.parametrize("minutes", ["0", "1441"])
def test_a_link_waits_a_day_at_most(running: Up, env: dict[str, str], minutes: str) -> None:
    where = ["--data-dir", str(running.place), "--expires-minutes", minutes]
    refused = run("link", "--username", "lin", *where, env=env)
    assert refused.returncode == 2
    assert "--expires-minutes" in refused.stderr


def test_a_token_promotes_nobody(running: Up, env: dict[str, str]) -> None:
    where = ["--data-dir", str(running.place)]
    assert run("token", "create", "--username", "bob", *where, env=env).returncode == 0
    refused = run("token", "create", "--username", "Bob", "--staff", *where, env=env)
    assert "The user bob is a member, not staff" in the_sentence(refused)


def test_a_token_is_made_where_nothing_runs(place: Path, env: dict[str, str]) -> None:
    done = run("token", "create", "--username", "ada", "--data-dir", str(place), env=env)
    assert done.returncode == 0
    assert re.fullmatch(r"hf_[A-Za-z0-9_-]{43}\n", done.stdout)
    assert "Added the user ada, who is a member." in done.stderr
    assert nothing_runs_on(place)


def test_two_commands_on_one_directory_wait_for_each_other(worn: Path, env: dict[str, str]) -> None:
    arguments = ["--username", "ada", "--data-dir", str(worn)]
    both = [
        subprocess.Popen(  # noqa: S603 - the tests' own words
            [*command.COMMAND, "token", "create", *arguments],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(2)
    ]
    for one in both:
        secret, told = one.communicate(timeout=command.PATIENCE_SECONDS)
        assert one.returncode == 0, told.decode()
        assert secret.startswith(b"hf_")


@pytest.mark.parametrize(
    ("number", "workers"),
    [(signal.SIGTERM, "1"), (signal.SIGINT, "1"), (signal.SIGTERM, "2")],
)
def test_a_request_in_flight_is_answered_before_everything_stops(
    worn: Path, env: dict[str, str], number: signal.Signals, workers: str
) -> None:
    statuses: list[int] = []
    with up(worn, env, "--workers", workers) as started, started.http() as client:

        def book() -> None:
            statuses.append(client.post("/api/v1/bookings/", json=booking_body()).status_code)

        with (
            psycopg.connect(started.dsn()) as blocker,
            psycopg.connect(started.dsn(), autocommit=True) as watcher,
        ):
            blocker.execute("LOCK TABLE bookings IN EXCLUSIVE MODE")
            request = threading.Thread(target=book)
            request.start()
            # Upkeep may wait as well: it is the request that has to.
            waiting = """
                SELECT FROM pg_stat_activity
                 WHERE wait_event_type = 'Lock' AND query LIKE '/* book_at_terms */%'
            """
            wait_for(lambda: watcher.execute(waiting).fetchone() is not None)
            started.ask_to_stop(number)
            wait_for(lambda: "Finishing the requests in flight" in started.told)
            assert statuses == []
            blocker.rollback()
        request.join()
        assert started.wait() == 0
    assert statuses == [201]
    assert nothing_runs_on(worn)
    assert not (worn / "postgres" / "postmaster.pid").exists()


def test_a_booking_outlives_the_kill_of_everything(worn: Path, env: dict[str, str]) -> None:
    with up(worn, env) as first:
        with first.http() as client:
            answer = client.post("/api/v1/bookings/", json=booking_body())
        assert answer.status_code == 201
        first.kill_everything()
    assert nothing_runs_on(worn)
    with up(worn, env) as second, second.http() as client:
        kept = client.get(f"/api/v1/bookings/{answer.json()['id']}/")
        assert kept.json() == answer.json()


def test_what_a_killed_up_leaves_running_is_ended_by_the_next(
    worn: Path, env: dict[str, str]
) -> None:
    with up(worn, env, "--no-demo") as first:
        orphans = first.processes()[1:]
        first.process.kill()
        first.process.wait()
        with up(worn, env, "--no-demo") as second:
            assert "Ending what a killed Holdfast left running" in second.told
            assert wait_until_gone(orphans, 0) == []
            assert httpx.get(f"{second.base_url}/readyz").status_code == 200


def test_the_service_ends_when_up_is_killed(worn: Path, env: dict[str, str]) -> None:
    with up(worn, env, "--no-demo", "--workers", "2") as started:
        state = started.datadir.read_state()
        assert state is not None
        assert state.service is not None
        service = psutil.Process(state.service)
        workers = service.children(recursive=True)
        started.process.kill()
        started.process.wait()
        assert wait_until_gone([service, *workers], command.PATIENCE_SECONDS) == []
    done = run("token", "create", "--username", "x", "--data-dir", str(worn), env=env)
    assert done.returncode == 0, done.stderr
    assert nothing_runs_on(worn)


def test_a_given_database_is_used_instead_and_left_running(
    empty: str, place: Path, env: dict[str, str]
) -> None:
    with up(place, {**env, "DATABASE_URL": command.url(empty)}) as started:
        with started.http() as client:
            assert client.post("/api/v1/bookings/", json=booking_body()).status_code == 201
        started.ask_to_stop()
        assert started.wait() == 0
    assert not place.exists()
    with psycopg.connect(empty) as conn:
        assert conn.execute("SELECT title FROM bookings WHERE title = 'Kept'").fetchone()


def test_the_doctor_finds_nothing_wrong_with_what_runs(running: Up, env: dict[str, str]) -> None:
    where = ["--data-dir", str(running.place), "--port", str(running.port)]
    done = run("doctor", *where, env=env)
    assert done.returncode == 0, done.stdout
    assert all(line.startswith("ok ") for line in done.stdout.splitlines())
    assert f"holdfast up (process {running.process.pid}) answers: PostgreSQL 18" in done.stdout
    assert f"Holdfast answers on 127.0.0.1, port {running.port}." in done.stdout


def test_a_killed_database_is_started_again(running: Up) -> None:
    postgres = next(child for child in running.processes() if child.name() == "postgres")
    before = running.told
    postgres.kill()
    again = "The database ended by itself: starting it again … "
    wait_for(lambda: re.search(re.escape(again) + r"[0-9.]+ s\n", running.told[len(before) :]))
    wait_for(lambda: httpx.get(f"{running.base_url}/readyz", timeout=30).status_code == 200)
    with running.http() as client:
        assert client.get("/api/v1/me/").status_code == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_serve_alone_stops_the_database_that_it_started(
    worn: Path, env: dict[str, str], number: signal.Signals
) -> None:
    port = str(free_port())
    ours = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # or it is ignored, as under nohup
    try:
        service = subprocess.Popen(  # noqa: S603 - the tests' own words
            [*command.COMMAND, "serve", "--data-dir", str(worn), "--port", port],
            env=env,
            stderr=subprocess.DEVNULL,
        )
    finally:
        signal.signal(signal.SIGHUP, ours)
    try:
        wait_for(lambda: answers(f"http://127.0.0.1:{port}/readyz"))
        service.send_signal(number)
        assert service.wait(command.PATIENCE_SECONDS) == 0
    finally:
        service.kill()
        service.wait()
    assert nothing_runs_on(worn)


def test_a_lock_file_whose_number_is_somebody_elses_is_no_obstacle(
    worn: Path, env: dict[str, str]
) -> None:
    cluster = worn / "postgres"
    owner = cluster.stat()
    # PostgreSQL itself would take any live process of its own account for a server.
    # The account may not reach this checkout's Python, but everyone reaches the system's tools.
    other = subprocess.Popen(
        ["/bin/sleep", "600"],
        user=owner.st_uid,
        group=owner.st_gid,
        extra_groups=[] if owner.st_uid != psutil.Process().uids().effective else None,
    )
    try:
        lock = cluster / "postmaster.pid"
        lock.write_text(f"{other.pid}\n{cluster}\n1700000000\n5432\n\n127.0.0.1\n0 0\n")
        done = run("token", "create", "--username", "x", "--data-dir", str(worn), env=env)
        assert done.returncode == 0, done.stderr
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_an_interrupted_start_leaves_nothing_and_the_next_succeeds(
    place: Path, env: dict[str, str]
) -> None:
    started = Up(place, env, "--no-demo")
    wait_for(lambda: "Making a new database" in started.told)
    started.ask_to_stop(signal.SIGINT)
    assert started.wait() == 130
    assert nothing_runs_on(place)
    done = run("migrate", "--data-dir", str(place), env=env)
    assert done.returncode == 0, done.stderr
