#!/usr/bin/env bash
# Nanoseconds per packet that this machine's kernel takes to forward a packet under given rules:
#   measure.sh build FOLDER             compiles the generator and its driver into FOLDER
#   measure.sh run FOLDER ROW CPU       one figure for ROW, as driver.cc prints it
#   measure.sh rows                     the names of the rows
# Needs root, clang, libbpf-dev, iproute2 and iptables (its legacy variant). Exit code 4 when it cannot run here.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

cannot() {
  echo "THE KERNEL CANNOT BE MEASURED HERE: $*" >&2
  exit 4
}

check() {
  [ "$(id -u)" = 0 ] || cannot "root is needed to make network namespaces and to load the generator"
  local program
  for program in clang ip iptables-legacy-restore sysctl; do
    command -v $program >/dev/null || cannot "$program is missing (packages: clang libbpf-dev iproute2 iptables procps)"
  done
  [ -e /usr/include/bpf/bpf_helpers.h ] || cannot "libbpf-dev is missing"
}

build() {
  clang -O2 -g -target bpf -I"/usr/include/$(uname -m)-linux-gnu" -c "$here/generator.bpf.c" -o "$1/generator.o"
  clang++ -O2 -std=c++20 "$here/driver.cc" -o "$1/driver" -lbpf
}

# Five-tuple rules that hold in everything but the ports.
tuple_rules() {
  local i
  for ((i = 0; i < $1; ++i)); do
    echo "-A FORWARD -s 10.0.0.0/8 -d 10.2.0.0/16 -p udp -m udp --sport $((100 + i % 900)) --dport $((20000 + i % 40000)) -j DROP"
  done
}

filter_table() {
  echo "*filter"
  cat
  echo "COMMIT"
}

restore() { ip netns exec sallyport-router iptables-legacy-restore; }

run() {
  local folder=$1 row=$2 cpu=$3
  local packets=${PACKETS:-1000000} flows=1 stride=1
  "$here/namespaces.sh" down
  trap '"$here/namespaces.sh" down' EXIT
  "$here/namespaces.sh" up
  case $row in
    no_rules) ;;
    no_rules_million_flows) flows=1048576 stride=648055 ;;
    empty_filter) filter_table </dev/null | restore ;;
    accept) echo "-A FORWARD -j ACCEPT" | filter_table | restore ;;
    tuple/1) tuple_rules 1 | filter_table | restore ;;
    tuple/100) tuple_rules 100 | filter_table | restore; packets=$((packets / 5)) ;;
    tuple/1000) tuple_rules 1000 | filter_table | restore; packets=$((packets / 50)) ;;
    *) echo "there is no row $row" >&2; exit 2 ;;
  esac
  ip netns exec sallyport-router "$folder/driver" "$folder/generator.o" "$packets" "${RUNS:-3}" "$cpu" $flows $stride
}

case "${1:-}" in
  build) check; build "$2" ;;
  run) check; run "$2" "$3" "$4" ;;
  rows) echo no_rules no_rules_million_flows empty_filter accept tuple/1 tuple/100 tuple/1000 ;;
  *) echo "usage: measure.sh build FOLDER | run FOLDER ROW CPU | rows" >&2; exit 2 ;;
esac
