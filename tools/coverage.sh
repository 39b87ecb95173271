#!/bin/bash
# Runs the tests of a build made with the preset "coverage" and prints, per file, how much of it they executed.
# Usage: coverage.sh BUILD BINARY...
set -euo pipefail
build=$1
tree=$(realpath "$(dirname "$0")/..")
shift
profiles=$build/profiles
rm -rf "$profiles"
# %2m: the processes of one program merge what they counted into two files, instead of thousands.
LLVM_PROFILE_FILE="$profiles/%2m.profraw" ctest --test-dir "$build" --output-on-failure -j "$(nproc)" || failed=1
llvm-profdata-19 merge -sparse "$profiles"/*.profraw -o "$profiles/all.profdata"
not_ours="^$tree/(tests|build|demo)/|^/usr/"
objects=()
for binary in "${@:2}"; do objects+=(-object "$binary"); done
llvm-cov-19 report "$1" "${objects[@]}" -instr-profile="$profiles/all.profdata" \
  -ignore-filename-regex="$not_ours"
llvm-cov-19 show "$1" "${objects[@]}" -instr-profile="$profiles/all.profdata" -format=html \
  -output-dir="$profiles/html" -ignore-filename-regex="$not_ours"
echo "line by line: $profiles/html/index.html"
exit "${failed:-0}"
