// The machine that this process runs on as a host model: interfaces, addresses, routes and rules by rtnetlink, sysctls
// from /proc. What the kernel keeps and the model cannot say is named in a warning, never dropped in silence.

#include <fmt/format.h>
#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/if_addr.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <tuple>

#include "host/names.h"
#include "host/netlink.h"
#include "host/state.h"
#include "sallyport/host.h"

namespace sallyport {
namespace {

constexpr uint32_t kIpv6DefaultMetric = 1024;

Family family_of(uint8_t number) { return number == AF_INET6 ? Family::Ipv6 : Family::Ipv4; }
uint8_t number_of(Family family) { return family == Family::Ipv6 ? AF_INET6 : AF_INET; }
unsigned all_bits(Family family) { return static_cast<unsigned>(address_bytes(family)) * 8; }

// Of the kernel's numbers; throw is the last that both know.
RouteType route_type(uint8_t number) {
  constexpr RouteType kTypes[] = {
      RouteType::None,      RouteType::Unicast,   RouteType::Local,       RouteType::Broadcast, RouteType::Anycast,
      RouteType::Multicast, RouteType::Blackhole, RouteType::Unreachable, RouteType::Prohibit,  RouteType::Throw};
  return number < std::size(kTypes) ? kTypes[number] : RouteType::None;
}

RouteType rule_type(uint8_t action) {
  switch (action) {
    case FR_ACT_TO_TBL:
      return RouteType::Unicast;
    case FR_ACT_BLACKHOLE:
      return RouteType::Blackhole;
    case FR_ACT_UNREACHABLE:
      return RouteType::Unreachable;
    case FR_ACT_PROHIBIT:
      return RouteType::Prohibit;
    default:
      return RouteType::None;
  }
}

AddressMask prefix_from(Family family, std::span<const uint8_t> attribute, uint8_t bits) {
  const IpAddress mask = prefix_mask(family, bits);
  return {netlink_address(family, attribute).value_or(IpAddress{.family = family}) & mask, mask};
}

// What tells two routes apart, where the model adds one and the kernel has one.
std::tuple<uint32_t, IpAddress, int, uint32_t, RouteType, std::string> identity(const RouteEntry& route) {
  return {route.table, route.to.address, prefix_length(route.to.mask), stated_metric(route), route.type, route.dev};
}

std::optional<int64_t> sysctl_from_proc(std::string_view name, const std::string& path) {
  std::ifstream file("/proc/sys/" + path);
  std::string text;
  if (!std::getline(file, text)) return std::nullopt;
  if (name == kIcmp6Ratemask) {
    const auto bits = parse_bitmap(text);
    return bits ? std::optional(*bits) : std::nullopt;
  }
  int64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  return problem == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

std::string path_of(std::string_view sysctl) {
  std::string path(sysctl);
  std::ranges::replace(path, '.', '/');
  return path;
}

// The routes that the model makes of its addresses by itself.
std::vector<RouteEntry> routes_made_by(const HostModel& model) {
  HostModel::State state;
  const auto last = static_cast<InterfaceId>(model.interface_count());
  for (InterfaceId id = 1; id <= last; ++id) {
    const Interface& interface = model.interface(id);
    const auto ipv6 = [&](std::string_view leaf) {
      return model.sysctl(fmt::format("net.ipv6.conf.{}.{}", interface.name_text(), leaf)) != 0;
    };
    state.interfaces.push_back(interface);
    state.settings.push_back({.forwarding6 = ipv6("forwarding"), .ipv6 = !ipv6("disable_ipv6")});
  }
  return kernel_routes_of(state);
}

class Snapshot {
 public:
  Snapshot(Netlink& netlink, std::vector<std::string>& warnings) : netlink_(netlink), warnings_(warnings) {}

  Result<HostModel> take() {
    if (auto done = list_interfaces(); !done) return std::unexpected(done.error());
    if (auto done = list_addresses(); !done) return std::unexpected(done.error());
    for (const Family family : {Family::Ipv4, Family::Ipv6}) {
      if (auto done = list_routes(family); !done) return std::unexpected(done.error());
      if (auto done = list_rules(family); !done) return std::unexpected(done.error());
    }
    return build();
  }

 private:
  using Take = void (Snapshot::*)(const NetlinkMessage&);

  Result<void> list(uint16_t type, uint8_t family, Take one, const std::function<void()>& again) {
    return netlink_.list(type, family, [&](const NetlinkMessage& message) { (this->*one)(message); }, again);
  }

  void warn(std::string text) { warnings_.push_back(std::move(text)); }

  Result<void> list_interfaces() {
    return list(RTM_GETLINK, AF_UNSPEC, &Snapshot::take_interface, [&] {
      interfaces_.clear();
      warnings_.clear();
    });
  }

  void take_interface(const NetlinkMessage& message) {
    const auto header = message.header<ifinfomsg>();
    Interface interface;
    const std::string name = netlink_text(message.attribute<ifinfomsg>(IFLA_IFNAME));
    if ((header.ifi_flags & IFF_UP) == 0) return warn(fmt::format("interface {} is down: left out", name));
    name.copy(interface.name.data(), interface.name.size() - 1);
    interface.mtu = netlink_u32(message.attribute<ifinfomsg>(IFLA_MTU)).value_or(0);
    interface.group = netlink_u32(message.attribute<ifinfomsg>(IFLA_GROUP)).value_or(0);
    interface.loopback = (header.ifi_flags & IFF_LOOPBACK) != 0;
    const auto address = message.attribute<ifinfomsg>(IFLA_ADDRESS);
    if (address.size() == interface.mac.size()) std::ranges::copy(address, interface.mac.begin());
    interface.point_to_point = !interface.loopback && address.size() != interface.mac.size();
    interfaces_.insert_or_assign(header.ifi_index, std::move(interface));
  }

  Result<void> list_addresses() {
    return list(RTM_GETADDR, AF_UNSPEC, &Snapshot::take_address, [&] {
      for (auto& [index, interface] : interfaces_) interface.addresses.clear();
    });
  }

  // Where the peer has an address of its own, the prefix is the peer's, and a route of its own leads to it.
  void take_address(const NetlinkMessage& message) {
    const auto header = message.header<ifaddrmsg>();
    const auto found = interfaces_.find(static_cast<int>(header.ifa_index));
    if ((header.ifa_family != AF_INET && header.ifa_family != AF_INET6) || found == interfaces_.end()) return;
    const Family family = family_of(header.ifa_family);
    const auto peer = netlink_address(family, message.attribute<ifaddrmsg>(IFA_ADDRESS));
    const auto own = netlink_address(family, message.attribute<ifaddrmsg>(IFA_LOCAL));
    if (!peer && !own) return;
    const bool has_peer = peer && own && *peer != *own;
    const auto bits = has_peer ? static_cast<uint8_t>(all_bits(family)) : header.ifa_prefixlen;
    found->second.addresses.push_back({own ? *own : *peer, bits});
  }

  std::string name_of(std::optional<uint32_t> index) const {
    const auto found = interfaces_.find(static_cast<int>(index.value_or(0)));
    return found == interfaces_.end() ? std::string() : std::string(found->second.name_text());
  }

  Result<void> list_routes(Family family) {
    return list(RTM_GETROUTE, number_of(family), &Snapshot::take_route,
                [this, routes = routes_, warnings = warnings_] { routes_ = routes, warnings_ = warnings; });
  }

  void take_route(const NetlinkMessage& message) {
    const auto header = message.header<rtmsg>();
    const auto attribute = [&](uint16_t number) { return message.attribute<rtmsg>(number); };
    if ((header.rtm_flags & RTM_F_CLONED) != 0) return;  // what the kernel remembers of one flow
    const Family family = family_of(header.rtm_family);
    RouteEntry route;
    route.to = prefix_from(family, attribute(RTA_DST), header.rtm_dst_len);
    route.type = route_type(header.rtm_type);
    route.table = netlink_u32(attribute(RTA_TABLE)).value_or(header.rtm_table);
    route.metric = netlink_u32(attribute(RTA_PRIORITY)).value_or(0);
    route.mtu = netlink_u32(NetlinkMessage::nested(attribute(RTA_METRICS), RTAX_MTU)).value_or(0);
    route.realm = netlink_u32(attribute(RTA_FLOW)).value_or(0);
    route.source = netlink_address(family, attribute(RTA_PREFSRC)).value_or(IpAddress{.family = family});
    const std::string what = fmt::format("the route to {} of table {}", route.to.text(), route.table);
    if (route.type == RouteType::None) return warn(fmt::format("{} is of type {}: left out", what, header.rtm_type));
    if (header.rtm_tos != 0) return warn(fmt::format("{} holds for one TOS only: left out", what));
    if (header.rtm_src_len != 0) return warn(fmt::format("{} holds for some sources only: left out", what));
    take_next_hop(message, family, what, route);
    routes_.push_back(std::move(route));
  }

  // The device and the gateway; of several, the first.
  void take_next_hop(const NetlinkMessage& message, Family family, const std::string& what, RouteEntry& route) {
    std::span<const uint8_t> gateway = message.attribute<rtmsg>(RTA_GATEWAY);
    std::span<const uint8_t> other_family = message.attribute<rtmsg>(RTA_VIA);
    std::optional<uint32_t> device = netlink_u32(message.attribute<rtmsg>(RTA_OIF));
    const auto several = message.attribute<rtmsg>(RTA_MULTIPATH);
    if (several.size() >= sizeof(rtnexthop)) {
      rtnexthop first = {};
      std::memcpy(&first, several.data(), sizeof first);
      const auto attributes =
          several.subspan(sizeof first, std::max<size_t>(first.rtnh_len, sizeof first) - sizeof first);
      gateway = NetlinkMessage::nested(attributes, RTA_GATEWAY);
      other_family = NetlinkMessage::nested(attributes, RTA_VIA);
      device = static_cast<uint32_t>(first.rtnh_ifindex);
      warn(fmt::format("{} has several next hops: only the first is kept", what));
    }
    route.via = netlink_address(family, gateway).value_or(IpAddress{.family = family});
    if (other_family.size() == sizeof(uint16_t) + address_bytes(Family::Ipv6)) {
      route.via = netlink_address(Family::Ipv6, other_family.subspan(sizeof(uint16_t))).value();
    }
    if (route.type < RouteType::Blackhole) route.dev = name_of(device);
  }

  Result<void> list_rules(Family family) {
    return list(RTM_GETRULE, number_of(family), &Snapshot::take_rule,
                [this, rules = rules_, warnings = warnings_] { rules_ = rules, warnings_ = warnings; });
  }

  void take_rule(const NetlinkMessage& message) {
    const auto header = message.header<fib_rule_hdr>();
    const auto attribute = [&](uint16_t number) { return message.attribute<fib_rule_hdr>(number); };
    PolicyRule rule;
    rule.family = family_of(header.family);
    rule.priority = netlink_u32(attribute(FRA_PRIORITY)).value_or(0);
    rule.type = rule_type(header.action);
    if (rule.type == RouteType::Unicast) rule.table = netlink_u32(attribute(FRA_TABLE)).value_or(header.table);
    if (header.src_len != 0) rule.from = prefix_from(*rule.family, attribute(FRA_SRC), header.src_len);
    if (header.dst_len != 0) rule.to = prefix_from(*rule.family, attribute(FRA_DST), header.dst_len);
    rule.iif = netlink_text(attribute(FRA_IIFNAME));
    rule.oif = netlink_text(attribute(FRA_OIFNAME));
    const uint32_t mark = netlink_u32(attribute(FRA_FWMARK)).value_or(0);
    const uint32_t mask = netlink_u32(attribute(FRA_FWMASK)).value_or(0);
    if (mark != 0 || mask != 0) rule.fwmark = {mark, mask};
    if (header.tos != 0) rule.tos = header.tos;
    if (const std::string_view cannot = beyond_the_model(message, header); !cannot.empty()) {
      return warn(fmt::format("the IPv{} rule of priority {} has {}: left out, so routes may differ",
                              *rule.family == Family::Ipv4 ? 4 : 6, rule.priority, cannot));
    }
    rules_.push_back(std::move(rule));
  }

  // What a rule asks for that the model has no word for, or nothing.
  static std::string_view beyond_the_model(const NetlinkMessage& message, const fib_rule_hdr& header) {
    constexpr std::pair<uint16_t, std::string_view> kAttributes[] = {
        {FRA_GOTO, "a goto"},         {FRA_TUN_ID, "a tunnel id"},
        {FRA_L3MDEV, "l3mdev"},       {FRA_UID_RANGE, "a uid range"},
        {FRA_SPORT_RANGE, "ports"},   {FRA_DPORT_RANGE, "ports"},
        {FRA_IP_PROTO, "a protocol"}, {FRA_SUPPRESS_IFGROUP, "suppress_ifgroup"},
    };
    const auto attribute = [&](uint16_t number) { return message.attribute<fib_rule_hdr>(number); };
    if ((header.flags & FIB_RULE_INVERT) != 0) return "\"not\"";
    for (const auto& [number, name] : kAttributes) {
      const auto value = attribute(number);
      // Unset ones may be there as zeros, or as -1.
      const bool set = std::ranges::any_of(value, [&](uint8_t byte) { return byte != value[0]; }) ||
                       (!value.empty() && value[0] != 0 && value[0] != 0xff);
      if (set) return name;
    }
    if (netlink_u32(attribute(FRA_SUPPRESS_PREFIXLEN)).value_or(UINT32_MAX) != UINT32_MAX)
      return "suppress_prefixlength";
    return rule_type(header.action) == RouteType::None ? "an action of its own" : "";
  }

  Result<HostModel> build() {
    HostModel model;
    for (auto& [index, interface] : interfaces_) {
      const std::string name(interface.name_text());
      if (auto added = model.add_interface(std::move(interface)); !added) {
        warn(fmt::format("interface {}: {}: left out", name, added.error().what));
      }
    }
    add_sysctls(model);
    add_rules(model);
    const std::vector<RouteEntry> beside = routes_beside_the_kernels(model);
    for (RouteEntry route : beside) {
      const std::string what = fmt::format("the route to {} of table {}", route.to.text(), route.table);
      if (auto added = model.add_route(std::move(route)); !added) {
        warn(fmt::format("{}: {}: left out", what, added.error().what));
      }
    }
    model.finish();
    return model;
  }

  void add_rules(HostModel& model) {
    const auto same = [](const PolicyRule& rule, const PolicyRule& initial) {
      return rule.priority == initial.priority && rule.table == initial.table && rule.type == RouteType::Unicast &&
             !rule.from && !rule.to && !rule.fwmark && !rule.tos && rule.iif.empty() && rule.oif.empty();
    };
    std::vector<PolicyRule> beside = rules_;
    size_t found = 0, wanted = 0;
    for (const Family family : {Family::Ipv4, Family::Ipv6}) {
      for (const PolicyRule& initial : initial_rules()) {
        if (initial.family.value_or(family) != family) continue;
        ++wanted;
        const auto place = std::ranges::find_if(
            beside, [&](const PolicyRule& rule) { return rule.family == family && same(rule, initial); });
        if (place == beside.end()) continue;
        ++found;
        beside.erase(place);
      }
    }
    const bool all_there = found == wanted;
    model.set_default_rules(all_there);
    for (const PolicyRule& rule : all_there ? beside : rules_) {
      if (auto added = model.add_rule(rule); !added) {
        warn(fmt::format("the rule of priority {}: {}: left out", rule.priority, added.error().what));
      }
    }
  }

  // The routes that the model does not make by itself from the addresses. Where the kernel lacks one that the model
  // would make (an interface is down), all are stated.
  std::vector<RouteEntry> routes_beside_the_kernels(HostModel& model) const {
    std::multiset<decltype(identity(RouteEntry{}))> own;
    for (const RouteEntry& route : routes_made_by(model)) own.insert(identity(route));
    std::vector<RouteEntry> beside;
    for (const RouteEntry& route : routes_) {
      const auto place = own.find(identity(route));
      if (place == own.end()) {
        beside.push_back(route);
        // IPv6's usual metric goes without saying.
        if (route.to.address.family == Family::Ipv6 && route.metric == kIpv6DefaultMetric) beside.back().metric = 0;
      } else {
        own.erase(place);
      }
    }
    if (own.empty()) return beside;
    model.set_kernel_routes(false);
    return routes_;
  }

  void add_sysctls(HostModel& model) {
    for (const SysctlDefault& known : sysctl_defaults()) {
      const auto value = sysctl_from_proc(known.name, path_of(known.name));
      if (value && *value != known.value) (void)model.set_sysctl(known.name, *value);
    }
    const auto state = [&](const InterfaceSysctl& sysctl, std::string_view where, int64_t otherwise) {
      const std::string name = fmt::format("net.{}.conf.{}.{}", sysctl.family, where, sysctl.name);
      const auto value = sysctl_from_proc(name, fmt::format("net/{}/conf/{}/{}", sysctl.family, where, sysctl.name));
      if (value && *value != otherwise) (void)model.set_sysctl(name, *value);
      return value.value_or(otherwise);
    };
    const auto last = static_cast<InterfaceId>(model.interface_count());
    for (const InterfaceSysctl& sysctl : interface_sysctls()) {
      const int64_t all = state(sysctl, "all", sysctl.all);
      const int64_t each = state(sysctl, "default", sysctl.each);
      const bool spread = sysctl.combine == Combine::Spread && all != sysctl.all;
      for (InterfaceId id = 1; id <= last; ++id) {
        state(sysctl, model.interface(id).name_text(), spread ? all : each);
      }
    }
  }

  Netlink& netlink_;
  std::vector<std::string>& warnings_;
  std::map<int, Interface> interfaces_;  // by the kernel's number: its order
  std::vector<RouteEntry> routes_;
  std::vector<PolicyRule> rules_;
};

}  // namespace

Result<HostModel> snapshot_host(std::vector<std::string>& warnings) {
  auto netlink = Netlink::open();
  if (!netlink) return std::unexpected(netlink.error());
  return Snapshot(*netlink, warnings).take();
}

}  // namespace sallyport
