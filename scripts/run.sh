#!/usr/bin/env bash
# Sets everything up, then runs `holdfast up` with the arguments given (see its --help).
set -euo pipefail

root="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)"
# shellcheck source=scripts/_setup.sh
. "$root/scripts/_setup.sh"
setup run
# shellcheck source=scripts/_web.sh
. "$root/scripts/_web.sh"
if ! setup_web; then
  if [ -e "$root/web/dist/index.html" ]; then
    echo 'holdfast: it runs with the pages as they were built last.' >&2
  else
    echo 'holdfast: it runs without the web client; the API and /docs are there.' >&2
  fi
fi

exec "$root/.venv/bin/holdfast" up "$@"
