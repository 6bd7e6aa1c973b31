#!/usr/bin/env bash
# Has OpenAPI Generator write clients for Java, Go, C#, Kotlin and TypeScript from the contract, and
# compiles and runs against the service what can be: TypeScript everywhere, Go and Java where their
# compilers are (Debian's golang-go; default-jdk-headless, libgeronimo-annotation-1.3-spec-java and
# libjsr305-java). The test suite generates them all, compiles and runs TypeScript, and leaves the
# rest to this script.
set -euo pipefail

root="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)"
# shellcheck source=scripts/_setup.sh
. "$root/scripts/_setup.sh"
setup check

cd -- "$root"
HOLDFAST_GENERATORS=run exec "$root/.venv/bin/python" -m pytest -v tests/clients/test_generators.py "$@"
