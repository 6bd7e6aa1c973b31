"""The guides' commands, run as they are written there, on a service with the demo data."""

import asyncio
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest

from demo import load_demo
from tests import servers
from tests.service import service

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
ADDRESS = "http://127.0.0.1:8080"
END_OF_BLOCK = "\x1e"

RECIPES = dict(
    re.findall(
        r"^## (.+?)\n(.*?)(?=^## |\Z)",
        (DOCS / "recipes.md").read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
)

CHANGES_FROM_RUN_TO_RUN = {"id", "duration_minutes"}
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")

Json = Any


class Block(NamedTuple):
    """Commands, and the JSON that the guide says they end with, if it says so."""

    commands: str
    shown: Json


class House(NamedTuple):
    """A running service with the demo data."""

    address: str
    dsn: str

    def run(self, *blocks: Block) -> list[str]:
        """What each block prints. They run in one shell; AssertionError if a command fails."""
        script = f"\nprintf '{END_OF_BLOCK}'\n".join(block.commands for block in blocks)
        done = subprocess.run(  # noqa: S603 - the guides are ours
            ["/bin/bash", "-euo", "pipefail", "-c", script.replace(ADDRESS, self.address)],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "DATABASE_URL": self.dsn},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        return done.stdout.split(END_OF_BLOCK)


@pytest.fixture(scope="module")
def house(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    log = tmp_path_factory.mktemp("guides") / "service.log"
    with servers.clone(server, template) as dsn:
        asyncio.run(load_demo(dsn, report=lambda _: None))
        with service(dsn, log) as address:
            yield House(address, dsn)


def blocks_of(text: str) -> list[Block]:
    """The shell blocks of a text, each with the JSON block that follows it before the next."""
    found = re.findall(r"^```(sh|json)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    followers = [*found[1:], ("", "")]
    return [
        Block(content, orjson.loads(after) if language == "json" else None)
        for (kind, content), (language, after) in zip(found, followers, strict=True)
        if kind == "sh"
    ]


def beginning() -> Block:
    """What all recipes share."""
    text = (DOCS / "recipes.md").read_text(encoding="utf-8").partition("\n## ")[0]
    (block,) = blocks_of(text)
    return block


def run(house: House, blocks: list[Block]) -> list[str]:
    """What the blocks print, held against what the guide shows of it."""
    printed = house.run(*blocks)
    for block, text in zip(blocks, printed, strict=True):
        if block.shown is not None:
            assert agrees(orjson.loads(text.strip().splitlines()[-1]), block.shown)
    return printed


def agrees(given: Json, shown: Json, name: str = "") -> bool:
    """Whether an answer is as it is shown; what else it has does not matter."""
    match shown:
        case dict():
            return isinstance(given, dict) and all(
                key in given and agrees(given[key], value, key) for key, value in shown.items()
            )
        case [first, *_]:
            return isinstance(given, list) and bool(given) and agrees(given[0], first)
        case str() if INSTANT.fullmatch(shown):
            return INSTANT.fullmatch(str(given)) is not None
    if name in CHANGES_FROM_RUN_TO_RUN:
        return type(shown) is type(given)
    return bool(shown == given)


def recipe(house: House, name: str) -> list[str]:
    """What each block of a recipe prints."""
    _, *printed = run(house, [beginning(), *blocks_of(RECIPES[name])])
    return printed


@pytest.mark.parametrize(
    "path", [ROOT / "README.md", *sorted(DOCS.glob("*.md"))], ids=lambda path: path.name
)
def test_a_guide_reckons_with_time_as_every_system_can(path: Path) -> None:
    """Only GNU's date knows -d; Python is there."""
    assert [] == re.findall(r"\bdate -.*", path.read_text(encoding="utf-8"))


def test_the_quick_start_leads_to_a_booking(house: House) -> None:
    start, *blocks = blocks_of((DOCS / "quick-start.md").read_text(encoding="utf-8"))
    assert start.commands == "scripts/run.sh\n"
    booked, listed = map(orjson.loads, run(house, blocks)[-2:])
    assert booked["id"] in {booking["id"] for booking in listed}


def test_every_recipe_has_a_test() -> None:
    assert [
        "Book",
        "Handle a conflict",
        "Page through a list",
        "Retry safely",
        "Follow the live stream",
        "Change only what you have seen",
    ] == list(RECIPES)


def test_the_recipe_for_booking_books(house: House) -> None:
    recipe(house, "Book")


def test_the_recipe_for_a_conflict_books_the_nearest_other_time(house: House) -> None:
    asked, rebooked = recipe(house, "Handle a conflict")
    status, refusal = asked.splitlines()
    assert status == "confirmed"
    nearest = orjson.loads(refusal)["suggested_alternatives"][0]
    booking = orjson.loads(rebooked)
    assert (nearest["start_time"], nearest["end_time"]) == (
        booking["start_time"],
        booking["end_time"],
    )


def test_the_recipe_for_lists_comes_by_every_facility_once(house: House) -> None:
    (printed,) = recipe(house, "Page through a list")
    numbers = [int(line.partition(" ")[0]) for line in printed.splitlines()]
    assert list(range(1, 43)) == sorted(numbers)


def test_the_recipe_for_retries_books_once(house: House) -> None:
    replayed, _ = recipe(house, "Retry safely")
    assert replayed == "idempotency-replayed: true\n"


def test_the_recipe_for_the_stream_misses_nothing(house: House) -> None:
    booked, cancelled = recipe(house, "Follow the live stream")
    assert re.search("^retry: [0-9]+$", booked, re.MULTILINE)
    for told in (booked, cancelled):
        assert 1 == told.count("event: availability_changed")


def test_the_recipe_for_conditional_updates_keeps_the_first_change(house: House) -> None:
    *_, unchanged = recipe(house, "Change only what you have seen")
    assert unchanged == "304\n"


def test_what_is_shown_is_compared() -> None:
    shown = {"type": "a", "id": 1, "at": "2027-01-01T00:00:00Z", "list": [{"b": 2}]}
    given = {**shown, "id": 7, "at": "2026-01-01T10:15:00.25Z", "list": [{"b": 2, "c": 3}, 4]}
    assert agrees(given, shown)
    for name, other in (("type", "z"), ("id", "7"), ("at", "soon"), ("list", []), ("list", [{}])):
        assert not agrees({**given, name: other}, shown)
    assert not agrees([], shown)
