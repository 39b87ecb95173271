// Where an IPv6 packet goes: to a neighbour, to this machine, or nowhere.
// Counterparts: ip6_route_output_flags(), ip6_route_input() and rt6_score_route() in net/ipv6/route.c; RFC 4191.

#include <cstring>

#include "host/state.h"

namespace sallyport {
namespace {

using State = HostModel::State;

constexpr uint8_t kDscpBits = 0xfc;

bool is_multicast(const IpAddress& address) { return address.bytes[0] == 0xff; }
bool is_link_local(const IpAddress& address) { return address.bytes[0] == 0xfe && (address.bytes[1] & 0xc0) == 0x80; }
bool is_localhost(const IpAddress& address) {
  constexpr uint8_t kLocalhost[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return std::memcmp(address.bytes.data(), kLocalhost, 16) == 0;
}
// Such addresses say nothing without an interface.
bool belongs_to_a_link(const IpAddress& address) {
  return is_multicast(address) || is_link_local(address) || is_localhost(address);
}

Flow flow_of(const RouteQuery& query) {
  const bool has_source = !query.source.is_unspecified();
  const bool local = query.in == kNoInterface;
  return {.destination = PrefixKey::of(query.destination),
          .source = PrefixKey::of(query.source),
          .has_source = has_source || !local,
          .in = query.in,
          .out = local ? query.out : kNoInterface,
          .mark = query.mark,
          .tos = static_cast<uint8_t>(query.tos & kDscpBits),
          .strict = belongs_to_a_link(query.destination) || (local && !has_source && query.out != kNoInterface)};
}

// RFC 4291 2.7.1, 2.8: all nodes, all routers, and the solicited-node address of each own address.
bool listens_to(const State& state, InterfaceId in, const IpAddress& group) {
  const uint8_t* b = group.bytes.data();
  constexpr uint8_t kZeros[13] = {};
  const bool well_known = std::memcmp(b + 2, kZeros, 13) == 0;
  if (well_known && b[15] == 1 && (b[1] == 1 || b[1] == 2)) return true;
  if (well_known && b[15] == 2 && (b[1] == 1 || b[1] == 2 || b[1] == 5)) return state.settings[in].forwarding6;
  constexpr uint8_t kSolicited[13] = {0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff};
  const Interface& interface = state.interfaces[in];
  if (std::memcmp(b, kSolicited, 13) != 0 || interface.loopback || interface.point_to_point) return false;
  for (const InterfaceAddress& own : interface.addresses) {
    if (own.address.family == Family::Ipv6 && std::memcmp(&own.address.bytes[13], b + 13, 3) == 0) return true;
  }
  return false;
}

Route along(const State& state, const FibEntry& entry) {
  Route route = {.type = entry.type,
                 .out = entry.out,
                 .gateway = entry.gateway,
                 .preferred_source = entry.preferred_source,
                 .mtu = entry.mtu,
                 .realm = entry.realm};
  // The kernel's own anycast routes have metric 0, which none that is stated has; stated ones keep their interface.
  const bool own = entry.type == RouteType::Local || (entry.type == RouteType::Anycast && entry.metric == 0);
  if (own && state.loopback != kNoInterface) route.out = state.loopback;
  if (route.mtu == 0) route.mtu = state.interface(route.out).mtu;
  return route;
}

Route input(const State& state, const RouteQuery& query) {
  const FibEntry* const entry = state.fib6.lookup(flow_of(query));
  if (entry == nullptr) return {};
  if (entry->type >= RouteType::Blackhole) return {.type = entry->type};
  Route route = along(state, *entry);
  if (route.type == RouteType::Anycast) route.type = RouteType::Local;
  if (route.type == RouteType::Multicast && !listens_to(state, query.in, query.destination)) {
    return {.type = RouteType::Blackhole};
  }
  if (route.type == RouteType::Unicast && !state.settings[query.in].forwarding6) return {.type = RouteType::Blackhole};
  return route;
}

}  // namespace

Route route_ipv6(const State& state, const RouteQuery& query) {
  if (query.in != kNoInterface && query.in < state.interfaces.size()) return input(state, query);
  const FibEntry* const entry = state.fib6.lookup(flow_of(query));
  if (entry == nullptr) return {};
  if (entry->type >= RouteType::Blackhole) return {.type = entry->type};
  Route route = along(state, *entry);
  if (route.preferred_source.is_unspecified()) {
    route.preferred_source = select_source_ipv6(state, entry->out, query.destination);
  }
  return route;
}

RouteType address_type_ipv6(const State& state, const IpAddress& address, InterfaceId on) {
  if (is_multicast(address)) return RouteType::Multicast;
  if (on != kNoInterface) {
    for (const InterfaceAddress& own : state.interface(on).addresses) {
      if (own.address == address) return RouteType::Local;
    }
  }
  const RouteQuery query = {.destination = address, .source = {.family = Family::Ipv6}, .out = on};
  const FibEntry* const entry = state.fib6.lookup(flow_of(query));
  if (entry == nullptr || entry->type >= RouteType::Blackhole) return RouteType::Unreachable;
  if (entry->type == RouteType::Anycast) return RouteType::Anycast;
  if (entry->type == RouteType::Local && on == kNoInterface) return RouteType::Local;
  // The first address of a network without gateway is that of its router (RFC 4291 2.6.1).
  const bool names_network = entry->prefix_bits < 127 && entry->gateway.is_unspecified() &&
                             (address & prefix_mask(Family::Ipv6, entry->prefix_bits)) == address;
  return names_network ? RouteType::Anycast : RouteType::Unicast;
}

}  // namespace sallyport
