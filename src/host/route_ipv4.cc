// Where an IPv4 packet goes: to a neighbour, to this machine, or nowhere.
// Counterparts: ip_route_output_key_hash_rcu(), ip_route_input_rcu() and ip_route_input_slow() in net/ipv4/route.c,
// fib_validate_source() in net/ipv4/fib_frontend.c; RFC 1812, RFC 3704 (rp_filter).

#include <algorithm>

#include "host/state.h"

namespace sallyport {
namespace {

using State = HostModel::State;

constexpr uint32_t kLimitedBroadcast = 0xffffffff;
constexpr uint32_t kLocalhost = 0x7f000001;
constexpr uint32_t kAllHosts = 0xe0000001;  // 224.0.0.1, which every interface listens to

bool is_multicast(uint32_t address) { return address >> 28 == 0xe; }
bool is_link_multicast(uint32_t address) { return address >> 8 == 0xe00000; }
bool is_loopback(uint32_t address) { return address >> 24 == 127; }
bool is_many(uint32_t address) { return is_multicast(address) || address == kLimitedBroadcast; }

// Rules that ask for a TOS see three bits of the six (RFC 1349); the kernel keeps that for old rules.
uint8_t tos_seen_by_rules(uint8_t tos) { return tos & 0x1c; }

Route martian() { return {.type = RouteType::Blackhole, .martian = true}; }

uint32_t mtu_of(const State& state, InterfaceId id) { return id == kNoInterface ? 0 : state.interface(id).mtu; }

struct Asked {
  const RouteQuery& query;
  uint32_t source = 0;
  uint32_t destination = 0;
};

Flow flow_of(const RouteQuery& query) {
  return {.destination = PrefixKey::of(query.destination),
          .source = PrefixKey::of(query.source),
          .has_source = true,
          .in = query.in,
          .out = query.in == kNoInterface ? query.out : kNoInterface,
          .mark = query.mark,
          .tos = tos_seen_by_rules(query.tos)};
}

InterfaceId interface_with(const State& state, const IpAddress& address) {
  const PrefixKey key = PrefixKey::of(address);
  const auto found = std::ranges::lower_bound(state.own4, key.high, {}, [](const auto& own) { return own.first.high; });
  if (found != state.own4.end() && found->first == key) return found->second;
  const FibEntry* const entry = state.fib4.lookup_local({.destination = key});
  return entry != nullptr && entry->type == RouteType::Local ? entry->out : kNoInterface;
}

// A local packet that goes straight out of an interface, whatever the routes say.
Route onto_link(const State& state, const Asked& asked, InterfaceId out) {
  Route route = {.type = RouteType::Unicast, .out = out, .mtu = mtu_of(state, out)};
  if (asked.destination == kLimitedBroadcast) route.type = RouteType::Broadcast;
  if (is_multicast(asked.destination)) route.type = RouteType::Multicast;
  route.preferred_source = select_source_ipv4(state, out, {}, state.settings[out].route_localnet);
  return route;
}

// An address that stands for many is what it is, whatever the route to it says. What goes to all here knows nothing of
// its route; nor does a multicast that only the default route, or half of it, sends away.
void mind_the_many(const State& state, const FibEntry& entry, uint32_t destination, Route& route) {
  if (destination == kLimitedBroadcast) route.type = RouteType::Broadcast;
  if (is_multicast(destination)) route.type = RouteType::Multicast;
  if (destination != kLimitedBroadcast && (!is_multicast(destination) || entry.prefix_bits >= 4)) return;
  route.gateway = {};
  route.mtu = mtu_of(state, route.out);
  route.realm = 0;
}

// `entry` is null for the unspecified address, which means the machine itself.
Route to_itself(const State& state, const FibEntry* entry, const Asked& asked, InterfaceId asked_out) {
  const InterfaceId from = entry == nullptr ? kNoInterface : entry->out;
  Route route = {.type = RouteType::Local, .out = state.loopback != kNoInterface ? state.loopback : from};
  route.mtu = entry != nullptr && entry->mtu != 0 ? entry->mtu : mtu_of(state, route.out);
  if (entry == nullptr) {
    const bool by_interface = asked_out != kNoInterface && !state.primaries4[asked_out].empty();
    route.preferred_source = by_interface ? select_source_ipv4(state, asked_out, {}, true) : IpAddress::v4(kLocalhost);
    if (asked.source != 0) route.preferred_source = asked.query.source;
    return route;
  }
  route.realm = entry->realm;
  const bool stated = !entry->preferred_source.is_unspecified();
  route.preferred_source = stated ? entry->preferred_source : asked.query.destination;
  mind_the_many(state, *entry, asked.destination, route);
  return route;
}

Route along(const State& state, const FibEntry& entry, uint32_t destination) {
  Route route = {.type = entry.type,
                 .out = entry.out,
                 .gateway = entry.gateway,
                 .preferred_source = entry.preferred_source,
                 .mtu = entry.mtu != 0 ? entry.mtu : mtu_of(state, entry.out),
                 .realm = entry.realm};
  mind_the_many(state, entry, destination, route);
  return route;
}

// 127.0.0.1 and its like do not leave the machine unless route_localnet lets them.
bool would_leak_loopback(const State& state, const Asked& asked, const Route& route) {
  const uint32_t source = asked.source != 0 ? asked.source : route.preferred_source.v4_number();
  return is_loopback(source) && route.out != kNoInterface && !state.interface(route.out).loopback &&
         !state.settings[route.out].route_localnet;
}

Route output(const State& state, const Asked& asked) {
  const RouteQuery& query = asked.query;
  if (is_many(asked.source)) return martian();
  InterfaceId out = query.out;
  if (out == kNoInterface && asked.source != 0 && is_many(asked.destination)) {
    out = interface_with(state, query.source);
    return out == kNoInterface ? martian() : onto_link(state, asked, out);
  }
  if (out != kNoInterface && (is_link_multicast(asked.destination) || asked.destination == kLimitedBroadcast)) {
    return onto_link(state, asked, out);
  }
  if (asked.destination == 0) return to_itself(state, nullptr, asked, out);
  const FibEntry* const entry = state.fib4.lookup(flow_of(query));
  if (entry == nullptr || entry->type >= RouteType::Blackhole) {
    // A socket bound to an interface takes everything to be on its link where no route says otherwise.
    if (out != kNoInterface) return onto_link(state, asked, out);
    return {.type = entry == nullptr ? RouteType::None : entry->type};
  }
  Route route =
      entry->type == RouteType::Local ? to_itself(state, entry, asked, out) : along(state, *entry, asked.destination);
  if (out != kNoInterface && is_multicast(asked.destination)) {
    route.preferred_source = select_source_ipv4(state, out, {}, false);
  }
  return route;
}

// Whether a packet from `source` may come in by `query.in` (which it would leave again by `out`, if by any); `realm` is
// that of the source. For what is delivered to many, rules see no destination.
bool source_is_believable(const State& state, const Asked& asked, InterfaceId out, bool to_many, uint32_t& realm) {
  const RouteQuery& query = asked.query;
  const InterfaceSettings& here = state.settings[query.in];
  const bool turns_back = out == query.in && here.send_redirects;
  if (here.rp_filter == 0 && !turns_back && !state.has_realms && (here.accept_local || !state.asks_source)) {
    return here.accept_local || !std::ranges::binary_search(state.own4, PrefixKey::of(query.source).high, {},
                                                            [](const auto& own) { return own.first.high; });
  }
  Flow back = {.destination = PrefixKey::of(query.source),
               .source = to_many ? PrefixKey{} : PrefixKey::of(query.destination),
               .has_source = true,
               .in = out,
               .mark = here.src_valid_mark ? query.mark : 0,
               .tos = tos_seen_by_rules(query.tos)};
  const FibEntry* entry = state.fib4.lookup(back);
  if (entry == nullptr || entry->type >= RouteType::Blackhole) return here.rp_filter == 0;
  if (entry->type != RouteType::Unicast && (entry->type != RouteType::Local || !here.accept_local)) return false;
  const bool nameless = state.primaries4[query.in].empty();
  const bool direct = entry->out == query.in || (entry->type == RouteType::Local && state.interface(query.in).loopback);
  if (direct || !nameless) realm = entry->realm;
  if (direct) return true;
  return nameless ? here.rp_filter == 0 : here.rp_filter != 1;
}

Route delivered(const State& state, RouteType type, const FibEntry* entry) {
  const InterfaceId from = entry == nullptr ? kNoInterface : entry->out;
  const InterfaceId out = state.loopback != kNoInterface ? state.loopback : from;
  return {.type = type, .out = out, .mtu = mtu_of(state, out)};
}

void add_source_realm(Route& route, uint32_t realm) {
  if ((route.realm & 0xffff0000u) == 0) route.realm |= realm << 16;
}

Route input_multicast(const State& state, const Asked& asked) {
  uint32_t realm = 0;
  const bool own_zero = asked.source == 0 && is_link_multicast(asked.destination);
  if (is_many(asked.source) || (asked.source == 0 && !own_zero)) return martian();
  if (is_loopback(asked.source) && !state.settings[asked.query.in].route_localnet) return martian();
  if (!own_zero && !source_is_believable(state, asked, kNoInterface, true, realm)) return martian();
  if (asked.destination != kAllHosts) return {.type = RouteType::Blackhole};
  Route route = delivered(state, RouteType::Multicast, nullptr);
  add_source_realm(route, realm);
  return route;
}

Route input_broadcast(const State& state, const Asked& asked, const FibEntry* entry) {
  uint32_t realm = 0;
  if (asked.source != 0 && !source_is_believable(state, asked, kNoInterface, true, realm)) return martian();
  Route route = delivered(state, RouteType::Broadcast, entry);
  add_source_realm(route, realm);
  return route;
}

Route input_found(const State& state, const Asked& asked, const FibEntry& entry) {
  uint32_t realm = 0;
  if (entry.type == RouteType::Broadcast) return input_broadcast(state, asked, &entry);
  const bool local = entry.type == RouteType::Local;
  if (!local && !state.settings[asked.query.in].forwarding4) return {.type = RouteType::Unreachable};
  if (!local && entry.type != RouteType::Unicast) return martian();
  if (!source_is_believable(state, asked, local ? kNoInterface : entry.out, false, realm)) return martian();
  Route route = local ? delivered(state, RouteType::Local, &entry) : along(state, entry, asked.destination);
  add_source_realm(route, realm);
  return route;
}

Route input(const State& state, const Asked& asked) {
  const RouteQuery& query = asked.query;
  if (is_multicast(asked.destination)) return input_multicast(state, asked);
  if (is_many(asked.source)) return martian();
  if (asked.destination == kLimitedBroadcast || (asked.source == 0 && asked.destination == 0)) {
    return input_broadcast(state, asked, nullptr);
  }
  const InterfaceSettings& here = state.settings[query.in];
  const bool from_itself = state.interface(query.in).loopback || here.route_localnet;
  if (asked.source == 0 || asked.destination == 0) return martian();
  if (!from_itself && (is_loopback(asked.source) || is_loopback(asked.destination))) return martian();
  const FibEntry* const entry = state.fib4.lookup(flow_of(query));
  if (entry != nullptr && entry->type < RouteType::Blackhole) return input_found(state, asked, *entry);
  if (!here.forwarding4) return {.type = RouteType::Unreachable};
  return {.type = entry == nullptr ? RouteType::None : entry->type};
}

}  // namespace

Route route_ipv4(const State& state, const RouteQuery& query) {
  const Asked asked = {query, query.source.v4_number(), query.destination.v4_number()};
  if (query.in != kNoInterface && query.in < state.interfaces.size()) return input(state, asked);
  const Route route = output(state, asked);
  if (route.type < RouteType::Blackhole && would_leak_loopback(state, asked, route)) return martian();
  return route;
}

RouteType address_type_ipv4(const State& state, const IpAddress& address, InterfaceId on) {
  const uint32_t number = address.v4_number();
  if (number == 0 || number == kLimitedBroadcast) return RouteType::Broadcast;
  if (is_multicast(number)) return RouteType::Multicast;
  const FibEntry* const entry = state.fib4.lookup_local({.destination = PrefixKey::of(address)});
  if (entry == nullptr || entry->type >= RouteType::Blackhole) return RouteType::Unicast;
  return on == kNoInterface || entry->out == on ? entry->type : RouteType::Unicast;
}

}  // namespace sallyport
