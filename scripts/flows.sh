#!/usr/bin/env bash
# Runs the main flows, spec/flows.arazzo.yaml, against a running service:
#
#   REDOCLY_CLI_RESPECT_INPUT='{"staff": "hf_…", …}' scripts/flows.sh http://127.0.0.1:8080
#
# The document says what the inputs are. Further arguments are those of `redocly respect`, such as
# `--workflow find-and-book` or `--har-output flows.har`.
set -euo pipefail

root="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)"
# shellcheck source=scripts/_setup.sh
. "$root/scripts/_setup.sh"
setup test
# shellcheck source=scripts/_node.sh
. "$root/scripts/_node.sh"
setup_node spec

if [ $# = 0 ]; then
  echo 'flows.sh: name the service, such as http://127.0.0.1:8080.' >&2
  exit 2
fi
url="${1%/}"
shift
cd -- "$root/spec"
export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true
exec node node_modules/@redocly/cli/bin/cli.js respect flows.arazzo.yaml \
  --server "contract=$url" "$@"
