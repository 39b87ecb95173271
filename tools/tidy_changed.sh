#!/bin/bash
# clang-tidy on the sources that differ from the newest ancestor: where this line of work left origin/main, else the
# commit before. Without either, all sources. The compile commands come from BUILD.
# Usage: tidy_changed.sh BUILD
set -euo pipefail
build=$(realpath "$1")
cd "$(dirname "$0")/.."
tree=$PWD
git() { command git -c safe.directory="$tree" "$@"; }

base=
if head=$(git rev-parse --verify --quiet HEAD 2>/dev/null); then
  base=$(git merge-base HEAD origin/main 2>/dev/null || true)
  if [ -z "$base" ] || [ "$base" = "$head" ]; then
    base=$(git rev-parse --verify --quiet HEAD~1 || true)
  fi
fi

if [ -n "$base" ]; then
  echo "clang-tidy: what changed since $(git log -1 --format='%h %s' "$base")"
  changed() { git diff --name-only --diff-filter=d "$base" -- '*.cc'; git ls-files --others --exclude-standard -- '*.cc'; }
else
  echo "clang-tidy: no ancestor to compare with, so every source"
  changed() { find . -path ./build -prune -o -name '*.cc' -printf '%P\n'; }
fi

# Only what the build compiles; fuzz targets and the foreign project have builds of their own.
mapfile -t files < <(changed | sort -u | while read -r file; do
  grep -qF "\"$tree/$file\"" "$build/compile_commands.json" && echo "$file"
  true
done)
echo "clang-tidy: ${#files[@]} files"
[ ${#files[@]} -eq 0 ] && exit 0
printf '%s\0' "${files[@]}" |
  xargs -0 -n 1 -P "$(nproc)" clang-tidy-19 -p "$build" --quiet --warnings-as-errors='*'
