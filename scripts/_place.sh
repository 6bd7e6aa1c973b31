# shellcheck shell=bash
# Sourced by gen.sh: puts what was generated in $work where it belongs in $root, or, where $mode is
# --check, shows how the two differ.
# shellcheck disable=SC2154

stale=0
# place NEW OLD: puts a new file where the old one is, or shows how they differ.
place() {
  if cmp -s -- "$work/$1" "$root/$2"; then
    echo "unchanged  $2"
  elif [ "$mode" = --check ]; then
    echo "stale      $2"
    diff -u -- "$root/$2" "$work/$1" | sed -n '3,40p' | cut -c 1-400 || true
    stale=1
  else
    cp -- "$work/$1" "$root/$2.new"
    mv -f -- "$root/$2.new" "$root/$2"
    echo "written    $2"
  fi
}

# place_folder NEW OLD: as `place`, for a folder of which every file is generated.
place_folder() {
  if diff -r --exclude=__pycache__ -- "$root/$2" "$work/$1" >"$work/output" 2>&1; then
    echo "unchanged  $2"
  elif [ "$mode" = --check ]; then
    echo "stale      $2"
    sed -n '1,40p' "$work/output"
    stale=1
  else
    rm -rf -- "$root/$2.new"
    cp -R -- "$work/$1" "$root/$2.new"
    rm -rf -- "${root:?}/$2"
    mv -- "$root/$2.new" "$root/$2"
    echo "written    $2"
  fi
}

# placed: fails if anything was stale.
placed() {
  if [ "$stale" = 1 ]; then
    echo "Run scripts/gen.sh." >&2
    exit 1
  fi
}
