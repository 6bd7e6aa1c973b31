#!/usr/bin/env bash
# Everything that can be said of the project without running it: style, types, the layers'
# direction, the contract, SQL, migrations, scripts, and whether generated files are current.
# One line per check; what a check said is shown only if it failed. Runs them all, then fails if
# any did.
set -euo pipefail

root="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)"
# shellcheck source=scripts/_setup.sh
. "$root/scripts/_setup.sh"
setup check
# shellcheck source=scripts/_node.sh
. "$root/scripts/_node.sh"
setup_node spec clients/typescript web

bin="$root/.venv/bin"
said="$(mktemp)"
trap 'rm -f -- "$said"' EXIT
cd -- "$root"
failed=0

# check WHAT COMMAND…: runs the command, says how it went and how long it took.
check() {
  local what="$1" start=$SECONDS result=ok
  shift
  if ! "$@" >"$said" 2>&1 </dev/null; then
    result=FAILED
    failed=1
  fi
  printf '%-6s %3d s  %s\n' "$result" "$((SECONDS - start))" "$what"
  if [ "$result" = FAILED ]; then
    sed 's/^/    /' "$said"
  fi
}

# What follows is run by `check`, which shellcheck cannot see.
# shellcheck disable=SC2329
tsp() { (cd -- spec && node node_modules/@typespec/compiler/cmd/tsp.js "$@"); }

# shellcheck disable=SC2329
redocly() {
  # It would otherwise tell its makers about every run, and look for a newer version of itself.
  (cd -- spec && REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true \
    node node_modules/@redocly/cli/bin/cli.js lint --config redocly.yaml "$1")
}

# shellcheck disable=SC2329
overlays() {
  for overlay in spec/*.overlay.yaml; do
    "$bin/oas-patch" validate "$overlay"
  done
}

# shellcheck disable=SC2329
imports() { PYTHONPATH="$root/scripts" "$bin/lint-imports" --no-logo --no-cache; }

# shellcheck disable=SC2329
typescript() {
  (cd -- clients/typescript && node node_modules/prettier/bin/prettier.cjs --check . &&
    node node_modules/eslint/bin/eslint.js && node node_modules/typescript/bin/tsc --noEmit)
}

# shellcheck disable=SC2329
web() {
  (cd -- web && node node_modules/prettier/bin/prettier.cjs --check . &&
    node node_modules/eslint/bin/eslint.js . &&
    node node_modules/svelte-check/bin/svelte-check --fail-on-warnings)
}

python_code=(src scripts tests clients/python/src)
if [ -d benchmarks ]; then python_code+=(benchmarks); fi
forward=()
for migration in db/migrations/*.sql; do
  case "$migration" in *.rollback.sql) ;; *) forward+=("$migration") ;; esac
done

check 'Python: lint (ruff check)' "$bin/ruff" check "${python_code[@]}"
check 'Python: format (ruff format)' "$bin/ruff" format --check "${python_code[@]}"
check 'Python: types (mypy --strict)' "$bin/mypy" "${python_code[@]}"
check 'Python: layers (import-linter)' imports
check 'TypeScript: format, lint, types (prettier, eslint, tsc)' typescript
check 'Web client: format, lint, types (prettier, eslint, svelte-check)' web
check 'Scripts: lint (shellcheck)' "$bin/shellcheck" --external-sources scripts/*.sh
check 'SQL: lint (sqlfluff)' "$bin/sqlfluff" lint --disable-progress-bar src db/migrations
check 'SQL: locks of migrations (squawk)' "$bin/squawk" "${forward[@]}"
check 'Contract: format (tsp format)' tsp format --check '**/*.tsp'
check 'Contract: lint of the sources (tsp compile)' tsp compile . --no-emit
check 'Contract: overlays (oas-patch)' overlays
check 'Contract: lint (redocly)' redocly openapi.yaml
check 'Contract: its flows (redocly)' redocly flows.arazzo.yaml
check 'Contract: our own rules (pytest)' "$bin/pytest" -q --no-header tests/contract/test_contract_quality.py
check 'Contract: breaks nothing that was released' \
  "$bin/python" -W ignore -m tests.contract.released
check 'Generated files are current (gen.sh)' "$root/scripts/gen.sh" --check

exit "$failed"
