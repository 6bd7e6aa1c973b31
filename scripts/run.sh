#!/usr/bin/env bash
# Sets everything up, then runs `holdfast up` with the arguments given (see its --help).
set -euo pipefail

root="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)"
# shellcheck source=scripts/_setup.sh
. "$root/scripts/_setup.sh"
setup run

exec "$root/.venv/bin/holdfast" up "$@"
