#!/usr/bin/env bash
# Sets everything up, then runs every test, or what the arguments, which are pytest's, name.
set -euo pipefail

root="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)"
# shellcheck source=scripts/_setup.sh
. "$root/scripts/_setup.sh"
setup test

cd -- "$root"
exec "$root/.venv/bin/python" -m pytest "$@"
