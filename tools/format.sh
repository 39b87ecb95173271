#!/bin/bash
# Formats every C++ file of the tree; with --check only says which are not formatted, and fails.
set -euo pipefail
cd "$(dirname "$0")/.."
mode=(-i)
[ "${1:-}" = --check ] && mode=(--dry-run --Werror)
find . -path ./build -prune -o \( -name '*.h' -o -name '*.cc' \) -print0 |
  xargs -0 --no-run-if-empty clang-format-19 "${mode[@]}"
