"""Names and time zones."""

import re
from zoneinfo import available_timezones

import pytest
from hypothesis import given

from domain.errors import NameBlank, TimeZoneUnknown
from domain.names import check_name, check_time_zone

from .values import WHITE_SPACE, answer, blanks, refusal_of, texts_with_a_letter

KNOWN = {"Europe/Berlin", "UTC"}


@pytest.mark.parametrize("blank", ["", *WHITE_SPACE, WHITE_SPACE])
def test_a_name_of_nothing_but_white_space_is_refused(blank: str) -> None:
    assert (NameBlank, "/name") == answer(lambda: check_name(blank))


@given(blanks)
def test_no_mixture_of_white_space_is_a_name(blank: str) -> None:
    assert (NameBlank, "/name") == answer(lambda: check_name(blank))


@given(texts_with_a_letter)
def test_a_letter_anywhere_makes_a_name(name: str) -> None:
    assert answer(lambda: check_name(name)) is None


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        ("/name", "name has nothing but white space: give at least one character that shows."),
        (
            "/display_name",
            "display_name has nothing but white space: give at least one character that shows.",
        ),
    ],
)
def test_a_blank_name_is_told_which_it_is_and_what_a_name_may_be(
    pointer: str, expected: str
) -> None:
    refusal = refusal_of(lambda: check_name(" ", pointer))
    assert (expected, pointer) == (refusal.detail, refusal.pointer)


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_a_known_time_zone_is_taken(name: str) -> None:
    assert answer(lambda: check_time_zone(name, KNOWN)) is None


@pytest.mark.parametrize(
    "name", ["Europe/Atlantis", "europe/berlin", "UTC ", "Berlin", "+01:00", ""]
)
def test_a_time_zone_goes_by_its_exact_name(name: str) -> None:
    assert (TimeZoneUnknown, "/time_zone") == answer(lambda: check_time_zone(name, KNOWN))


def test_an_unknown_time_zone_is_told_what_a_name_looks_like() -> None:
    expected = (
        "'Mars/Olympus' is not in the IANA time zone database: give a name such as Europe/Berlin,"
        " America/New_York or UTC."
    )
    assert expected == refusal_of(lambda: check_time_zone("Mars/Olympus", KNOWN)).detail


def test_the_time_zones_given_as_examples_exist() -> None:
    detail = refusal_of(lambda: check_time_zone("Mars/Olympus", KNOWN)).detail
    examples = set(re.findall(r"[A-Z]\w+/\w+|UTC", detail.partition("such as")[2]))
    assert {"Europe/Berlin", "America/New_York", "UTC"} == examples & available_timezones()
