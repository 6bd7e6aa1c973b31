"""The table of what the fuzzer reached, at the end of a test run that fuzzed."""

from collections import Counter
from collections.abc import Mapping

import pytest

Reached = dict[str, Mapping[str, Counter[int]]]
"""For each kind of caller, how often each operation answered with which status."""

_REACHED = pytest.StashKey[Reached]()


@pytest.fixture
def reached(request: pytest.FixtureRequest) -> Reached:
    """What is shown at the end; a test adds its run to it."""
    return request.config.stash.setdefault(_REACHED, {})


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Show the statuses of each operation, a column for each kind of caller."""
    table = config.stash.get(_REACHED, {})
    if not table:
        return
    terminalreporter.section("statuses that fuzzing reached (counts: reports/fuzz)", sep="-")
    cells = {
        caller: {name: " ".join(map(str, sorted(counts))) for name, counts in statuses.items()}
        for caller, statuses in table.items()
    }
    widths = {caller: max(map(len, [caller, *column.values()])) for caller, column in cells.items()}
    names = sorted(next(iter(table.values())))
    first = max(map(len, names))
    heads = "  ".join(f"{caller:<{widths[caller]}}" for caller in cells)
    terminalreporter.line(f"{'':<{first}}  {heads}".rstrip())
    for name in names:
        row = "  ".join(f"{column[name]:<{widths[caller]}}" for caller, column in cells.items())
        terminalreporter.line(f"{name:<{first}}  {row}".rstrip())
