"""Tables as CSV: what is written is read as the same, and what is wrong is told line by line."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import ImportUnreadable
from domain.hours import WEEK_MINUTES, WeeklyHours
from domain.imports import FACILITY_COLUMNS, USER_COLUMNS
from domain.tables import (
    MOST_LINES,
    BadCell,
    BadLine,
    cell,
    csv_text,
    hours_of,
    hours_text,
    names_of,
    names_text,
    plain_text,
    read_table,
)

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)


@st.composite
def weeks(draw: st.DrawFn) -> WeeklyHours:
    """Opening hours of any week: merged stretches on quarters of an hour."""
    marks = draw(st.sets(st.integers(0, WEEK_MINUTES // 15), max_size=20))
    ordered = sorted(mark * 15 for mark in marks)
    return tuple(zip(ordered[::2], ordered[1::2], strict=False))


@given(weeks())
def test_hours_are_read_as_they_were_written(hours: WeeklyHours) -> None:
    assert hours == hours_of(hours_text(hours))


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("", None),
        ("  ", None),
        ("Never", ()),
        ("mon 08:00-18:00", ((480, 1080),)),
        ("MON  08:00-12:00 ;  mon 13:00-18:00", ((480, 720), (780, 1080))),
        ("mon-tue 08:00-09:00", ((480, 540), (1920, 1980))),
        ("sun 22:00-02:00", ((0, 120), (9960, 10080))),
        ("sun-mon 10:00-11:00", ((600, 660), (9240, 9300))),
        ("mon-sun 00:00-24:00", ((0, 10080),)),
    ],
)
def test_hours_are_written_as_people_write_them(text: str, hours: WeeklyHours | None) -> None:
    assert hours == hours_of(text)


@pytest.mark.parametrize(
    "text",
    [
        "monday 08:00-18:00",
        "mon 8:00-18:00",
        "mon 08:10-18:00",
        "mon 08:00-25:00",
        "mon 08:00",
        "mon 08:00-08:00",
        "mon 24:00-24:00",
        "mon 08:00-12:00; mon 11:00-13:00",
        "mon 08:00-12:00;",
        "always",
    ],
)
def test_what_says_no_hours_is_refused(text: str) -> None:
    with pytest.raises(BadCell):
        hours_of(text)


def test_equal_days_are_written_together() -> None:
    hours = hours_of("tue-thu 08:00-12:00; fri 09:00-10:00; sun 08:00-12:00; mon 08:00-12:00")

    assert hours_text(hours) == "mon-thu 08:00-12:00; sun 08:00-12:00; fri 09:00-10:00"


@given(st.lists(texts.map(str.strip).filter(bool), max_size=5, unique=True))
def test_names_are_read_as_they_were_written(names: list[str]) -> None:
    assert names == names_of(names_text(names))


@given(texts)
def test_text_is_read_as_it_was_written_and_is_no_formula_between(text: str) -> None:
    written = csv_text([[text, 7]])

    ((shown, _),) = csv.reader(io.StringIO(written, newline=""))
    assert not shown.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert text == plain_text(shown)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("'=1", "''=1"),
        ("'quoted'", "'quoted'"),
        ("a=1", "a=1"),
        ("", ""),
    ],
)
def test_only_what_could_be_a_formula_gets_an_apostrophe(text: str, written: str) -> None:
    assert written == cell(text)


def test_a_line_is_ended_as_rfc_4180_ends_it() -> None:
    assert 'a,"b""c","d,e",true,\r\n' == csv_text([["a", 'b"c', "d,e", True, None]])


def test_every_bad_line_is_told_with_the_line_it_begins_on() -> None:
    text = (
        "\ufeffusername,display_name,is_staff\r\n"
        'ada,"Ada\r\nLovelace",true\r\n'
        "\r\n"
        "bob,Bob,maybe\n"
        "!,Eve\r"
        "eve,Eve,false\r\n"
    )

    lines, bad = read_table(text, USER_COLUMNS, ["username"])

    assert [
        (2, "display_name"),
        (5, "is_staff"),
        (6, None),
    ] == [(line.line, line.column) for line in bad]
    assert [2, 5, 6, 7] == [line.number for line in lines]
    assert {"username": "eve", "display_name": "Eve", "is_staff": False} == lines[-1].values


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "username"),
        ("\r\n", "username"),
        ("display_name\r\nAda\r\n", "username"),
        ("username,colour\r\nada,red\r\n", "'colour'"),
        ("username,username\r\nada,ada\r\n", "twice"),
        ('username\r\n"ada\r\n', "not CSV"),
        ('username\r\n"ada"b\r\n', "not CSV"),
        ("username\r\nada\x00\r\n", "NUL"),
    ],
)
def test_what_is_no_table_of_these_columns_is_refused(text: str, says: str) -> None:
    with pytest.raises(ImportUnreadable) as refusal:
        read_table(text, USER_COLUMNS, ["username"])

    assert says in refusal.value.detail


def test_a_file_has_so_many_lines_at_most() -> None:
    text = "username\n" + "ada\n" * MOST_LINES

    assert MOST_LINES == len(read_table(text, USER_COLUMNS, ["username"])[0])
    with pytest.raises(ImportUnreadable):
        read_table(text + "ada\n", USER_COLUMNS, ["username"])


@pytest.mark.parametrize(
    ("column", "good", "bad"),
    [
        ("name", "x" * 100, "x" * 101),
        ("description", "x" * 2000, "x" * 2001),
        ("facility_type", "desk", "Desk"),
        ("capacity", "100000", "100001"),
        ("capacity", "1", "0"),
        ("capacity", " 7 ", "1e3"),
        ("amenities", "wifi sink", "WiFi"),
        ("amenities", " ".join(f"a{i}" for i in range(50)), " ".join(f"a{i}" for i in range(51))),
        ("status", "archived", ""),
        ("min_duration_minutes", "15", "0"),
        ("min_duration_minutes", "30", "20"),
        ("max_duration_minutes", "480", "495"),
        ("min_notice_minutes", "525600", "525601"),
        ("horizon_days", "1095", "1096"),
        ("horizon_days", "", "0"),
        ("start_step_minutes", "60", "45"),
        ("cancellation_notice_minutes", "0", "-1"),
        ("buffer_before_minutes", "240", "255"),
        ("requires_approval", "TRUE", "yes"),
        ("approval_timeout_minutes", "15", "14"),
        ("open_to", "; ".join(f"g{i}" for i in range(200)), "; ".join(f"g{i}" for i in range(201))),
    ],
)
def test_a_column_takes_what_the_contract_takes(column: str, good: str, bad: str) -> None:
    FACILITY_COLUMNS[column](good)
    with pytest.raises(BadCell):
        FACILITY_COLUMNS[column](bad)


def test_a_bad_line_says_what_would_be_right() -> None:
    _, bad = read_table("site,name,capacity\nA,B,many\n", FACILITY_COLUMNS, ["site", "name"])

    assert [BadLine(2, "capacity", "Give a whole number from 1 to 100000.")] == bad
