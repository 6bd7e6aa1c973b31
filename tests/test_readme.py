"""The README's commands, run as they are written there, in a fresh copy of the checkout."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import orjson
import pytest

ROOT = Path(__file__).parents[1]
ADDRESS = "http://127.0.0.1:8080"
SETUP_SECONDS = 400

pytestmark = pytest.mark.timeout(2 * SETUP_SECONDS)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a clone would hold, in a path with spaces that any account may enter."""
    place = tmp_path_factory.mktemp("readme")
    for folder in (place, *place.parents[:2]):
        folder.chmod(0o755)
    checkout = place / "a fresh clone"
    tracked = subprocess.run(
        ["/usr/bin/env", "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, tracked.split("\0")):
        if (ROOT / name).is_file():
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, checkout / name)
    return checkout


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An empty home and a bare path; what tells pip where packages are is kept."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_"))}
    return {**kept, "HOME": str(tmp_path_factory.mktemp("home")), "PATH": "/usr/bin:/bin"}


def test_the_readmes_commands_do_what_it_says(checkout: Path, environment: dict[str, str]) -> None:
    start, test, *book = _commands(until="## Run it for real")
    assert start == "scripts/run.sh\n"
    assert test == "scripts/test.sh\n"
    (watch,) = [block for block in book if "/stream" in block]
    book.remove(watch)
    with _running(start, checkout, environment) as printed:
        answers = _shell("\n".join(book), checkout, environment)
        curl = next(line for line in printed.splitlines() if line.startswith("curl "))
        booked = orjson.loads(_shell(curl, checkout, environment))
        # What is watched does not end by itself.
        told = _shell(f"{book[0]}timeout 3 {watch.strip()} || [ $? = 124 ]", checkout, environment)
    assert re.search("^retry: [0-9]+$", told, re.MULTILINE)
    assert re.search("^id: [0-9a-f]{16}/[0-9]+:[0-9]+:", told, re.MULTILINE)
    found, made, refused, waiting, used, closing = map(orjson.loads, answers.splitlines())
    assert found[0]["facility"]["id"] == 1
    assert found[0]["available_slots"]
    assert (made["title"], made["status"]) == ("Night shift", "confirmed")
    assert (refused["type"], refused["status"]) == ("booking_conflict", 409)
    assert len(refused["suggested_alternatives"]) == 5
    assert {booking["status"] for booking in waiting} == {"pending"}
    assert len(used["rows"]) == 3
    assert all(row["open_minutes"] >= row["booked_minutes"] for row in used["rows"])
    assert closing["type"] == "closure_affects_bookings"
    assert made["id"] in {booking["id"] for booking in closing["affected_bookings"]}
    assert booked["status"] == "confirmed"

    # The whole suite would run this test again: that it is found and set up is enough.
    found = "--collect-only -q tests/test_readme.py"
    collected = _shell(test, checkout, {**environment, "PYTEST_ADDOPTS": found})
    assert "test_the_readmes_commands_do_what_it_says" in collected


def test_the_readmes_commands_for_a_database_of_ones_own_work(
    checkout: Path, environment: dict[str, str], dsn: str
) -> None:
    (block,) = _commands(since="## Run it for real")
    export, migrate, token, serve = block.splitlines()
    assert export.startswith("export DATABASE_URL=postgresql://")
    environment = {**environment, "DATABASE_URL": dsn}
    _shell("scripts/test.sh --version", checkout, environment)
    _shell(migrate, checkout, environment)
    secret = _shell(token, checkout, environment).strip()
    with _running(serve, checkout, environment):
        answer = httpx.get(
            f"{ADDRESS}/api/v1/me/", headers={"Authorization": f"Bearer {secret}"}, timeout=10
        )
    assert (answer.status_code, answer.json()["username"]) == (200, "admin")


def _commands(since: str = "# Holdfast", until: str = "") -> list[str]:
    """The shell blocks of a part of the README."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    part = text[text.index(since) :]
    part = part[: part.index(until)] if until else part
    return re.findall(r"^```sh\n(.*?)^```", part, re.MULTILINE | re.DOTALL)


def _shell(script: str, checkout: Path, environment: dict[str, str]) -> str:
    """What the commands print, one answer a line; AssertionError with all of it if one fails."""
    done = subprocess.run(  # noqa: S603 - the README is ours
        ["/bin/bash", "-euo", "pipefail", "-c", script.replace("\ncurl", "\necho\ncurl")],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SETUP_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    return re.sub(r"\n{2,}", "\n", done.stdout).lstrip("\n")


@contextmanager
def _running(command: str, checkout: Path, environment: dict[str, str]) -> Iterator[str]:
    """The command in the background until it serves; yields what it has printed. Ctrl-C ends it."""
    output = checkout.parent / "output.txt"
    with output.open("wb") as sink:
        process = subprocess.Popen(  # noqa: S603 - as above
            ["/bin/bash", "-c", f"exec {command}"],
            cwd=checkout,
            env=environment,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )
    try:
        _wait_until_served(process, output)
        yield output.read_text(encoding="utf-8")
    finally:
        # What has ended by itself said why, and a signal to nobody would hide it.
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
        status = process.wait(60)
    assert status == 0, output.read_text(encoding="utf-8")


def _wait_until_served(process: subprocess.Popen[bytes], output: Path) -> None:
    deadline = time.monotonic() + SETUP_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        told = output.read_text(encoding="utf-8")
        try:
            if httpx.get(f"{ADDRESS}/readyz", timeout=5).is_success and (
                "run.sh" not in str(process.args) or "Ctrl-C stops it." in told
            ):
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    message = f"it does not serve:\n{output.read_text(encoding='utf-8')}"
    raise AssertionError(message)
