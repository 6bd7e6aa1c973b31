#!/usr/bin/env bash
# Sets everything up, then runs every test, or what the arguments, which are pytest's, name.
set -euo pipefail

root="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)"
# shellcheck source=scripts/_setup.sh
. "$root/scripts/_setup.sh"
setup test
# shellcheck source=scripts/_node.sh
. "$root/scripts/_node.sh"
# Aside, for the tests find Node by themselves, as whoever runs pytest alone.
if ! (setup_node spec clients/typescript); then
  echo 'holdfast: tests of the flows, the TypeScript client and the mock server are skipped.' >&2
  export HOLDFAST_NO_NODE='the tools of spec/ and clients/typescript are not there'
fi
# shellcheck source=scripts/_web.sh
. "$root/scripts/_web.sh"
# shellcheck source=scripts/_chromium.sh
. "$root/scripts/_chromium.sh"
if ! (setup_web && setup_node tests/e2e); then
  echo 'holdfast: tests of the web client are skipped.' >&2
  export HOLDFAST_NO_WEB='the web client is not built'
  if [ -n "${HOLDFAST_NEEDS_WEB:-}" ]; then exit 1; fi
elif ! setup_chromium; then
  echo 'holdfast: tests in a browser are skipped.' >&2
  export HOLDFAST_NO_BROWSER="$no_chromium"
fi
# shellcheck source=scripts/_wrk.sh
. "$root/scripts/_wrk.sh"
if ! setup_wrk; then
  echo 'holdfast: the short benchmark, tests/benchmarks/test_ratios.py, is skipped.' >&2
  export HOLDFAST_NO_WRK="$no_wrk"
fi

cd -- "$root"
exec "$root/.venv/bin/python" -m pytest "$@"
