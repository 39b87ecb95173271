// What a HostModel holds: what it was told, and what finish() makes of it for quick answers.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "host/fib.h"
#include "host/sysctl.h"
#include "sallyport/host.h"

namespace sallyport {

// An interface's part in routing, beside its addresses.
struct InterfaceSettings {
  uint32_t rp_filter = 0;
  bool accept_local = false;
  bool route_localnet = false;
  bool src_valid_mark = false;
  bool send_redirects = false;
  bool forwarding4 = false;
  bool forwarding6 = false;
  bool ipv6 = true;                 // not disable_ipv6
  bool own_addresses_only = false;  // IPv6's use_oif_addrs_only
};

// A possible IPv6 source address, with what choosing between them asks.
struct SourceCandidate {
  IpAddress address = {};
  InterfaceId on = kNoInterface;
  uint8_t prefix_bits = 0;
};

struct HostModel::State {
  // Told.
  std::vector<Interface> interfaces = {Interface{}};  // by id; 0 has no name
  std::map<std::string, InterfaceId, std::less<>> ids = {};
  std::vector<InterfaceId> pair_of = {kNoInterface};
  std::vector<bool> pair_is_bridge = {false};
  std::vector<RouteEntry> routes = {};
  std::vector<bool> via_itself = {};  // by route: its gateway was this machine itself when it was added
  std::vector<PolicyRule> rules = {};
  std::vector<TimeoutPolicy> timeout_policies = {};
  std::vector<ListeningPorts> spared_by_nat = {};
  Sysctls sysctls = {};
  bool answers = false;
  bool default_rules = true;
  bool kernel_routes = true;

  // Kept while being told, so that no check takes longer the more there is.
  using Prefix = std::pair<IpAddress, uint8_t>;
  struct Link {
    InterfaceId id = kNoInterface;
    bool local = false;  // leads to this machine itself
    uint32_t metric = 0;
  };
  std::map<Prefix, std::vector<Link>> links = {};  // networks that an interface leads to without a gateway
  std::set<std::tuple<uint32_t, Prefix, uint32_t>> known_routes = {};  // table, prefix, metric

  // Made by finish().
  Fib fib4{Family::Ipv4};
  Fib fib6{Family::Ipv6};
  std::vector<InterfaceSettings> settings = {{}};
  std::vector<SourceCandidate> candidates = {};
  std::vector<std::pair<PrefixKey, InterfaceId>> own4 = {};  // own IPv4 addresses, sorted
  // By interface, the IPv4 addresses but those that follow one of the same network ("secondary" in `ip address`), which
  // never start a packet by themselves; and what is taken where the interface has none.
  std::vector<std::vector<InterfaceAddress>> primaries4 = {{}};
  IpAddress fallback_source4 = {};
  InterfaceId loopback = kNoInterface;
  bool asks_source =
      false;  // whether an IPv4 source is an own address is asked of the routes: rules or local routes stated
  bool has_realms = false;  // every IPv4 source is looked up for its realm

  InterfaceId find(std::string_view name) const {
    const auto found = ids.find(name);
    return found == ids.end() ? kNoInterface : found->second;
  }
  const Interface& interface(InterfaceId id) const { return interfaces[id < interfaces.size() ? id : 0]; }
};

// The routes that the kernel would add for the interfaces' addresses, as entries of tables local and main, in its
// order.
std::vector<RouteEntry> kernel_routes_of(const HostModel::State& state);

// The metric of the kernel's own route to an interface's network.
constexpr uint32_t metric_of_connected(Family family) { return family == Family::Ipv4 ? 0 : 256; }

// The metric of a route that was stated: IPv6 has no metric 0.
inline uint32_t stated_metric(const RouteEntry& route) {
  return route.metric == 0 && route.to.address.family == Family::Ipv6 ? 1024 : route.metric;
}

// The rules that the kernel begins with: local, main, and in IPv4 default.
std::vector<PolicyRule> initial_rules();

// The IPv4 address that a packet by `out` to `gateway` (unspecified: to an address on the link) starts from, as
// inet_select_addr() chooses; `host_scope` lets 127.0.0.1 be chosen too. Unspecified if there is none.
IpAddress select_source_ipv4(const HostModel::State& state, InterfaceId out, const IpAddress& gateway, bool host_scope);

// The IPv6 address that a packet by `out` to `destination` starts from (RFC 6724). Unspecified if there is none.
IpAddress select_source_ipv6(const HostModel::State& state, InterfaceId out, const IpAddress& destination);

Route route_ipv4(const HostModel::State& state, const RouteQuery& query);
Route route_ipv6(const HostModel::State& state, const RouteQuery& query);
RouteType address_type_ipv4(const HostModel::State& state, const IpAddress& address, InterfaceId on);
RouteType address_type_ipv6(const HostModel::State& state, const IpAddress& address, InterfaceId on);

}  // namespace sallyport
