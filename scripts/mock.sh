#!/usr/bin/env bash
# Serves the contract's examples, for those who have no service yet, on http://127.0.0.1:4010.
# Arguments are Prism's: `scripts/mock.sh --port 5000`, `scripts/mock.sh --dynamic`.
set -euo pipefail

root="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)"
# shellcheck source=scripts/_setup.sh
. "$root/scripts/_setup.sh"
setup test
# shellcheck source=scripts/_node.sh
. "$root/scripts/_node.sh"
setup_node clients/typescript

exec node "$root/clients/typescript/node_modules/@stoplight/prism-cli/dist/index.js" mock \
  "$@" "$root/spec/openapi.yaml"
