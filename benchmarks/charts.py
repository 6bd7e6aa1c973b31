"""The report's charts: SVG that is calm, and follows the reader's choice of light or dark."""

import sys
from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import Comment, Element

import pygal
from pygal.style import Style

from benchmarks.findings import Findings, Soak, Table

# pygal puts a finder of plugins among Python's own, of a kind that Python has since done away
# with: every later import of what is not there would warn of it.
sys.meta_path[:] = [each for each in sys.meta_path if type(each).__module__ != "pygal"]

OURS, FLOOR, TARGET = "#2a78b8", "#9aa5b1", "#d9822b"
COLOURS = (OURS, TARGET, "#3d9970", "#8e6bbf", "#c0504d", FLOOR)

# pygal writes its colours into a style sheet within the file; what is said last holds.
_DARK = (
    "inline:@media (prefers-color-scheme: dark) {"
    " text { fill: #d0d7de !important; }"
    " .axis .line, .axis .guides { stroke: #57606a !important; } }"
)
_STYLE = Style(
    background="transparent",
    plot_background="transparent",
    foreground="#424a53",
    foreground_strong="#24292f",
    foreground_subtle="#8c959f",
    opacity="1",
    opacity_hover="1",
    transition="0s",
    colors=COLOURS,
    font_family="system-ui, sans-serif",
    label_font_size=13,
    major_label_font_size=13,
    legend_font_size=13,
    title_font_size=16,
    value_font_size=12,
    value_label_font_size=12,
    guide_stroke_color="#d0d7de",
    major_guide_stroke_color="#d0d7de",
    guide_stroke_dasharray="2,4",
)


def draw(findings: Findings, folder: Path) -> list[str]:
    """Write the charts of the parts that have been measured; the names of their files."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn: dict[str, pygal.graph.graph.Graph] = {}
    if findings.table is not None:
        drawn["ratios.svg"] = _ratios(findings.table)
        drawn["latencies.svg"] = _latencies(findings.table)
    if findings.growth:
        sizes = [f"{table.bookings:,}" for table in findings.growth]
        drawn["growth.svg"] = _lines(findings.growth, sizes, "Answers a second, by bookings")
    if findings.workers:
        counts = [str(table.workers) for table in findings.workers]
        drawn["workers.svg"] = _lines(findings.workers, counts, "Answers a second, by workers")
    if findings.soak is not None:
        drawn["soak.svg"] = _soak(findings.soak)
    for name, chart in drawn.items():
        chart.uuid = name.removesuffix(".svg")  # or it would be another one each time
        chart.add_xml_filter(_plain)
        (folder / name).write_text(f"{chart.render(is_unicode=True)}\n")
    return list(drawn)


def _plain(root: Element) -> Element:
    """Without what pygal adds for its own script, which is not there, and about itself."""
    for parent in list(root.iter()):
        for each in list(parent):
            if each.tag in {Comment, "script"}:
                parent.remove(each)
    return root


def _ratios(table: Table) -> pygal.HorizontalBar:
    chart = _bars("Answers a second, the floor's being 1", table)
    rows = table.rows[::-1]
    chart.add("target", [row.ratio_target for row in rows])
    chart.add("Holdfast", [round(row.ratio, 2) for row in rows])
    return chart


def _latencies(table: Table) -> pygal.HorizontalBar:
    chart = _bars("95 of 100 answers within, ms", table)
    rows = table.rows[::-1]
    chart.add("allowed", [row.p95_target for row in rows])
    chart.add("Holdfast", [round(row.ours.p95, 1) for row in rows])
    chart.add("floor", [round(row.floor.p95, 1) for row in rows])
    return chart


def _bars(title: str, table: Table) -> pygal.HorizontalBar:
    chart = pygal.HorizontalBar(
        **_common(title, (TARGET, OURS, FLOOR)),
        height=90 + 62 * len(table.rows),
        print_values=True,
        print_values_position="center",
    )
    chart.x_labels = [row.operation.split(", 1 %")[0] for row in reversed(table.rows)]
    return chart


def _lines(tables: Sequence[Table], labels: Sequence[str], title: str) -> pygal.Line:
    """One line for each operation of ours; both axes begin where there is nothing."""
    chart = pygal.Line(**_common(title, COLOURS), height=420, legend_at_bottom_columns=2)
    chart.x_labels = list(labels)
    for number, row in enumerate(tables[0].rows):
        values = [round(table.rows[number].ours.per_second) for table in tables]
        chart.add(row.operation.split(", 1 %")[0], values)
    return chart


def _soak(soak: Soak) -> pygal.XY:
    chart = pygal.XY(**_common("Memory of each worker (PSS), MB, by minutes", COLOURS), height=320)
    chart.show_dots = False
    for number in range(len(soak.samples[0].megabytes)):
        points = [(s.seconds / 60, s.megabytes[number]) for s in soak.samples]
        chart.add(f"worker {number + 1}", [(round(x, 2), round(y, 1)) for x, y in points])
    chart.range = (0, 200)
    return chart


def _common(title: str, colours: Sequence[str]) -> dict[str, object]:
    style = Style(**{**_STYLE.__dict__, "colors": tuple(colours)})
    return {
        "title": title,
        "style": style,
        "width": 860,
        "js": (),
        "css": ("file://style.css", "file://graph.css", _DARK),
        "legend_at_bottom": True,
        "disable_xml_declaration": True,
        "no_prefix": False,
        "explicit_size": True,
        "include_x_axis": True,
        "stroke_style": {"width": 2.5},
    }
