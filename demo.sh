#!/bin/bash
# Sets up, builds, and replays a minute of a gateway's traffic through its rules; then again with modules, which lead
# attackers to a honeypot. What leaves is in demo-out/.
set -euo pipefail
cd "$(dirname "$(realpath "$0")")"
exec </dev/null

./bootstrap.sh demo

echo "demo: building" >&2
mkdir -p build demo-out
build() {
  cmake --preset release && cmake --build --preset release &&
    cmake --install build/release --prefix "$PWD/build/demo" &&
    CMAKE_PREFIX_PATH=$PWD/build/demo cmake -S modules -B build/demo-modules -G Ninja &&
    cmake --build build/demo-modules && cmake --install build/demo-modules --prefix "$PWD/build/demo"
}
if ! build >build/demo.log 2>&1; then
  tail -n 40 build/demo.log >&2
  echo "demo: the build failed; all of it is in build/demo.log" >&2
  exit 1
fi

echo "demo: recording a minute at the gateway" >&2
build/release/demo/make_capture demo-out/in.pcapng

replay=(build/release/cli/sallyport replay -R demo/gateway.rules -6 demo/gateway6.rules --host demo/gateway.toml
  -r demo-out/in.pcapng -w demo-out/out.pcapng --log demo-out/kernel.log --nflog demo-out/nflog.pcapng
  --counters demo-out/counters --counters6 demo-out/counters6)
echo "demo: ${replay[*]}" >&2
"${replay[@]}"

mkdir -p demo-out/story
exec demo/story.sh build/demo/bin/sallyport demo-out/in.pcapng demo-out/story
