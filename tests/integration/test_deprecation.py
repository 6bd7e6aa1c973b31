"""What a contract says of operations that are to go, and how their replies say it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from app.contract import CONTRACT, document
from app.deprecation import announced_in
from app.failure import Failure
from tests import servers
from tests.service import service

POLICY = '</docs/versions>; rel="{}"; type="text/html"'


def contract(**said: object) -> dict[str, Any]:
    """A contract with an operation that it says this of, and one that it says nothing of."""
    return {
        "paths": {
            "/old/": {"get": {"operationId": "old_list", **said}},
            "/new/": {"get": {"operationId": "new_list"}, "parameters": []},
        }
    }


def test_what_is_deprecated_says_since_when_and_until_when() -> None:
    said = contract(
        **{"deprecated": True, "x-deprecated-at": "2027-01-01", "x-sunset": "2028-01-01"}
    )
    assert {
        "old_list": (
            (b"deprecation", b"@1798761600"),
            (b"link", POLICY.format("deprecation").encode()),
            (b"sunset", b"Sat, 01 Jan 2028 00:00:00 GMT"),
            (b"link", POLICY.format("sunset").encode()),
        )
    } == announced_in(said)


def test_what_has_no_end_yet_tells_none() -> None:
    said = contract(**{"deprecated": True, "x-deprecated-at": "2027-01-01"})
    (headers,) = announced_in(said).values()
    assert ["deprecation", "link"] == [name.decode() for name, _ in headers]


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"deprecated": True}, "x-deprecated-at"),
        ({"x-deprecated-at": "2027-01-01"}, "deprecated: true"),
        ({"deprecated": True, "x-sunset": "2028-01-01"}, "x-deprecated-at"),
        ({"deprecated": True, "x-deprecated-at": "soon"}, "'soon', which is no date"),
        (
            {"deprecated": True, "x-deprecated-at": "2027-01-01", "x-sunset": "2027-12-31"},
            "less than 365 days",
        ),
    ],
)
def test_a_contract_that_announces_otherwise_than_promised_is_refused(
    said: dict[str, object], wrong: str
) -> None:
    with pytest.raises(Failure, match=wrong) as refused:
        announced_in(contract(**said))
    assert "old_list" in str(refused.value)


def test_our_contract_announces_as_promised() -> None:
    announced_in(document())


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our contract, in which the list of facilities is to go."""
    said = yaml.load(CONTRACT.read_bytes(), Loader=yaml.CSafeLoader)
    said["paths"]["/api/v1/facilities/"]["get"] |= {
        "deprecated": True,
        "x-deprecated-at": "2026-02-01",
        "x-sunset": "2027-03-01",
    }
    path = tmp_path_factory.mktemp("made-up") / "openapi.yaml"
    path.write_text(yaml.safe_dump(said), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def address(
    server: str, template: str, made_up: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Where the service answers by the made-up contract."""
    log = tmp_path_factory.mktemp("deprecation") / "service.log"
    program = (str(Path(__file__).with_name("elder_service.py")), str(made_up))
    with servers.clone(server, template) as dsn, service(dsn, log, program=program) as address:
        yield address


def test_every_reply_of_a_deprecated_operation_says_so(address: str) -> None:
    refused = httpx.get(f"{address}/api/v1/facilities/")
    assert 401 == refused.status_code
    assert "@1769904000" == refused.headers["deprecation"]
    assert "Mon, 01 Mar 2027 00:00:00 GMT" == refused.headers["sunset"]
    links = refused.headers.get_list("link")
    assert {POLICY.format("deprecation"), POLICY.format("sunset")} < set(links)
    told = httpx.get(f"{address}/docs/versions")
    assert 200 == told.status_code
    assert "Sunset" in told.text


@pytest.mark.parametrize("path", ["/api/v1/sites/", "/api/v1/me/", "/api/v1/nowhere/", "/docs"])
def test_no_other_reply_does(address: str, path: str) -> None:
    reply = httpx.get(f"{address}{path}")
    assert {"deprecation", "sunset"}.isdisjoint(reply.headers)
