#!/usr/bin/env bash
# Makes (up) or removes (down) a router in a network namespace of its own: sender - rin [router] rout - receiver.
# Needs root and iproute2.
set -euo pipefail

sender=sallyport-sender
router=sallyport-router
receiver=sallyport-receiver

down() {
  for namespace in $sender $router $receiver; do
    ip netns delete $namespace 2>/dev/null || true
  done
}

# One side of the router: interface, far namespace, far interface, network.
connect() {
  local near=$1 namespace=$2 far=$3 network=$4
  ip -n $router link add "$near" type veth peer name "$far" netns "$namespace"
  ip netns exec $router sysctl -qw "net.ipv4.conf.$near.rp_filter=0" "net.ipv6.conf.$near.disable_ipv6=1"
  ip netns exec "$namespace" sysctl -qw "net.ipv6.conf.$far.disable_ipv6=1"
  ip -n $router address add "$network.0.1/16" dev "$near"
  ip -n "$namespace" address add "$network.0.2/16" dev "$far"
  ip -n $router link set "$near" up
  ip -n "$namespace" link set "$far" up
  # Every address of the network lies behind the one neighbour, whose link address never has to be asked for.
  local link_address
  link_address=$(ip netns exec "$namespace" cat "/sys/class/net/$far/address")
  ip -n $router neighbour replace "$network.0.2" lladdr "$link_address" dev "$near" nud permanent
  ip -n $router route replace "$network.0.0/16" via "$network.0.2" dev "$near" onlink
}

up() {
  for namespace in $sender $router $receiver; do
    ip netns add $namespace
    ip -n $namespace link set lo up
  done
  ip netns exec $router sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0
  connect rin $sender sout 10.1
  connect rout $receiver din 10.2
}

case "${1:-}" in
  up) up ;;
  down) down ;;
  *) echo "usage: namespaces.sh up|down" >&2; exit 2 ;;
esac
