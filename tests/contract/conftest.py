"""The table of what the fuzzer reached, at the end of a test run that fuzzed."""

import pytest

from .coverage import Reached, summary, table
from .suite import CALLERS, NOBODY, PROBES

_REACHED = pytest.StashKey[Reached]()


@pytest.fixture
def reached(request: pytest.FixtureRequest) -> Reached:
    """What is shown at the end; a test adds its run to it."""
    return request.config.stash.setdefault(_REACHED, {})


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Show the statuses of each operation, a column for each kind of caller."""
    reached = config.stash.get(_REACHED, {})
    if not reached:
        return
    terminalreporter.section("statuses that fuzzing reached (counts: reports/fuzz)", sep="-")
    for line in table(reached):
        terminalreporter.line(line)
    if {*CALLERS, NOBODY, PROBES} <= reached.keys():
        for line in ("", *summary(reached)):
            terminalreporter.line(line)
