#!/usr/bin/env bash
# Writes db/schema.sql anew from db/migrations, on a throwaway PostgreSQL.
set -euo pipefail

root="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)"
# shellcheck source=scripts/_setup.sh
if [ -f "$root/scripts/_setup.sh" ]; then . "$root/scripts/_setup.sh"; setup check; fi

cd -- "$root"
exec "$root/.venv/bin/python" -m tests.schema_dump
