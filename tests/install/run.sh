#!/bin/bash
# Installs a build below WORK, moves the installed tree, builds a foreign project against it twice (find_package and
# pkg-config) and runs what came out.
# Usage: run.sh BUILD WORK CXX VERSION
set -euo pipefail
build=$1 work=$2 cxx=$3 version=$4
here=$(cd "$(dirname "$0")" && pwd)

rm -rf "$work"
mkdir -p "$work"
cmake --install "$build" --prefix "$work/first" >"$work/install.log"
mv "$work/first" "$work/prefix"  # nothing installed may remember where it was put

cmake -S "$here" -B "$work/build" -G Ninja -DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_PREFIX_PATH="$work/prefix"
cmake --build "$work/build"
"$work/build/foreign"

pc=$(find "$work/prefix" -name sallyport.pc)
export PKG_CONFIG_PATH=${pc%/*}
[ "$(pkg-config --modversion sallyport)" = "$version" ]
libdir=$(pkg-config --variable=libdir sallyport)
# shellcheck disable=SC2046  # the flags are words
"$cxx" "$here/main.cc" $(pkg-config --cflags --libs sallyport) -o "$work/foreign-pc"
LD_LIBRARY_PATH=$libdir "$work/foreign-pc"

"$work/prefix/bin/sallyport" --version | grep -F "$version"
