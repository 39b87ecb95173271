#!/bin/bash
# Sets up and runs every test: a development build with all of them, and the fuzz targets under sanitizers.
# Ends with ctest's summary; exit code 0 only when all passed.
set -euo pipefail
cd "$(dirname "$(realpath "$0")")"
exec </dev/null
jobs=$(nproc)

./bootstrap.sh check

echo "check: building with g++"
cmake --preset dev -DSALLYPORT_CHECK=ON
cmake --build --preset dev -j "$jobs"
echo "check: building the fuzz targets with clang, address and undefined-behaviour sanitizers"
cmake --preset fuzz
cmake --build --preset fuzz -j "$jobs"
echo "check: testing"
ctest --preset dev -j "$jobs"
