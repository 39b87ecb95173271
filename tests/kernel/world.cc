// The world's tables, and how each side is told of them.

#include "kernel/world.h"

#include <fmt/format.h>

#include <stdexcept>

namespace sallyport::kernel {
namespace {

struct WorldAddress {
  std::string_view dev;
  std::string_view address;
  uint8_t bits;
};
constexpr WorldAddress kAddresses[] = {
    {"lo", "127.0.0.1", 8},      {"ta", "10.1.0.1", 16}, {"tb", "10.2.0.1", 16},      {"tc", "10.3.0.1", 24},
    {"tc", "172.16.3.1", 28},    {"lo", "::1", 128},     {"ta", "2001:db8:1::1", 64}, {"tb", "2001:db8:2::1", 64},
    {"tc", "2001:db8:3::1", 64}, {"ta", "fe80::a", 64},  {"tb", "fe80::b", 64},       {"tc", "fe80::c", 64},
};

struct WorldRoute {
  std::string_view to;
  RouteType type;
  std::string_view dev;
  std::string_view via;
  uint32_t table;
};
constexpr uint32_t kMain = 254, kMarked = 100;
constexpr WorldRoute kRoutes[] = {
    {"192.0.2.0/24", RouteType::Unicast, "tb", "10.2.0.9", kMain},
    {"203.0.113.0/24", RouteType::Unicast, "tc", "", kMain},
    {"198.51.100.0/26", RouteType::Blackhole, "", "", kMain},
    {"198.51.100.64/26", RouteType::Unreachable, "", "", kMain},
    {"198.51.100.128/26", RouteType::Prohibit, "", "", kMain},
    {"0.0.0.0/0", RouteType::Unicast, "ta", "", kMarked},
    {"2001:db8:20::/48", RouteType::Unicast, "tb", "2001:db8:2::9", kMain},
    {"2001:db8:40::/48", RouteType::Unicast, "tc", "", kMain},
    {"2001:db8:50::/48", RouteType::Blackhole, "", "", kMain},
    {"2001:db8:51::/48", RouteType::Unreachable, "", "", kMain},
    {"2001:db8:52::/48", RouteType::Prohibit, "", "", kMain},
    {"::/0", RouteType::Unicast, "ta", "", kMarked},
};

// Packets with this mark are routed by a table of their own.
constexpr uint32_t kMarkedValue = 0x40, kMarkedMask = 0xf0, kMarkedPriority = 1000;

constexpr std::pair<std::string_view, int> kSysctls[] = {
    {"net.ipv4.ip_forward", 1},
    {"net.ipv4.icmp_ratelimit", 0},
    {"net.ipv4.icmp_msgs_per_sec", 100000000},
    {"net.ipv4.icmp_msgs_burst", 100000000},
    {"net.ipv6.icmp.ratelimit", 0},
    {"net.ipv6.auto_flowlabels", 0},
    {"net.ipv6.conf.all.forwarding", 1},
    {"net.ipv4.conf.all.rp_filter", 0},
    {"net.ipv4.conf.default.rp_filter", 0},
    {"net.ipv4.conf.all.accept_local", 1},
    {"net.ipv4.conf.all.route_localnet", 1},
    {"net.ipv4.conf.all.send_redirects", 0},
    {"net.ipv4.conf.default.send_redirects", 0},
};

template <class T>
T must(Result<T> result) {
  if (!result) throw std::logic_error(result.error().text());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

std::string_view type_word(RouteType type) {
  switch (type) {
    case RouteType::Blackhole:
      return "blackhole ";
    case RouteType::Unreachable:
      return "unreachable ";
    case RouteType::Prohibit:
      return "prohibit ";
    default:
      return "";
  }
}

Interface interface_named(std::string_view name, uint32_t mtu) {
  Interface interface;
  name.copy(interface.name.data(), interface.name.size() - 1);
  interface.mtu = mtu;
  for (const WorldAddress& own : kAddresses) {
    if (own.dev == name) interface.addresses.push_back({must(parse_address(own.address)), own.bits});
  }
  return interface;
}

}  // namespace

HostModel world_model() {
  HostModel model;
  for (const auto& [name, value] : kSysctls) model.set_sysctl(name, value);
  Interface loopback = interface_named("lo", 65536);
  loopback.loopback = true;
  must(model.add_interface(std::move(loopback)));
  for (const WorldInterface& place : kWorldInterfaces) {
    Interface interface = interface_named(place.name, place.mtu);
    interface.point_to_point = !place.ethernet;
    if (place.ethernet) interface.mac = kWorldMac;
    must(model.add_interface(std::move(interface)));
  }
  for (const WorldRoute& route : kRoutes) {
    const Family family = route.to.contains(':') ? Family::Ipv6 : Family::Ipv4;
    RouteEntry entry;
    entry.to = must(parse_address_mask(family, route.to));
    entry.type = route.type;
    entry.dev = route.dev;
    if (!route.via.empty()) entry.via = must(parse_address(route.via));
    entry.table = route.table;
    must(model.add_route(std::move(entry)));
  }
  PolicyRule marked;
  marked.priority = kMarkedPriority;
  marked.fwmark = {kMarkedValue, kMarkedMask};
  marked.table = kMarked;
  must(model.add_rule(std::move(marked)));
  model.finish();
  return model;
}

std::string world_ip_commands() {
  std::string out = "link set lo up\n";
  for (const WorldInterface& place : kWorldInterfaces) {
    out += fmt::format("link set {} mtu {}\n", place.name, place.mtu);
    if (place.ethernet) {
      out += fmt::format("link set {} arp off address {:02x}\n", place.name, fmt::join(kWorldMac, ":"));
    }
  }
  for (const WorldAddress& own : kAddresses) {
    if (own.dev == "lo") continue;  // the kernel gives lo its own
    const bool v6 = own.address.contains(':');
    out += fmt::format("address add {}/{} dev {}{}\n", own.address, own.bits, own.dev, v6 ? " nodad" : " brd +");
  }
  for (const WorldInterface& place : kWorldInterfaces) out += fmt::format("link set {} up\n", place.name);
  for (const WorldRoute& route : kRoutes) {
    out += fmt::format("route add {}{} table {}", type_word(route.type), route.to, route.table);
    if (!route.via.empty()) out += fmt::format(" via {}", route.via);
    if (!route.dev.empty()) out += fmt::format(" dev {}", route.dev);
    out += '\n';
  }
  return out;
}

std::string world_rule_commands() {
  return fmt::format("rule add priority {} fwmark {:#x}/{:#x} table {}\n", kMarkedPriority, kMarkedValue, kMarkedMask,
                     kMarked);
}

std::span<const std::pair<std::string_view, int>> world_sysctls() { return kSysctls; }

}  // namespace sallyport::kernel
