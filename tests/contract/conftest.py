"""The table of what the fuzzer reached, at the end of a test run that fuzzed."""

import pytest

COVERAGE = pytest.StashKey[dict[str, list[str]]]()


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> dict[str, list[str]]:
    """Lines to show at the end of the whole run, by their headings."""
    return request.config.stash.setdefault(COVERAGE, {})


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Show what was told."""
    for heading, lines in config.stash.get(COVERAGE, {}).items():
        terminalreporter.section(heading, sep="-")
        for line in lines:
            terminalreporter.line(line)
