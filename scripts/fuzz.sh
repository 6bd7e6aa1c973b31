#!/usr/bin/env bash
# Fuzzes a service from its contract and reports which declared statuses were reached: the service
# whose address is given, or one that is started on a database that is thrown away. `--nightly`
# goes on for an hour, `--help` tells the rest, docs/testing.md all of it.
set -euo pipefail

root="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)"
# shellcheck source=scripts/_setup.sh
. "$root/scripts/_setup.sh"
setup test

cd -- "$root"
exec "$root/.venv/bin/python" -W ignore -m tests.contract.fuzz "$@"
