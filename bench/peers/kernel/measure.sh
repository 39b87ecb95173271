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
  clang++ -O2 -std=c++20 -I"$here/../../.." "$here/driver.cc" -o "$1/driver" -lbpf
}

# Five-tuple rules that hold in everything but the ports.
tuple_rules() {
  local i
  for ((i = 0; i < $1; ++i)); do
    echo "-A FORWARD -s 10.0.0.0/8 -d 10.2.0.0/16 -p udp -m udp --sport $((100 + i % 900)) --dport $((20000 + i % 40000)) -j DROP"
  done
}

# Rules that look for what no packet holds.
string_rules() {
  local i
  for ((i = 0; i < $2; ++i)); do
    printf -- '-A FORWARD -m string --algo %s --string evil-pattern-%06d -j DROP\n' "$1" "$i"
  done
}

filter_table() {
  echo "*filter"
  cat
  echo "COMMIT"
}

# The rule of a stateful firewall: what belongs to a known connection passes; so does the rest.
established_rules() {
  echo "-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT"
  echo "-A FORWARD -j ACCEPT"
}

nat_table() { printf '*nat\n-A POSTROUTING -o rout %s\nCOMMIT\n' "$1"; }

# Room for the rows with a million connections; both settings exist once for all namespaces and are put back.
widen_table() {
  old_buckets=$(sysctl -n net.netfilter.nf_conntrack_buckets)
  old_most=$(sysctl -n net.netfilter.nf_conntrack_max)
  sysctl -qw net.netfilter.nf_conntrack_buckets=1048576 net.netfilter.nf_conntrack_max=4194304
}
clean_up() {
  "$here/namespaces.sh" down
  [ -z "$old_most" ] ||
    sysctl -qw "net.netfilter.nf_conntrack_buckets=$old_buckets" "net.netfilter.nf_conntrack_max=$old_most"
}

drive() { ip netns exec sallyport-router "$folder/driver" "$folder/generator.o" "$@"; }

# establish PROTOCOL FLOWS [ADDRESS]: opens connections, so that all are ESTABLISHED; ADDRESS is what they are mapped to.
establish() {
  if [ "$1" = udp ]; then
    drive "$2" 1 "$cpu" "$2" 1 udp
    drive "$2" 1 "$cpu" "$2" 1 udp reply ${3:-}
  else
    drive "$2" 1 "$cpu" "$2" 1 syn
    drive "$2" 1 "$cpu" "$2" 1 syn-ack reply ${3:-}
    drive "$2" 1 "$cpu" "$2" 1 ack
  fi >/dev/null
}

restore() { ip netns exec sallyport-router iptables-legacy-restore; }

run() {
  folder=$1 cpu=$3 old_buckets="" old_most=""
  local row=$2 packets=${PACKETS:-1000000} runs=${RUNS:-3} flows=1 stride=1 kind=udp
  "$here/namespaces.sh" down
  trap clean_up EXIT
  "$here/namespaces.sh" up
  case $row in
    no_rules) ;;
    no_rules_million_flows) flows=1048576 stride=648055 ;;
    empty_filter) filter_table </dev/null | restore ;;
    accept) echo "-A FORWARD -j ACCEPT" | filter_table | restore ;;
    tuple/1) tuple_rules 1 | filter_table | restore ;;
    tuple/100) tuple_rules 100 | filter_table | restore; packets=$((packets / 5)) ;;
    tuple/1000) tuple_rules 1000 | filter_table | restore; packets=$((packets / 50)) ;;
    http_accept) echo "-A FORWARD -j ACCEPT" | filter_table | restore; kind=http ;;
    string_bm/* | string_kmp/*)
      local count=${row#*/}
      string_rules "${row:7:${#row}-8-${#count}}" "$count" | filter_table | restore
      # About a second's work, however many rules.
      kind=http packets=$((packets / 5 / (count > 5 ? count / 5 : 1)))
      [ "$packets" -ge 64 ] || packets=64 ;;
    established_udp/* | established_tcp/*)
      widen_table
      established_rules | filter_table | restore
      flows=${row#*/}
      stride=$((flows / 2 * 618 / 500 / 2 * 2 + 1))
      [ "${row%/*}" = established_udp ] || kind=ack
      establish "${row:12:3}" "$flows" ;;
    masquerade_udp/* | masquerade_tcp/*)
      widen_table
      { established_rules | filter_table; nat_table "-j MASQUERADE"; } | restore
      flows=${row#*/}
      stride=$((flows / 2 * 618 / 500 / 2 * 2 + 1))
      [ "${row%/*}" = masquerade_udp ] || kind=ack
      establish "${row:11:3}" "$flows" 10.2.0.1 ;;
    new_snat/*)
      widen_table
      { established_rules | filter_table; nat_table "-j SNAT --to-source 10.2.128.0-10.2.255.255"; } | restore
      flows=${row#*/} packets=${row#*/} runs=1 ;;
    new_udp/*)
      widen_table
      established_rules | filter_table | restore
      flows=${row#*/} packets=${row#*/} runs=1 ;;
    *) echo "there is no row $row" >&2; exit 2 ;;
  esac
  drive "$packets" "$runs" "$cpu" "$flows" "$stride" "$kind"
}

case "${1:-}" in
  build) check; build "$2" ;;
  run) check; run "$2" "$3" "$4" ;;
  rows) echo no_rules no_rules_million_flows empty_filter accept tuple/1 tuple/100 tuple/1000 \
    http_accept string_{bm,kmp}/{1,100,1000,10000} \
    established_{udp,tcp}/{1024,131072,1048576} new_udp/{10000,1000000} \
    masquerade_{udp,tcp}/{1024,32768} new_snat/512000 ;;
  *) echo "usage: measure.sh build FOLDER | run FOLDER ROW CPU | rows" >&2; exit 2 ;;
esac
