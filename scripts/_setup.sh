# shellcheck shell=bash
# Sourced by run.sh, test.sh and the others, which set `root`, the checkout.
#
#   setup run|bench|test|check   makes .venv hold what requirements/<that>.txt says, and this project
#
# What pip is told by its own settings (PIP_INDEX_URL, pip.conf, …) holds here too.

setup() {
  local level="$1" python
  : "${root:?}"
  venv="$root/.venv"
  # Modules of the user's must not take the place of ours, nor must pip install elsewhere.
  unset PYTHONPATH PYTHONHOME PYTHONSTARTUP PIP_TARGET PIP_PREFIX PIP_ROOT PIP_DRY_RUN
  export PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
  if setup_is_current "$level"; then
    return
  fi
  python="$(setup_find_python)" || return 1
  setup_may_write || return 1
  setup_lock "$python"
  # Another set-up may have done it all while we waited.
  if ! setup_is_current "$level"; then
    setup_install "$python" "$level" || return 1
  fi
  exec 9<&-
}

# What .venv must be made from; the checkout's place is part of it, because paths are.
setup_wanted() {
  printf '%s\n' "$root"
  "$venv/bin/python" -I -c 'import sys; print(sys.version)' || return 1
  cat -- "$root/requirements/$1.txt" "$root/pyproject.toml"
}

setup_is_current() {
  [ ! -e "$venv/.installing" ] && [ -e "$venv/.holdfast-$1" ] &&
    setup_wanted "$1" 2>/dev/null | cmp -s -- - "$venv/.holdfast-$1"
}

setup_fail() {
  printf 'holdfast: %s\n' "$1" >&2
  return 1
}

# Prints the path of a Python that will do.
setup_find_python() {
  local name verdict old='' bare=''
  for name in python3.14 python3.13 python3.12 python3.11 python3 python; do
    command -v "$name" >/dev/null || continue
    # A name on the path may be a shim for a version that is not there.
    verdict="$("$name" -I -c '
import importlib.util, sys
able = all(importlib.util.find_spec(name) for name in ("venv", "ensurepip"))
new = sys.version_info >= (3, 11)
print("good" if new and able else "bare" if new else "old", "%d.%d" % sys.version_info[:2])
' 2>/dev/null)" || continue
    case "$verdict" in
      good*)
        command -v "$name"
        return
        ;;
      bare*) bare="${bare:-${verdict#* }}" ;;
      old*) old="${old:-${verdict#* }}" ;;
    esac
  done
  if [ -n "$bare" ]; then
    setup_fail "Python $bare is here but cannot make a virtual environment: install its venv package (on Debian and Ubuntu, python$bare-venv)."
  else
    setup_fail "Python 3.11 or later is needed, and the path has ${old:+only Python }${old:-none}: install one (on Debian and Ubuntu, python3 and python3-venv)."
  fi
}

setup_may_write() {
  if [ -e "$venv" ] && [ ! -O "$venv" ]; then
    setup_fail "$venv belongs to another user: run this as that user, or use a checkout of your own."
  elif [ -e "$venv" ] && [ ! -w "$venv" ]; then
    setup_fail "$venv must be brought up to date and cannot be written to."
  elif [ ! -e "$venv" ] && [ ! -w "$root" ]; then
    setup_fail "The folder $root cannot be written to: use a checkout that can."
  fi
}

# Holds the checkout for this set-up, until file descriptor 9 is closed or every process that has
# it is gone. Where a file system knows no such lock, we go on without it.
setup_lock() {
  exec 9<"$root"
  "$1" -I -c '
import fcntl, sys
try:
    fcntl.flock(9, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    print("Waiting for another set-up of this checkout to finish ...", file=sys.stderr)
    fcntl.flock(9, fcntl.LOCK_EX)
except OSError:
    pass
'
}

setup_install() {
  local python="$1" level="$2" begun=$SECONDS made
  if ! setup_is_sound; then
    rm -rf -- "$venv" || setup_fail "$venv cannot be replaced." || return 1
    mkdir -- "$venv" && : >"$venv/.installing" ||
      setup_explain 'The virtual environment could not be made' || return 1
    setup_step 'Making a virtual environment' "$python" -m venv "$venv" ||
      setup_explain 'The virtual environment could not be made' || return 1
  fi
  : 2>/dev/null >"$venv/setup.log" || true
  : >"$venv/.installing" || setup_explain 'The packages could not be installed' || return 1
  rm -f -- "$venv"/.holdfast-*
  setup_step "Installing $(grep -c '==' "$root/requirements/$level.txt") packages" \
    "$venv/bin/python" -m pip install --progress-bar off --require-hashes \
    -r "$root/requirements/$level.txt" ||
    setup_explain 'The packages could not be installed' || return 1
  setup_step 'Installing Holdfast' \
    "$venv/bin/python" -m pip install --progress-bar off --no-deps --no-build-isolation \
    --editable "$root" ||
    setup_explain 'Holdfast could not be installed' || return 1
  for made in run bench test check; do
    setup_wanted "$made" >"$venv/.holdfast-$made" ||
      setup_explain 'The set-up could not be finished' || return 1
    if [ "$made" = "$level" ]; then break; fi
  done
  rm -f -- "$venv/.installing"
  printf 'Set up in %s s.\n' "$((SECONDS - begun))" >&2
}

# Whether .venv can be built upon: whole, of a Python that is still there, and made in this place.
setup_is_sound() {
  [ -d "$venv" ] && [ ! -e "$venv/.installing" ] &&
    "$venv/bin/python" -I -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null &&
    grep -qF -- "$venv/bin/python" "$venv/bin/pip"
}

# setup_step WHAT COMMAND…: runs the command, says what goes on, keeps its words in a log.
setup_step() {
  local what="$1" begun=$SECONDS status=0
  shift
  if [ ! -t 2 ]; then printf '%s ... ' "$what" >&2; fi
  "$@" 2>&1 </dev/null | setup_watch "$what" || status=1
  if [ -t 2 ]; then printf '\r\033[K%s ... ' "$what" >&2; fi
  if [ "$status" = 0 ]; then
    printf '%s s\n' "$((SECONDS - begun))" >&2
  else
    printf 'failed\n' >&2
  fi
  return "$status"
}

# Copies its input to the log, and shows on a terminal that time passes.
setup_watch() {
  local what="$1" begun=$SECONDS line status
  while true; do
    status=0
    IFS= read -r -t 1 line || status=$?
    if [ "$status" = 0 ]; then
      printf '%s\n' "$line" >>"$venv/setup.log" || true
    elif [ "$status" -gt 128 ]; then
      printf '%s' "$line" >>"$venv/setup.log" || true
    else
      return 0
    fi 2>/dev/null
    if [ -t 2 ]; then printf '\r\033[K%s ... %s s' "$what" "$((SECONDS - begun))" >&2; fi
  done
}

# setup_explain WHAT: one sentence on why it happened, from what the log ends with.
setup_explain() {
  local log="$venv/setup.log" said='' last why
  said="$(tail -n 200 -- "$log" 2>/dev/null)" || true
  last="$(printf '%s\n' "$said" | grep -E '^(ERROR|error|Error|OSError)' | tail -n 1)" || true
  case "$said" in
    *'No space left on device'* | *'Disk quota exceeded'*) why='the disk is full' ;;
    *'Read-only file system'*) why='the disk is read-only' ;;
    *'DO NOT MATCH THE HASHES'*) why="a package is not the one that requirements/ was made with; do not use this package source" ;;
    *'Configuration file'*'could not be loaded'* | *'Configuration file contains'*)
      last="$(printf '%s\n' "$said" | grep -F 'Configuration file' | tail -n 1)" || true
      why="pip cannot read its own configuration (${last#ERROR: })"
      ;;
    *CERTIFICATE_VERIFY_FAILED*) why='the package source shows a certificate that is not trusted here; PIP_CERT names one that is' ;;
    *'No matching distribution found for'*)
      why="no package source that can be reached has ${said##*No matching distribution found for }"
      why="${why%%$'\n'*}; check the network, or name another source with PIP_INDEX_URL"
      ;;
    *'Permission denied'*) why="a file may not be written (${last#ERROR: })" ;;
    *) why="${last#ERROR: }" ;;
  esac
  if ! { head -c 65536 /dev/zero >"$venv/.room"; } 2>/dev/null; then
    why='the disk is full, or cannot be written to'
  fi
  rm -f -- "$venv/.room"
  setup_fail "$1: ${why:-no reason was given} (the log: $log)."
}
