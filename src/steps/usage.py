"""The report on how easy booking is, from what was counted."""

from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import TypedDict

from domain.visits import quantile
from sql.visits import AdoptionRow, VisitsRow
from wire import replies


class _Measures(TypedDict):
    """What is told of any visits."""

    visits: int
    begun: int
    booked: int
    with_conflict: int
    success_rate: float
    conflict_rate: float


def usage_report(
    visits: Sequence[VisitsRow], adoption: Sequence[AdoptionRow], *, is_counting: bool
) -> replies.UsageReport:
    """All visits, and those of each week in which there were any or somebody booked."""
    report: replies.UsageReport = {
        "is_counting": is_counting,
        **_measures(visits),  # type: ignore[typeddict-item]  # shared members only
        "weeks": _weeks(visits, adoption),
    }
    booked = Counter[int]()
    for row in visits:
        if row.outcome == "booked":
            booked[row.seconds] += row.count
    median = quantile(booked.items(), Fraction(1, 2))
    ninth = quantile(booked.items(), Fraction(9, 10))
    if median is not None and ninth is not None:
        report["completion_seconds"] = {"median": median, "ninth_decile": ninth}
    return report


def _weeks(visits: Sequence[VisitsRow], adoption: Sequence[AdoptionRow]) -> list[replies.UsageWeek]:
    users = {row.week: row for row in adoption}
    weeks = {row.week: list[VisitsRow]() for row in adoption}
    for row in visits:
        weeks.setdefault(row.week, []).append(row)
    return [
        {
            "week": week,
            **_measures(rows),
            "users": users[week].users if week in users else 0,
            "new_users": users[week].new_users if week in users else 0,
        }
        for week, rows in sorted(weeks.items())
    ]


def _measures(rows: Iterable[VisitsRow]) -> _Measures:
    visits = begun = booked = with_conflict = 0
    for row in rows:
        visits += row.count
        begun += row.count if row.outcome != "left_search" else 0
        booked += row.count if row.outcome == "booked" else 0
        # Whoever begins none meets none, whatever is said of it.
        is_met = row.had_conflict and row.outcome != "left_search"
        with_conflict += row.count if is_met else 0
    return {
        "visits": visits,
        "begun": begun,
        "booked": booked,
        "with_conflict": with_conflict,
        "success_rate": round(booked / begun, 4) if begun else 0.0,
        "conflict_rate": round(with_conflict / begun, 4) if begun else 0.0,
    }
