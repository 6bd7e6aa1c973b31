# shellcheck shell=bash
# Sourced by bench.sh, which sets `root`, the checkout, and has set up .venv.
#
#   setup_wrk   makes wrk, the load generator, be there: on the path, or in .venv/wrk
#
# Where it is not installed, Debian's and Ubuntu's package of it is unpacked in the checkout, with
# the library that it needs; nothing of the machine is changed, and nobody has to be root.

setup_wrk() {
  local place said
  : "${root:?}"
  place="$root/.venv/wrk"
  if command -v wrk >/dev/null || [ -x "$place/usr/bin/wrk" ]; then
    return
  fi
  if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
    echo 'holdfast: wrk is not installed, and there is no apt-get to fetch it with.' >&2
    return 1
  fi
  echo 'Fetching wrk ...' >&2
  rm -rf -- "$place"
  mkdir -p -- "$place/lists/partial" "$place/cache/archives/partial"
  if ! said="$(setup_wrk_unpack "$place" 2>&1)"; then
    rm -rf -- "$place"
    echo "holdfast: wrk cannot be fetched (${said##*$'\n'}); install it, and run this again." >&2
    return 1
  fi
  rm -rf -- "$place/lists" "$place/cache" "$place"/*.deb
}

setup_wrk_unpack() {
  local own=(-o "Dir::State::lists=$1/lists" -o "Dir::Cache=$1/cache" -o 'APT::Sandbox::User=') deb
  cd -- "$1" || return 1
  apt-get "${own[@]}" update || return 1
  apt-get "${own[@]}" download wrk libluajit-5.1-2 || return 1
  for deb in *.deb; do
    dpkg -x "$deb" "$1" || return 1
  done
}
