"""What wrk says is read as it is, and a wrong answer is never counted as one."""

import dataclasses

import pytest

from benchmarks.load import Line, LoadError, Measured, check, parse

SAID = """Running 3s test @ http://127.0.0.1:8096
  1 threads and 50 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency    11.92ms    4.53ms  64.64ms   81.11%
  12663 requests in 3.01s, 11.97MB read
Requests/sec:   4207.62
Transfer/sec:      3.98MB
MEASURED {"seconds": 2.0, "answers": 100, "bytes": 25000, "p50": 11.2, "p95": 18.0, \
"p99": 24.5, "most": 64.6, "failed": 0, "broken": 0, "written": 1, "statuses": {"201": 100}}
"""


def measured(**changed: object) -> Measured:
    return dataclasses.replace(parse(SAID, load_cpu=0.5), **changed)  # type: ignore[arg-type]


def test_the_measured_line_is_read_from_among_wrks_own_words() -> None:
    read = measured()
    assert (11.2, 18.0, 24.5) == (read.p50, read.p95, read.p99)
    assert {201: 100} == read.statuses
    assert 50.0 == read.per_second
    assert 250.0 == read.bytes_each
    assert 0.25 == read.load_share


def test_silence_is_an_error() -> None:
    with pytest.raises(LoadError, match="told nothing"):
        parse("Running 3s test @ http://127.0.0.1:8096\n", load_cpu=0.0)


def test_a_run_in_which_all_is_well_is_accepted() -> None:
    check(measured(), 201)
    check(measured(statuses={}), None)


@pytest.mark.parametrize(
    ("changed", "status", "words"),
    [
        ({"answers": 0}, None, "Nothing was answered"),
        ({"broken": 3}, None, "3 connections"),
        ({"failed": 1}, None, "1 of 100 answers were errors"),
        ({"statuses": {201: 99, 409: 1}}, 201, "Only 201"),
        ({"statuses": {200: 100}}, 201, "Only 201"),
    ],
)
def test_anything_else_fails_the_run(
    changed: dict[str, object], status: int | None, words: str
) -> None:
    with pytest.raises(LoadError, match=words):
        check(measured(**changed), status)


def test_errors_that_are_the_answer_wanted_are_no_failure() -> None:
    check(measured(failed=100, statuses={409: 100}), 409)


def test_a_request_is_one_line_of_six_fields() -> None:
    line = Line("POST", "/api/v1/bookings/", 7, "secret", "key", '{"title": "x"}')
    assert 'POST\t/api/v1/bookings/\tsecret\t7\tkey\t{"title": "x"}' == str(line)
