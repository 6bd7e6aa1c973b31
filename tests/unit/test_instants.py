"""Instants and dates as the wire has them."""

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import pytest
from hypothesis import example, given, reject
from hypothesis import strategies as st

from domain.errors import Refusal, TimeOutOfRange
from domain.instants import format_instant, parse_date, parse_instant

from .values import MINUTE, TINY, answer, refusal_of

FIRST = datetime(1, 1, 1, tzinfo=UTC)
LAST = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)

REFUSED: tuple[type[Refusal], str | None] = (TimeOutOfRange, "/start_time")


def read(text: str) -> datetime:
    """The instant, as a start time."""
    return parse_instant(text, "/start_time")


class Written(NamedTuple):
    """The parts of a date-time of RFC 3339 (section 5.6), each as its grammar has it."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    fraction: str
    zone: str
    separator: str

    def __str__(self) -> str:
        """The date-time."""
        return (
            f"{self.year:04}-{self.month:02}-{self.day:02}{self.separator}"
            f"{self.hour:02}:{self.minute:02}:{self.second:02}{self.fraction}{self.zone}"
        )


offsets = st.builds(
    "{}{:02}:{:02}".format, st.sampled_from("+-"), st.integers(0, 23), st.integers(0, 59)
)
date_times = st.builds(
    Written,
    year=st.integers(0, 9999) | st.sampled_from([0, 1, 9999]),
    month=st.integers(1, 12),
    day=st.integers(1, 31),
    hour=st.integers(0, 23),
    minute=st.integers(0, 59),
    second=st.integers(0, 60),
    fraction=st.just("") | st.text("0123456789", min_size=1, max_size=12).map(".{}".format),
    zone=st.sampled_from(["Z", "z"]) | offsets,
    separator=st.sampled_from("Tt "),
)
instants = st.datetimes(timezones=st.just(UTC))


# What is read


@given(date_times)
@example(Written(0, 1, 1, 0, 0, 0, "", "Z", "T"))
@example(Written(1, 1, 1, 0, 0, 0, "", "+00:01", "T"))
@example(Written(9999, 12, 31, 23, 59, 60, ".999999999", "-23:59", "t"))
def test_every_date_time_of_the_grammar_is_an_instant_or_out_of_range(
    written: Written,
) -> None:
    assert answer(lambda: read(str(written))) in {None, REFUSED}


@given(st.text() | st.from_regex(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)"))
def test_any_text_at_all_is_an_instant_or_out_of_range(text: str) -> None:
    assert answer(lambda: read(text)) in {None, REFUSED}


@given(date_times)
def test_what_the_standard_library_reads_too_is_the_same_instant(written: Written) -> None:
    try:
        expected = datetime.fromisoformat(str(written)).astimezone(UTC)
    except (ValueError, OverflowError):
        reject()
    assert expected == read(str(written))


@given(date_times.filter(lambda written: written.second < 60))
def test_only_what_the_calendar_does_not_hold_is_refused(written: Written) -> None:
    plain = str(written._replace(separator="T", zone=written.zone.upper()))
    expected: object = None
    try:
        datetime.fromisoformat(plain).astimezone(UTC)
    except (ValueError, OverflowError):
        expected = REFUSED
    assert expected == answer(lambda: read(str(written)))


@given(instants)
def test_what_is_written_is_read_back_in_utc(instant: datetime) -> None:
    actual = read(format_instant(instant))
    assert (instant, UTC) == (actual, actual.tzinfo)


@given(instants)
def test_what_is_written_is_in_utc_with_a_final_z(instant: datetime) -> None:
    assert f"{instant.replace(tzinfo=None).isoformat()}Z" == format_instant(instant)


@pytest.mark.parametrize(
    "text",
    [
        "2030-06-15T10:15:00Z",
        "2030-06-15t10:15:00z",
        "2030-06-15 10:15:00Z",
        "2030-06-15T10:15:00+00:00",
        "2030-06-15T10:15:00-00:00",
        "2030-06-15T10:15:00.000Z",
        "2030-06-15T12:15:00+02:00",
        "2030-06-15T04:45:00-05:30",
        "2030-06-16T10:14:00+23:59",
        "2030-06-14T10:16:00-23:59",
    ],
)
def test_one_instant_can_be_written_in_many_ways(text: str) -> None:
    assert datetime(2030, 6, 15, 10, 15, tzinfo=UTC) == read(text)


@pytest.mark.parametrize(
    ("fraction", "microsecond"),
    [
        ("", 0),
        (".5", 500000),
        (".05", 50000),
        (".000001", 1),
        (".0000009", 0),
        (".123456", 123456),
        (".1234569", 123456),
        (".99999999999999999999", 999999),
    ],
)
def test_fractions_are_cut_at_the_microsecond(fraction: str, microsecond: int) -> None:
    assert microsecond == read(f"2030-06-15T10:15:00{fraction}Z").microsecond


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2016-12-31T23:59:59Z", datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("2016-12-31T23:59:60.25Z", datetime(2017, 1, 1, 0, 0, 0, 250000, tzinfo=UTC)),
        ("2017-01-01T05:29:60+05:30", datetime(2017, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_leap_second_is_the_first_second_of_the_next_minute(
    text: str, expected: datetime
) -> None:
    assert expected == read(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0001-01-01T00:00:00Z", FIRST),
        ("0001-01-01T00:01:00+00:01", FIRST),
        ("0001-01-01T00:00:00-00:01", FIRST + MINUTE),
        ("9999-12-31T23:59:59.999999Z", LAST),
        ("9999-12-31T23:58:59.999999-00:01", LAST),
        ("9999-12-31T23:59:59.999999+00:01", LAST - MINUTE),
        ("9999-12-31T23:58:60Z", LAST - MINUTE + TINY),
    ],
)
def test_the_calendar_is_read_to_its_ends(text: str, expected: datetime) -> None:
    assert expected == read(text)


@pytest.mark.parametrize(
    "text",
    [
        "0000-12-31T23:59:59Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:00-00:01",
        "9999-12-31T23:59:60Z",
        "2030-00-15T10:15:00Z",
        "2030-13-15T10:15:00Z",
        "2030-06-00T10:15:00Z",
        "2030-06-31T10:15:00Z",
        "2030-02-29T10:15:00Z",
        "2030-06-15T24:00:00Z",
        "2030-06-15T10:60:00Z",
        "2030-06-15T10:15:61Z",
        "2030-06-15T10:15:00+24:00",
        "2030-06-15T10:15:00-24:00",
        "2030-06-15T10:15:00+00:60",
        "2030-06-15T10:15:00+99:99",
    ],
)
def test_what_lies_beside_the_calendar_is_refused(text: str) -> None:
    assert REFUSED == answer(lambda: read(text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2030-06-15",
        "2030-06-15T10:15:00",
        "2030-06-15T10:15Z",
        "20300615T101500Z",
        "2030-W24-6T10:15:00Z",
        "2030-06-15T10:15:00+0000",
        "2030-06-15T10:15:00+00",
        "2030-06-15T10:15:00+00:00:00",
        "2030-06-15T10:15:00,5Z",
        "2030-06-15T10:15:00.Z",
        "2030-06-15T10:15:00Z\n",
        " 2030-06-15T10:15:00Z",
        "-2030-06-15T10:15:00Z",
        "12030-06-15T10:15:00Z",
        "２０３０-06-15T10:15:00Z",  # noqa: RUF001 - digits, but not those of the grammar
    ],
)
def test_what_rfc_3339_does_not_have_is_refused(text: str) -> None:
    assert REFUSED == answer(lambda: read(text))


def test_a_refused_instant_is_told_its_name_and_which_years_there_are() -> None:
    expected = (
        "start_time is '0000-01-01T00:00:00Z', which is no date of the calendar between the years"
        " 1 and 9999 (UTC)."
    )
    assert expected == refusal_of(lambda: read("0000-01-01T00:00:00Z")).detail


@pytest.mark.parametrize(("length", "quoted"), [(39, 39), (40, 40), (41, 40)])
def test_a_refusal_quotes_no_more_than_forty_characters(length: int, quoted: int) -> None:
    assert quoted == refusal_of(lambda: read("x" * length)).detail.count("x")


# Dates


@given(st.dates())
def test_every_date_of_the_calendar_is_read(day: date) -> None:
    assert day == parse_date(day.isoformat(), "/start_date")


@given(st.text() | st.from_regex(r"\d{4}-\d\d-\d\d"))
def test_any_text_at_all_is_a_date_or_out_of_range(text: str) -> None:
    actual = answer(lambda: parse_date(text, "/start_date"))
    assert actual in {None, (TimeOutOfRange, "/start_date")}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0000-01-01",
        "10000-01-01",
        "2030-02-29",
        "2030-06-31",
        "2030-13-01",
        "2030-6-1",
        "20300615",
        "2030-W24-6",
        "2030-06-15T00:00:00Z",
        "2030-06-15\n",
        "２０３０-06-15",  # noqa: RUF001 - digits, but not those of the grammar
    ],
)
def test_what_is_no_date_of_the_calendar_is_refused(text: str) -> None:
    assert (TimeOutOfRange, "/end_date") == answer(lambda: parse_date(text, "/end_date"))


def test_the_leap_day_is_a_date() -> None:
    leap_day = parse_date("2028-02-29", "/start_date")
    assert timedelta(days=1) == date(2028, 3, 1) - leap_day
