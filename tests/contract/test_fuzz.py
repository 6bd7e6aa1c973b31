"""The running service, fuzzed from its contract: as everybody there is, and as nobody.

``HOLDFAST_FUZZ_SEED`` and ``HOLDFAST_FUZZ_EXAMPLES`` choose other requests, and more of them.
Reports are in ``reports/fuzz``; what is allowed, and why, is in ``schemathesis.toml`` and in
``hooks.py``. ``scripts/fuzz.sh`` runs the same parts against any service, with any seed, and so
cannot demand that every operation succeeds: see docs/testing.md.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import servers

from .coverage import ALL, Reached, described
from .fuzzing import RUN_SECONDS, Run
from .suite import CHANGES, NOBODY, PROBES, READING, WALKS, Target, serving

pytestmark = pytest.mark.timeout(RUN_SECONDS + 60)


STAFF_ONLY = described(r"Only staff( of the facility's site)? may\b")
HOUSE_ONLY = described("Only staff may, of the house")


@pytest.fixture
def target(dsn: str, tmp_path: Path) -> Iterator[Target]:
    """A service for one test alone."""
    with serving(dsn, tmp_path) as target:
        yield target


@pytest.fixture(scope="module")
def shared_target(
    server: str, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    """A service for tests that do not mind what others did in it."""
    with (
        servers.clone(server, template) as dsn,
        serving(dsn, tmp_path_factory.mktemp("shared")) as target,
    ):
        yield target


def test_nothing_is_found_as_staff(target: Target, reached: Reached) -> None:
    run = target.fuzz("staff", "staff")
    reached["staff"] = run.statuses

    _assert_clean(run)
    assert set() == ALL - run.succeeded
    assert [] == [name for name, counts in run.statuses.items() if 403 in counts]


def test_nothing_is_found_as_staff_of_a_site(target: Target, reached: Reached) -> None:
    run = target.fuzz("keeper", "keeper")
    reached["keeper"] = run.statuses

    _assert_clean(run)
    assert ALL - HOUSE_ONLY == run.succeeded
    assert [] == [name for name in HOUSE_ONLY if 403 not in run.statuses[name]]


def test_nothing_is_found_as_member(target: Target, reached: Reached) -> None:
    run = target.fuzz("member", "member")
    reached["member"] = run.statuses

    _assert_clean(run)
    assert ALL - STAFF_ONLY == run.succeeded
    assert [] == [name for name in STAFF_ONLY if 403 not in run.statuses[name]]


def test_who_shows_no_token_learns_nothing(shared_target: Target, reached: Reached) -> None:
    run = shared_target.fuzz_as_nobody()
    reached[NOBODY] = run.statuses

    _assert_clean(run)
    # Whoever asks for a session has none yet, and is told what is wrong with what they send.
    expected = {name: {401} for name in ALL} | {"session_create": {400, 401, 415}}
    assert expected == {name: set(counts) for name, counts in run.statuses.items()}


def test_who_may_only_read_changes_nothing(shared_target: Target, reached: Reached) -> None:
    run = shared_target.fuzz_reading()
    reached[READING] = run.statuses

    _assert_clean(run)
    assert {name: {403} for name in CHANGES} == {name: set(run.statuses[name]) for name in CHANGES}


def test_what_all_refuse_alike_is_refused(shared_target: Target, reached: Reached) -> None:
    statuses, remarks = shared_target.probe()
    reached[PROBES] = statuses

    assert [] == remarks


@pytest.mark.parametrize("walk", WALKS)
def test_links_lead_on(shared_target: Target, walk: str) -> None:
    runs, missing = shared_target.walk(walk)

    for run in runs:
        _assert_clean(run)
    assert set() == missing


def _assert_clean(run: Run) -> None:
    if not run.passed:
        pytest.fail(f"Schemathesis found something:\n\n{run.output}", pytrace=False)
    assert [] == [exchange for exchange in run.exchanges if exchange.status >= 500]
