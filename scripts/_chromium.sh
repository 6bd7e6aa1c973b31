# shellcheck shell=bash
# Sourced by those that need a browser.
#
#   setup_chromium   makes a Chromium be there, and puts its path into HOLDFAST_CHROMIUM; where that
#                    cannot be, no_chromium says why and 1 is returned
#
# One that is installed is taken, and else Debian's, which only root may install.

setup_chromium() {
  local said
  if setup_chromium_find; then
    return
  fi
  if ! command -v apt-get >/dev/null; then
    setup_chromium_fail 'Chromium is not installed, and there is no apt-get to install it with' || return 1
  fi
  if [ "$(id -u)" != 0 ]; then
    setup_chromium_fail "Chromium is not installed, and only root may install Debian's package chromium" || return 1
  fi
  echo 'Installing Chromium ...' >&2
  if ! said="$(env DEBIAN_FRONTEND=noninteractive sh -c '
      apt-get -o Acquire::Retries=1 -o Acquire::http::Timeout=30 update &&
      apt-get install --yes --no-install-recommends chromium fonts-dejavu-core' 2>&1)"; then
    setup_chromium_fail "Chromium cannot be installed (${said##*$'\n'})" || return 1
  fi
  setup_chromium_find || setup_chromium_fail 'Chromium was installed and is not to be found'
}

setup_chromium_find() {
  local name
  for name in "${HOLDFAST_CHROMIUM:-}" chromium chromium-browser google-chrome; do
    if [ -n "$name" ] && HOLDFAST_CHROMIUM="$(command -v -- "$name")"; then
      export HOLDFAST_CHROMIUM
      return
    fi
  done
  return 1
}

setup_chromium_fail() {
  # shellcheck disable=SC2034 # for who sources this
  no_chromium="$1"
  echo "holdfast: $1." >&2
  return 1
}
