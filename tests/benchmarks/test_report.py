"""The report says what was found, and touches nothing else of its page."""

import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks import charts, findings, report
from benchmarks.findings import Findings, Sample, Soak
from benchmarks.load import LoadError

from . import made_up

PAGE = f"# Measured\n\nBefore.\n\n{report.BEGIN}\nold\n{report.END}\n\nAfter.\n"


def test_only_what_is_between_the_marks_is_replaced(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text(PAGE)
    report.write(page, made_up.findings(), [])
    once = page.read_text()
    assert once.startswith(f"# Measured\n\nBefore.\n\n{report.BEGIN}\n### The table\n")
    assert once.endswith(f"\n{report.END}\n\nAfter.\n")
    assert "\nold\n" not in once
    report.write(page, made_up.findings(), [])
    assert once == page.read_text()


@pytest.mark.parametrize("page", ["# No marks\n", PAGE + PAGE])
def test_a_page_without_its_marks_is_left_alone(tmp_path: Path, page: str) -> None:
    path = tmp_path / "performance.md"
    path.write_text(page)
    with pytest.raises(LoadError, match="must have one"):
        report.write(path, made_up.findings(), [])
    assert page == path.read_text()


def test_a_row_tells_what_was_reached_beside_what_should_be() -> None:
    lines = report.table_of(made_up.table()).splitlines()
    expected = "| booking creation | 20 | 800 | 1,000 | 0.80 (≥ 0.5) | 20.0 (< 50) | 30.0 | yes |"
    assert expected == lines[2]


def test_of_each_operation_it_is_told_how_much_was_remembered() -> None:
    told = report.body(Findings(table=made_up.table()), [])
    assert "| booking creation | 0.50 | 0.50 | 0.25 | 0.25 | 900 | 5% | 98% of answers |" in told


@pytest.mark.parametrize(
    ("ratio", "p95", "reached"),
    [(0.49, 20.0, False), (0.5, 20.0, True), (0.51, 49.9, True), (0.51, 50.0, False)],
)
def test_both_the_ratio_and_the_latency_have_to_be_reached(
    ratio: float,
    p95: float,
    reached: bool,  # noqa: FBT001 - a triplet's answer
) -> None:
    assert reached == report.reached(made_up.row(ratio=ratio, p95=p95))


def test_parts_that_were_not_measured_are_not_told_of() -> None:
    told = report.body(Findings(table=made_up.table()), ["ratios.svg", "latencies.svg"])
    assert "### The table" in told
    assert "performance/ratios.svg" in told
    for part in ("### Growth", "### Workers", "### Memory", "### The physical limit"):
        assert part not in told


def test_growth_beyond_the_bound_is_not_flat() -> None:
    told = report.body(Findings(growth=[made_up.table(10_000), made_up.table(ratio=0.4)]), [])
    assert "| booking creation | 800 | 400 | 2.00 | no |" in told
    told = report.body(Findings(growth=[made_up.table(10_000), made_up.table(ratio=0.7)]), [])
    assert "| booking creation | 800 | 700 | 1.14 | yes |" in told
    assert "runs of 10 s, 3 rounds" in told


def test_memory_that_grows_is_seen_to_grow() -> None:
    still = Soak("2026-01-02", 1, [Sample(n, [100.0, 100.0]) for n in range(40)])
    growing = Soak("2026-01-02", 1, [Sample(n, [100.0 + n, 100.0 + n]) for n in range(40)])
    assert 1.0 == still.growth()
    assert growing.growth() > 1.15
    assert 139.0 == growing.most()


def test_streams_are_told_of_with_all_that_came() -> None:
    text = report.body(made_up.findings(), [])
    assert "40,000 of 40,000 events came" in text
    assert "A stream takes 19.4 kB" in text


def test_findings_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "measured.json"
    assert Findings() == findings.read(path)
    findings.write(path, made_up.findings())
    assert made_up.findings() == findings.read(path)


def test_charts_are_svg_for_light_and_dark_that_runs_and_loads_nothing(tmp_path: Path) -> None:
    names = charts.draw(made_up.findings(), tmp_path)
    assert {"ratios.svg", "latencies.svg", "growth.svg", "workers.svg", "soak.svg"} == set(names)
    for name in names:
        text = (tmp_path / name).read_text()
        root = ET.fromstring(text)  # noqa: S314 - our own file
        assert root.tag.endswith("svg")
        assert "@media (prefers-color-scheme:dark)" in text
        assert not [each for each in root.iter() if each.tag.endswith("script")]
        assert "href=" not in text


def test_the_same_findings_give_the_same_charts(tmp_path: Path) -> None:
    for folder in (tmp_path / "one", tmp_path / "two"):
        charts.draw(made_up.findings(), folder)
    for path in (tmp_path / "one").iterdir():
        assert path.read_text() == (tmp_path / "two" / path.name).read_text()


def test_to_draw_leaves_pythons_imports_alone() -> None:
    assert not [each for each in sys.meta_path if "pygal" in repr(each)]


def test_only_what_was_measured_is_drawn(tmp_path: Path) -> None:
    assert ["soak.svg"] == charts.draw(Findings(soak=made_up.findings().soak), tmp_path)
