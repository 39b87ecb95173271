// What the kernel adds by itself when an interface with addresses comes up, so that a model need not list it.
// Counterparts: fib_add_ifaddr() in net/ipv4/fib_frontend.c; addrconf_prefix_route(), addrconf_add_mroute() and
// addrconf_join_anycast() in net/ipv6/addrconf.c.

#include <algorithm>
#include <set>

#include "host/state.h"

namespace sallyport {
namespace {

class Maker {
 public:
  Maker(const HostModel::State& state, std::vector<RouteEntry>& routes) : state_(state), routes_(routes) {}

  void add_interface(InterfaceId id) {
    interface_ = &state_.interfaces[id];
    for (const InterfaceAddress& own : interface_->addresses) {
      if (own.address.family == Family::Ipv4) add_ipv4(own);
    }
    if (state_.settings[id].ipv6) add_ipv6(state_.settings[id].forwarding6);
  }

 private:
  RouteEntry entry(const IpAddress& address, unsigned bits, RouteType type, uint32_t table) const {
    const IpAddress mask = prefix_mask(address.family, bits);
    return {.to = {.address = address & mask, .mask = mask},
            .type = type,
            .dev = std::string(interface_->name_text()),
            .table = table};
  }

  // The first address of the same network answers for those after it ("secondary" in `ip address`).
  const InterfaceAddress& primary_of(const InterfaceAddress& own) const {
    const IpAddress mask = prefix_mask(Family::Ipv4, own.prefix_bits);
    return *std::ranges::find_if(interface_->addresses, [&](const InterfaceAddress& other) {
      return other.address.family == Family::Ipv4 && other.prefix_bits == own.prefix_bits &&
             (other.address & mask) == (own.address & mask);
    });
  }

  void add_ipv4(const InterfaceAddress& own) {
    const InterfaceAddress& primary = primary_of(own);
    const auto add = [&](const IpAddress& to, unsigned bits, RouteType type, uint32_t table) {
      RouteEntry route = entry(to, bits, type, table);
      route.source = primary.address;
      routes_.push_back(std::move(route));
    };
    add(own.address, 32, RouteType::Local, kTableLocal);
    const unsigned bits = own.prefix_bits;
    const IpAddress network = own.address & prefix_mask(Family::Ipv4, bits);
    if (network.is_unspecified() || &primary != &own || bits == 32) return;
    if (interface_->loopback) {
      add(network, bits, RouteType::Local, kTableLocal);
    } else {
      add(network, bits, RouteType::Unicast, kTableMain);
    }
    // RFC 3021: two addresses have no broadcast.
    if (bits >= 31) return;
    add(IpAddress::v4(network.v4_number() | ~prefix_mask(Family::Ipv4, bits).v4_number()), 32, RouteType::Broadcast,
        kTableLocal);
  }

  void add_ipv6(bool forwarding) {
    // The subnet-router anycast address (RFC 4291 2.6.1) belongs to routers only.
    std::set<IpAddress> anycast;
    const bool multicast = !interface_->loopback;
    bool link_local = false;
    for (const InterfaceAddress& own : interface_->addresses) {
      if (own.address.family != Family::Ipv6) continue;
      const unsigned bits = own.prefix_bits;
      routes_.push_back(entry(own.address, 128, RouteType::Local, kTableLocal));
      const bool is_localhost = interface_->loopback && own.address == parse_address("::1").value();
      if (!is_localhost) add_network(own.address, bits);
      link_local |= own.address.bytes[0] == 0xfe && own.address.bytes[1] == 0x80 && bits == 64;
      const IpAddress network = own.address & prefix_mask(Family::Ipv6, bits);
      if (forwarding && bits < 127 && !network.is_unspecified() && network != own.address &&
          anycast.insert(network).second) {
        routes_.push_back(entry(network, 128, RouteType::Anycast, kTableLocal));
      }
    }
    if (!multicast) return;
    if (!link_local) add_network(parse_address("fe80::").value(), 64);
    RouteEntry route = entry(parse_address("ff00::").value(), 8, RouteType::Multicast, kTableLocal);
    route.metric = metric_of_connected(Family::Ipv6);
    routes_.push_back(std::move(route));
  }

  void add_network(const IpAddress& address, unsigned bits) {
    RouteEntry route = entry(address, bits, RouteType::Unicast, kTableMain);
    route.metric = metric_of_connected(Family::Ipv6);
    // Two addresses of one network on one interface make one route.
    if (!networks_.insert({route.dev, {route.to.address, static_cast<uint8_t>(bits)}}).second) return;
    routes_.push_back(std::move(route));
  }

  const HostModel::State& state_;
  std::vector<RouteEntry>& routes_;
  const Interface* interface_ = nullptr;
  std::set<std::pair<std::string, HostModel::State::Prefix>> networks_;
};

}  // namespace

std::vector<RouteEntry> kernel_routes_of(const HostModel::State& state) {
  std::vector<RouteEntry> routes;
  Maker maker(state, routes);
  for (InterfaceId id = 1; id < state.interfaces.size(); ++id) maker.add_interface(id);
  return routes;
}

std::vector<PolicyRule> initial_rules() {
  return {{.priority = 0, .table = kTableLocal},
          {.priority = 32766, .table = kTableMain},
          {.priority = 32767, .table = kTableDefault, .family = Family::Ipv4}};
}

}  // namespace sallyport
