#!/usr/bin/env bash
# Sets everything up, then runs the benchmark and writes docs/performance.md. Arguments are the
# benchmark's own: `scripts/bench.sh --parts table --seconds 10`; `--help` tells them all.
set -euo pipefail

root="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)"
# shellcheck source=scripts/_setup.sh
. "$root/scripts/_setup.sh"
setup bench
# shellcheck source=scripts/_wrk.sh
. "$root/scripts/_wrk.sh"
setup_wrk

cd -- "$root"
exec "$root/.venv/bin/python" -m benchmarks.run "$@"
