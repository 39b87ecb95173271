#!/bin/bash
# Installs the Debian 12 packages that are missing, and says which. Does nothing when all are there. No service is
# started by it.
#
#   ./bootstrap.sh demo    what building and running needs
#   ./bootstrap.sh         that, and what every test needs
#   ./bootstrap.sh bench   what the benchmarks need
set -euo pipefail

build_packages=(
  g++ cmake ninja-build pkg-config
  libfmt-dev libcli11-dev libtomlplusplus-dev libpcap-dev libhyperscan-dev
)
# clang-19 with its run-time for the sanitizers and libFuzzer; llvm-19 names the lines in their reports and counts
# coverage; iptables and iproute2 are the kernel's side of the comparison, nginx is the server that says
# what a request was.
test_packages=(
  git python3 binutils libgtest-dev
  clang-19 libclang-rt-19-dev clang-format-19 clang-tidy-19 llvm-19
  iptables iproute2 tshark nginx-light python3-jsonschema
)
bench_packages=(libbenchmark-dev)

case "${1:-check}" in
  demo) wanted=("${build_packages[@]}") ;;
  check) wanted=("${build_packages[@]}" "${test_packages[@]}") ;;
  bench) wanted=("${build_packages[@]}" "${bench_packages[@]}") ;;
  *)
    echo "usage: $0 [demo|check|bench]" >&2
    exit 2
    ;;
esac

missing=()
for package in "${wanted[@]}"; do
  [ "$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)" = "install ok installed" ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
  echo "bootstrap: this is not Debian; please install what answers to: ${missing[*]}" >&2
  exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "bootstrap: neither root nor sudo; as root: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi
echo "bootstrap: installing${as_root:+ with sudo}: ${missing[*]}"

# Debian asks this file before a package may start a service: 101 means no. One that is there already is left alone.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap '"${as_root[@]}" rm -f "$policy"' EXIT
  trap 'exit 130' INT TERM
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod 755 "$policy"
fi

apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 "$@" \
    </dev/null
}
apt update
apt install --yes --no-install-recommends "${missing[@]}" >/dev/null
echo "bootstrap: done"
