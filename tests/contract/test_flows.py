"""The flows of ``spec/flows.arazzo.yaml``, run against the real service by Redocly's Respect."""

import json
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import servers
from tests.client import CONTRACT

from .suite import Target, serving

FLOWS = CONTRACT.with_name("flows.arazzo.yaml")
SETUP_SECONDS = 300

NO_NODE = os.environ.get("HOLDFAST_NO_NODE")
"""Why Redocly is not here, as ``scripts/test.sh`` found; the tests fail where nobody looked."""

pytestmark = [
    pytest.mark.timeout(SETUP_SECONDS + 60),
    pytest.mark.skipif(NO_NODE is not None, reason=f"{NO_NODE}"),
]


@pytest.fixture(scope="module")
def target(
    server: str, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    """A service and its town."""
    directory = tmp_path_factory.mktemp("flows")
    with servers.clone(server, template) as dsn, serving(dsn, directory) as target:
        yield target


def _inputs(target: Target, name: str) -> dict[str, Any]:
    start = datetime.combine(datetime.now(UTC) + timedelta(days=2), time(2), UTC)
    return {
        "staff": target.town.people["staff"].token,
        "member": target.town.people["member"].token,
        "name": name,
        "facility_id": target.town.ids["facilities"][0],
        "start_time": f"{start:%Y-%m-%dT%H:%M:%SZ}",
        "end_time": f"{start + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
    }


def _run(
    target: Target, inputs: dict[str, Any], log: Path
) -> tuple[int, str, dict[str, dict[str, bool]]]:
    """The status, what was said, and whether each step of each workflow went as it should."""
    done = subprocess.run(  # noqa: S603 - our own script
        [CONTRACT.parents[1] / "scripts" / "flows.sh", target.base_url, "--json-output", log],
        env={**os.environ, "REDOCLY_CLI_RESPECT_INPUT": json.dumps(inputs)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=SETUP_SECONDS,
        check=False,
    )
    said = done.stdout + done.stderr
    assert log.is_file(), said
    (told,) = json.loads(log.read_text(encoding="utf-8"))["files"].values()
    return (
        done.returncode,
        said,
        {
            workflow["workflowId"]: {
                step["stepId"]: all(check["passed"] for check in step["checks"])
                for step in workflow["executedSteps"]
            }
            for workflow in told["executedWorkflows"]
        },
    )


def test_every_step_of_every_flow_goes_as_the_document_says(target: Target, tmp_path: Path) -> None:
    document = yaml.safe_load(FLOWS.read_bytes())
    expected = {
        workflow["workflowId"]: {step["stepId"]: True for step in workflow["steps"]}
        for workflow in document["workflows"]
    }

    status, said, went = _run(target, _inputs(target, "flows-1"), tmp_path / "log.json")

    assert expected == went, said
    assert 0 == status


def test_a_flow_that_goes_otherwise_is_told(target: Target, tmp_path: Path) -> None:
    inputs = {**_inputs(target, "flows-2"), "facility_id": 2**31 - 1}

    status, _, went = _run(target, inputs, tmp_path / "log.json")

    assert 1 == status
    assert went["a-token-of-ones-own"]["use-no-longer"]
    assert not went["take-an-alternative"]["first"]
