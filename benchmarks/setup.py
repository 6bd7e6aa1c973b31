"""Measures what a newcomer waits for: the set-up, cold and warm, until the service answers.

    .venv/bin/python -m benchmarks.setup

Clones the last commit into a temporary folder and runs its ``scripts/run.sh`` there
three times: with nothing set up, with everything set up and no database, and again on
the database that is there by then.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LAST_LINE = "Ctrl-C stops it."
PORT = "8098"


def main() -> None:
    """Measure and print a Markdown table."""
    with tempfile.TemporaryDirectory(prefix="holdfast-setup-") as folder:
        Path(folder).chmod(0o755)
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        print("| start | seconds until it serves |")
        print("|---|---:|")
        print(f"| cold: a fresh clone | {_seconds(clone):.1f} |", flush=True)
        shutil.rmtree(clone / ".holdfast")
        print(f"| set up, with a new database and demo data | {_seconds(clone):.1f} |", flush=True)
        print(f"| warm: set up, on its database | {_seconds(clone):.1f} |", flush=True)


def _seconds(clone: Path) -> float:
    """How long ``scripts/run.sh`` takes to its last line; it is then stopped."""
    environment = {**os.environ, "HOLDFAST_DATA_DIR": str(clone / ".holdfast")}
    began = time.perf_counter()
    process = subprocess.Popen(
        ["bash", str(clone / "scripts" / "run.sh"), "--port", PORT],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    for line in process.stdout:
        if line.strip() == LAST_LINE:
            break
    seconds = time.perf_counter() - began
    os.killpg(process.pid, signal.SIGINT)
    process.stdout.read()
    process.wait(60)
    return seconds


if __name__ == "__main__":
    main()
