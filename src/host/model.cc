// The machine as data: what it is told, checked one fact at a time, and put in order for questions by finish().

#include <fmt/format.h>

#include <algorithm>

#include "host/state.h"

namespace sallyport {
namespace {

constexpr size_t kMostInterfaces = 65000;
constexpr uint32_t kSmallestMtu = 68;  // RFC 791

std::string quoted(std::string_view text) { return fmt::format("\"{}\"", text); }

bool refuses(RouteType type) { return type >= RouteType::Blackhole; }

bool given(const IpAddress& address) { return !address.is_unspecified(); }

HostModel::State::Prefix prefix_of(const IpAddress& address, unsigned bits) {
  return {address & prefix_mask(address.family, bits), static_cast<uint8_t>(bits)};
}

// Where a gateway lies: on the network that holds it with the longest prefix, of interface `by` unless that is none.
std::optional<HostModel::State::Link> link_towards(const HostModel::State& state, const IpAddress& gateway,
                                                   InterfaceId by) {
  for (int bits = static_cast<int>(address_bytes(gateway.family)) * 8; bits >= 0; --bits) {
    const auto found = state.links.find(prefix_of(gateway, static_cast<unsigned>(bits)));
    if (found == state.links.end()) continue;
    const HostModel::State::Link* best = nullptr;
    for (const HostModel::State::Link& link : found->second) {
      if (by != kNoInterface && link.id != by) continue;
      if (best == nullptr || link.metric < best->metric) best = &link;
    }
    if (best != nullptr) return *best;
  }
  return std::nullopt;
}

std::tuple<uint32_t, HostModel::State::Prefix, uint32_t> identity_of(const RouteEntry& route) {
  return {route.table, prefix_of(route.to.address, static_cast<unsigned>(prefix_length(route.to.mask))),
          stated_metric(route)};
}

Result<void> check_gateway(const HostModel::State& state, const RouteEntry& route) {
  if (!given(route.via)) return {};
  if (route.type != RouteType::Unicast && route.type != RouteType::Multicast) {
    return fail("a route of this type has no gateway", "\"via\" only with unicast");
  }
  const auto& own = state.interface(state.find(route.dev)).addresses;
  const bool is_own = std::ranges::find(own, route.via, &InterfaceAddress::address) != own.end();
  if (is_own && route.via.family == Family::Ipv6) {
    return fail(fmt::format("the gateway {} is an address of {} itself", route.via.text(), quoted(route.dev)),
                "a neighbour's address");
  }
  if (route.via.family != route.to.address.family && (route.via.family == Family::Ipv4 || route.dev.empty())) {
    return fail(fmt::format("the gateway {} is of the other family", route.via.text()),
                "a gateway of the destination's family, or for IPv4 an IPv6 gateway together with \"dev\"");
  }
  if (route.dev.empty() && !link_towards(state, route.via, kNoInterface)) {
    return fail(
        fmt::format("the gateway {} is on no interface's network", route.via.text()),
        "\"dev\" as well, or a gateway that an interface's address or an earlier route without gateway leads to");
  }
  return {};
}

Result<void> check_route(const HostModel::State& state, const RouteEntry& route) {
  if (route.type == RouteType::None) return fail("a route without a type", "unicast, local, blackhole ...");
  if (prefix_length(route.to.mask) < 0 || route.to.mask.family != route.to.address.family) {
    return fail(fmt::format("{} is not a prefix", route.to.text()), "ADDRESS/BITS");
  }
  if (route.table == 0) return fail("there is no table 0", "a table from 1 to 4294967295");
  if (!route.dev.empty() && state.find(route.dev) == kNoInterface) {
    return fail(fmt::format("there is no interface {}", quoted(route.dev)), "the name of an [[interface]]");
  }
  if (route.dev.empty() && !given(route.via) && !refuses(route.type) && route.type != RouteType::Local) {
    return fail(fmt::format("the route to {} leads nowhere", route.to.text()), "\"dev\" or \"via\"");
  }
  if (given(route.source) && route.source.family != route.to.address.family) {
    return fail(fmt::format("the source {} is of the other family", route.source.text()));
  }
  if (state.kernel_routes && state.known_routes.contains(identity_of(route))) {
    return fail(fmt::format("there is a route to {} with this metric in this table already", route.to.text()),
                "another metric");
  }
  return check_gateway(state, route);
}

}  // namespace

HostModel::HostModel() : state_(std::make_unique<State>()) {}
HostModel::HostModel(HostModel&&) noexcept = default;
HostModel& HostModel::operator=(HostModel&&) noexcept = default;
HostModel::~HostModel() = default;

HostModel HostModel::pair(std::string_view first, std::string_view second) {
  // A capture's names may be of any length, or equal, or none.
  std::string names[2] = {std::string(first.substr(0, 15)), std::string(second.substr(0, 15))};
  if (names[0].empty()) names[0] = "in0";
  if (names[1].empty()) names[1] = "out0";
  if (names[0] == names[1]) names[1] = names[1].substr(0, 13) + "~2";
  HostModel model;
  for (const std::string& name : names) {
    Interface interface;
    std::ranges::copy(name, interface.name.begin());
    (void)model.add_interface(interface);
  }
  (void)model.add_pair(names[0], names[1], false);
  model.finish();
  return model;
}

Result<InterfaceId> HostModel::add_interface(Interface interface) {
  if (interface.name.back() != 0) return fail("the interface's name is too long", "at most 15 characters");
  const std::string name(interface.name_text());
  if (name.empty()) return fail("an interface without a name", "1 to 15 characters");
  if (state_->find(name) != kNoInterface) return fail(fmt::format("there is an interface {} already", quoted(name)));
  if (state_->interfaces.size() > kMostInterfaces) return fail(fmt::format("more than {} interfaces", kMostInterfaces));
  if (interface.mtu < kSmallestMtu) {
    return fail(fmt::format("an MTU of {}", interface.mtu), fmt::format("{} or more", kSmallestMtu));
  }
  for (const InterfaceAddress& own : interface.addresses) {
    if (own.prefix_bits > address_bytes(own.address.family) * 8) {
      return fail(fmt::format("{}/{} has too long a prefix", own.address.text(), own.prefix_bits));
    }
  }
  const auto id = static_cast<InterfaceId>(state_->interfaces.size());
  state_->ids.emplace(name, id);
  for (const InterfaceAddress& own : interface.addresses) {
    const auto all_bits = static_cast<unsigned>(address_bytes(own.address.family)) * 8;
    state_->links[prefix_of(own.address, all_bits)].push_back({.id = id, .local = true});
    if (own.prefix_bits != all_bits) {
      state_->links[prefix_of(own.address, own.prefix_bits)].push_back(
          {.id = id, .local = interface.loopback, .metric = metric_of_connected(own.address.family)});
    }
  }
  state_->interfaces.push_back(std::move(interface));
  state_->pair_of.push_back(kNoInterface);
  state_->pair_is_bridge.push_back(false);
  return id;
}

Result<void> HostModel::add_pair(std::string_view first, std::string_view second, bool bridge) {
  const InterfaceId ends[2] = {state_->find(first), state_->find(second)};
  const std::string_view names[2] = {first, second};
  for (size_t i = 0; i < 2; ++i) {
    if (ends[i] == kNoInterface) {
      return fail(fmt::format("there is no interface {}", quoted(names[i])), "the name of an [[interface]]");
    }
    if (state_->pair_of[ends[i]] != kNoInterface) {
      return fail(fmt::format("{} is in a pair already", quoted(names[i])), "each interface in one pair");
    }
  }
  if (ends[0] == ends[1]) return fail(fmt::format("{} paired with itself", quoted(first)), "two interfaces");
  for (size_t i = 0; i < 2; ++i) {
    state_->pair_of[ends[i]] = ends[1 - i];
    state_->pair_is_bridge[ends[i]] = bridge;
  }
  return {};
}

Result<void> HostModel::add_route(RouteEntry route) {
  if (auto checked = check_route(*state_, route); !checked) return checked;
  if (route.dev.empty() && given(route.via)) {
    route.dev = state_->interface(link_towards(*state_, route.via, kNoInterface)->id).name_text();
  }
  const auto link = given(route.via) ? link_towards(*state_, route.via, state_->find(route.dev)) : std::nullopt;
  state_->via_itself.push_back(link && link->local);
  state_->known_routes.insert(identity_of(route));
  const bool asked_first = route.table == kTableMain || route.table == kTableLocal;
  if (asked_first && !refuses(route.type) && !given(route.via)) {
    const bool local = route.type == RouteType::Local;
    const InterfaceId out = state_->find(route.dev);
    if (out != kNoInterface)
      state_->links[std::get<1>(identity_of(route))].push_back(
          {.id = out, .local = local, .metric = stated_metric(route)});
  }
  state_->routes.push_back(std::move(route));
  return {};
}

Result<void> HostModel::add_rule(PolicyRule rule) {
  for (const auto* selector : {&rule.from, &rule.to}) {
    if (!selector->has_value()) continue;
    if (prefix_length((*selector)->mask) < 0) return fail(fmt::format("{} is not a prefix", (*selector)->text()));
    if (rule.family.value_or((*selector)->address.family) != (*selector)->address.family) {
      return fail("addresses of both families in one rule", "one family a rule");
    }
    rule.family = (*selector)->address.family;
  }
  switch (rule.type) {
    case RouteType::Unicast:
      if (rule.table == 0) return fail("a rule without a table", "\"table\", or \"type\" blackhole ...");
      break;
    case RouteType::Blackhole:
    case RouteType::Unreachable:
    case RouteType::Prohibit:
      break;
    default:
      return fail("a rule of this type", "unicast, blackhole, unreachable or prohibit");
  }
  if ((rule.tos.value_or(0) & 3) != 0) {
    return fail(fmt::format("a rule for TOS {:#04x}", *rule.tos), "a TOS without its two lowest bits");
  }
  state_->rules.push_back(std::move(rule));
  return {};
}

bool HostModel::set_sysctl(std::string_view name, int64_t value) {
  state_->sysctls.insert_or_assign(std::string(canonical_sysctl(name)), value);
  const auto parts = split_interface_sysctl(name);
  return sysctl_is_known(name) && (!parts || parts->interface == "all" || parts->interface == "default" ||
                                   state_->find(parts->interface) != kNoInterface);
}

void HostModel::set_answers(bool answers) { state_->answers = answers; }
void HostModel::set_default_rules(bool wanted) { state_->default_rules = wanted; }
void HostModel::set_kernel_routes(bool wanted) { state_->kernel_routes = wanted; }

Route HostModel::route(const RouteQuery& query) const {
  return query.destination.family == Family::Ipv4 ? route_ipv4(*state_, query) : route_ipv6(*state_, query);
}

IpAddress HostModel::source_address(const IpAddress& destination, InterfaceId out) const {
  if (destination.family == Family::Ipv4) return {};
  return select_source_ipv6(*state_, out, destination);
}

RouteType HostModel::address_type(const IpAddress& address, InterfaceId on) const {
  return address.family == Family::Ipv4 ? address_type_ipv4(*state_, address, on)
                                        : address_type_ipv6(*state_, address, on);
}

const Interface& HostModel::interface(InterfaceId id) const { return state_->interface(id); }
size_t HostModel::interface_count() const { return state_->interfaces.size() - 1; }

std::optional<InterfaceId> HostModel::find_interface(std::string_view name) const {
  const InterfaceId id = state_->find(name);
  return id == kNoInterface ? std::nullopt : std::optional(id);
}

InterfaceId HostModel::pair_of(InterfaceId id) const {
  return id < state_->pair_of.size() ? state_->pair_of[id] : kNoInterface;
}

bool HostModel::pair_is_bridge(InterfaceId id) const {
  return id < state_->pair_is_bridge.size() && state_->pair_is_bridge[id];
}

int64_t HostModel::sysctl(std::string_view name) const { return sysctl_value(state_->sysctls, name); }

bool HostModel::has_pairs() const {
  return std::ranges::any_of(state_->pair_of, [](InterfaceId other) { return other != kNoInterface; });
}

bool HostModel::answers() const { return state_->answers; }
const std::vector<RouteEntry>& HostModel::routes() const { return state_->routes; }
const std::vector<PolicyRule>& HostModel::rules() const { return state_->rules; }
const std::map<std::string, int64_t, std::less<>>& HostModel::sysctls() const { return state_->sysctls; }
bool HostModel::default_rules() const { return state_->default_rules; }
bool HostModel::kernel_routes() const { return state_->kernel_routes; }

}  // namespace sallyport
