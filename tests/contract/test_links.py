"""The links of the contract, as Schemathesis gets them."""

from copy import deepcopy

import schemathesis
from schemathesis.config import SchemathesisConfig

from tests.client import document
from tests.contract import linking


def test_a_link_that_says_what_to_send_sends_it() -> None:
    assert linking.say_what_links_send
    schema = schemathesis.openapi.from_dict(deepcopy(document()), config=SchemathesisConfig())
    created = schema["/api/v1/facilities/"]["POST"].definition.raw["responses"]["201"]["links"]
    assert created["closures_create"]["requestBody"] == {"facility_id": "$response.body#/id"}
    assert not any("x-request-body" in link for link in created.values())
