"""What lies beside the API: health, and the contract itself."""

import orjson
import pytest
import yaml

from tests.client import CONTRACT

from .api import Api


def test_the_contract_is_served_as_it_is_committed(api: Api) -> None:
    response = api.anonymous.get("/openapi.yaml")
    assert (200, "application/yaml") == (response.status_code, response.headers["content-type"])
    assert CONTRACT.read_bytes() == response.content


def test_the_contract_says_the_same_in_json(api: Api) -> None:
    response = api.anonymous.get("/openapi.json")
    assert (200, "application/json") == (response.status_code, response.headers["content-type"])
    assert yaml.load(CONTRACT.read_bytes(), Loader=yaml.CSafeLoader) == orjson.loads(
        response.content
    )


def test_a_healthy_service_says_so_without_a_token(api: Api) -> None:
    health, readiness = api.anonymous.get("/healthz"), api.anonymous.get("/readyz")
    assert (200, {"status": "ok"}) == (health.status_code, health.json())
    assert (200, {"status": "ready"}) == (readiness.status_code, readiness.json())


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/openapi.yaml", "/openapi.json"])
def test_a_token_that_is_not_valid_does_not_matter_there(api: Api, path: str) -> None:
    assert api.with_token("nonsense").get(path).status_code == 200
