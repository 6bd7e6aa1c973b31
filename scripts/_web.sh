# shellcheck shell=bash
# Sourced by those that need the web client built; they set `root`, the checkout, and have its .venv.
#
#   setup_web   makes web/dist be what web/ and clients/typescript/src say; returns 1, having said why
#               in one sentence, where that cannot be

: "${root:?}"
# shellcheck source=scripts/_node.sh
. "$root/scripts/_node.sh"

setup_web() {
  local made status=0
  made="$(setup_web_wanted)"
  if [ "$made" = "$(cat -- "$root/web/dist/.made-from" 2>/dev/null)" ]; then
    return
  fi
  # The node modules are in one place, and so is what is built: one set-up at a time.
  exec 8<"$root/web"
  if command -v flock >/dev/null; then flock 8; fi
  if [ "$made" != "$(cat -- "$root/web/dist/.made-from" 2>/dev/null)" ]; then
    (setup_web_build "$made") || status=1
  fi
  exec 8<&-
  return "$status"
}

# A digest of all that the built pages depend on.
setup_web_wanted() {
  (
    cd -- "$root" || exit
    find web/src web/public web/index.html web/vite.config.ts web/svelte.config.js \
      web/tsconfig.json web/package.json web/package-lock.json clients/typescript/src -type f -print0 |
      LC_ALL=C sort -z | xargs -0 cksum -- | cksum
  )
}

setup_web_build() {
  local log="$root/.venv/web.log" begun=$SECONDS
  setup_node web || return 1
  printf 'Building the web client ... ' >&2
  work="$root/web/.dist.$$" # not local: the trap outlives the function
  trap 'rm -rf -- "$work"' EXIT
  if ! (cd -- "$root/web" && node node_modules/vite/bin/vite.js build --outDir "$work") >"$log" 2>&1; then
    printf 'failed\n' >&2
    echo "holdfast: the web client could not be built (the log: $log)." >&2
    return 1
  fi
  printf '%s\n' "$1" >"$work/.made-from"
  # Whoever serves has read the old ones. Whoever starts between the two moves finds none, and says so.
  rm -rf -- "$root/web/.dist.old"
  if [ -e "$root/web/dist" ]; then mv -- "$root/web/dist" "$root/web/.dist.old"; fi
  mv -- "$work" "$root/web/dist"
  rm -rf -- "$root/web/.dist.old"
  printf '%s s\n' "$((SECONDS - begun))" >&2
}
