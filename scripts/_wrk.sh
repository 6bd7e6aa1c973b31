# shellcheck shell=bash
# Sourced by bench.sh and test.sh, which set `root`, the checkout, and have set up .venv.
#
#   setup_wrk   makes wrk, the load generator, be there: on the path, or in .venv/wrk; where that
#               cannot be, no_wrk says why
#
# Where it is not installed, Debian's and Ubuntu's package of it is unpacked in the checkout, with
# the library that it needs; nothing of the machine is changed, and nobody has to be root.

setup_wrk() {
  local place work said
  : "${root:?}"
  place="$root/.venv/wrk"
  if command -v wrk >/dev/null || [ -x "$place/usr/bin/wrk" ]; then
    return
  fi
  if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
    setup_wrk_fail 'wrk is not installed, and there is no apt-get to fetch it with' || return 1
  fi
  echo 'Fetching wrk ...' >&2
  # In a folder of its own until it is whole: another set-up may be doing the same.
  work="$(mktemp -d "$place.XXXXXX")" || setup_wrk_fail 'wrk cannot be put into .venv' || return 1
  if ! said="$(setup_wrk_unpack "$work" 2>&1)"; then
    rm -rf -- "$work"
    setup_wrk_fail "wrk cannot be fetched (${said##*$'\n'}): install it" || return 1
  fi
  rm -rf -- "$place"
  mv -- "$work/root" "$place" || setup_wrk_fail 'wrk cannot be put into .venv' || return 1
  rm -rf -- "$work"
}

setup_wrk_fail() {
  no_wrk="$1"
  echo "holdfast: $no_wrk." >&2
  return 1
}

setup_wrk_unpack() {
  local own deb
  own=(
    -o "Dir::State::lists=$1/lists" -o "Dir::Cache=$1/cache" -o 'APT::Sandbox::User='
    -o 'Acquire::Retries=0' -o 'Acquire::http::Timeout=20' -o 'Acquire::https::Timeout=20'
  )
  mkdir -p -- "$1/lists/partial" "$1/cache/archives/partial" "$1/root" || return 1
  cd -- "$1" || return 1
  apt-get "${own[@]}" update || return 1
  apt-get "${own[@]}" download wrk libluajit-5.1-2 || return 1
  for deb in *.deb; do
    dpkg -x "$deb" "$1/root" || return 1
  done
}
