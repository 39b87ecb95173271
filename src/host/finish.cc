// Turns what a model was told into tables: the kernel's own routes and rules beside the stated ones, sysctls as they
// hold for each interface, and the source address that each IPv4 route gives.

#include <algorithm>
#include <set>

#include "host/state.h"

namespace sallyport {
namespace {

using State = HostModel::State;

InterfaceSettings settings_of(const Sysctls& sysctls, std::string_view name) {
  const auto value = [&](std::string_view family, std::string_view leaf) {
    std::string full = "net.";
    full.append(family).append(".conf.").append(name).append(".").append(leaf);
    return sysctl_value(sysctls, full);
  };
  return {.rp_filter = static_cast<uint32_t>(value("ipv4", "rp_filter")),
          .accept_local = value("ipv4", "accept_local") != 0,
          .route_localnet = value("ipv4", "route_localnet") != 0,
          .src_valid_mark = value("ipv4", "src_valid_mark") != 0,
          .send_redirects = value("ipv4", "send_redirects") != 0,
          .forwarding4 = value("ipv4", "forwarding") != 0,
          .forwarding6 = value("ipv6", "forwarding") != 0,
          .ipv6 = value("ipv6", "disable_ipv6") == 0,
          .own_addresses_only = value("ipv6", "use_oif_addrs_only") != 0};
}

std::vector<InterfaceAddress> primaries_of(const Interface& interface) {
  std::vector<InterfaceAddress> primaries;
  std::set<State::Prefix> networks;
  for (const InterfaceAddress& own : interface.addresses) {
    if (own.address.family != Family::Ipv4) continue;
    const IpAddress network = own.address & prefix_mask(Family::Ipv4, own.prefix_bits);
    if (networks.insert({network, own.prefix_bits}).second) primaries.push_back(own);
  }
  return primaries;
}

void index_addresses(State& state) {
  state.own4.clear();
  state.candidates.clear();
  state.loopback = kNoInterface;
  for (InterfaceId id = 1; id < state.interfaces.size(); ++id) {
    if (state.interfaces[id].loopback && state.loopback == kNoInterface) state.loopback = id;
    for (const InterfaceAddress& own : state.interfaces[id].addresses) {
      if (own.address.family == Family::Ipv4) {
        state.own4.emplace_back(PrefixKey::of(own.address), id);
      } else if (state.settings[id].ipv6) {
        state.candidates.push_back({own.address, id, own.prefix_bits});
      }
    }
  }
  state.primaries4.clear();
  state.fallback_source4 = {};
  for (const Interface& interface : state.interfaces) {
    state.primaries4.push_back(primaries_of(interface));
    for (const InterfaceAddress& own : state.primaries4.back()) {
      if (state.fallback_source4.is_unspecified() && own.address.bytes[0] != 127) state.fallback_source4 = own.address;
    }
  }
  std::ranges::stable_sort(state.own4, {}, [](const auto& own) { return own.first.high; });
}

FibEntry entry_of(const State& state, const RouteEntry& route, uint32_t metric) {
  FibEntry entry = {.gateway = route.via,
                    .preferred_source = route.source,
                    .table = route.table,
                    .metric = metric,
                    .mtu = route.mtu,
                    .realm = route.realm,
                    .type = route.type,
                    .prefix_bits = static_cast<uint8_t>(prefix_length(route.to.mask)),
                    .out = state.find(route.dev)};
  if (route.type == RouteType::Local && entry.out == kNoInterface) entry.out = state.loopback;
  const bool leads = entry.out != kNoInterface && route.type < RouteType::Blackhole && route.type != RouteType::Local;
  if (route.to.address.family == Family::Ipv4 && leads && route.source.is_unspecified()) {
    const bool host_scope = route.via.is_unspecified() && state.settings[entry.out].route_localnet;
    entry.preferred_source = select_source_ipv4(state, entry.out, route.via, host_scope);
  }
  return entry;
}

void add_routes(State& state) {
  const auto add = [&](const RouteEntry& route, const FibEntry& entry) {
    Fib& fib = route.to.address.family == Family::Ipv4 ? state.fib4 : state.fib6;
    fib.add_route(route.to.address, entry);
  };
  if (state.kernel_routes) {
    for (const RouteEntry& route : kernel_routes_of(state)) add(route, entry_of(state, route, route.metric));
  }
  for (size_t i = 0; i < state.routes.size(); ++i) {
    const RouteEntry& route = state.routes[i];
    FibEntry entry = entry_of(state, route, state.kernel_routes ? stated_metric(route) : route.metric);
    // IPv4 takes a gateway that is this machine itself for none.
    if (state.via_itself[i] && route.via.family == Family::Ipv4) entry.gateway = {};
    add(route, entry);
    if (route.to.address.family != Family::Ipv4) continue;
    state.asks_source |= state.kernel_routes && route.type == RouteType::Local;
    state.has_realms |= route.realm != 0;
  }
}

// True when IPv4 has rules other than those it begins with.
bool add_rules(State& state) {
  bool custom = !state.default_rules;
  const auto add = [&](const PolicyRule& rule) {
    const InterfaceId in = state.find(rule.iif);
    const bool loopback = rule.iif == "lo" || state.interface(in).loopback;
    const Family family = rule.family.value_or(Family::Ipv4);
    if (!rule.family || family == Family::Ipv4) state.fib4.add_rule(rule, in, state.find(rule.oif), loopback);
    if (!rule.family || family == Family::Ipv6) state.fib6.add_rule(rule, in, state.find(rule.oif), loopback);
    return !rule.family || family == Family::Ipv4;
  };
  if (state.default_rules) {
    for (const PolicyRule& rule : initial_rules()) add(rule);
  }
  for (const PolicyRule& rule : state.rules) custom |= add(rule);
  return custom;
}

}  // namespace

void HostModel::finish() {
  State& state = *state_;
  state.settings.assign(1, {});
  for (size_t id = 1; id < state.interfaces.size(); ++id) {
    state.settings.push_back(settings_of(state.sysctls, state.interfaces[id].name_text()));
  }
  index_addresses(state);
  state.fib4 = Fib(Family::Ipv4);
  state.fib6 = Fib(Family::Ipv6);
  state.asks_source = false;
  state.has_realms = false;
  add_routes(state);
  const bool custom_rules = add_rules(state);
  state.asks_source |= custom_rules;
  state.fib4.finish(!custom_rules);
  state.fib6.finish(false);
}

}  // namespace sallyport
