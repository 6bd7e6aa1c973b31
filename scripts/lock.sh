#!/usr/bin/env bash
# Rewrites requirements/*.txt from pyproject.toml: exact versions with hashes, for every platform
# and every Python from 3.11 on. Each set holds the one before it, in the same versions.
# Arguments are uv's: `scripts/lock.sh --upgrade` takes what is newest.
set -euo pipefail

root="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)"
# shellcheck source=scripts/_setup.sh
. "$root/scripts/_setup.sh"
setup check

cd -- "$root"
# lock SET ARGUMENT…: an existing file's versions stand unless the arguments say otherwise.
lock() {
  local file="requirements/$1.txt"
  shift
  echo "Locking $file ..." >&2
  .venv/bin/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
    --generate-hashes --no-header --no-annotate --output-file "$file" "$@"
}

lock run "$@"
lock bench --extra bench --constraints requirements/run.txt "$@"
lock test --extra bench --extra test --constraints requirements/bench.txt "$@"
lock check --extra bench --extra test --extra check --constraints requirements/test.txt "$@"
