// Which route leads to an address: policy rules in order, in each table the longest prefix, then the lowest metric.
// Counterparts: net/ipv4/fib_rules.c, fib_trie.c, net/ipv6/fib6_rules.c, and route.c's choice among equal prefixes.

#include "host/fib.h"

#include <algorithm>
#include <tuple>

namespace sallyport {
namespace {

constexpr FibEntry kBlackhole = {.type = RouteType::Blackhole};
constexpr FibEntry kProhibit = {.type = RouteType::Prohibit};

bool under(PrefixKey key, PrefixKey network, PrefixKey mask) {
  return (key.high & mask.high) == network.high && (key.low & mask.low) == network.low;
}

// IPv4: a route that refuses answers whatever the interface asked for; the others have to lead there.
const FibEntry* pick_ipv4(std::span<const FibEntry> routes, InterfaceId out) {
  for (const FibEntry& route : routes) {
    const bool refuses = route.type >= RouteType::Blackhole;
    if (refuses || out == kNoInterface || route.out == out) return &route;
  }
  return nullptr;
}

// IPv6: among the routes of the lowest metric one by `out` is liked best; unless `strict`, any will do.
const FibEntry* pick_ipv6(std::span<const FibEntry> routes, InterfaceId out, bool strict) {
  const FibEntry* first = nullptr;
  for (const FibEntry& route : routes) {
    if (first != nullptr && route.metric != first->metric) break;
    if (out == kNoInterface || route.out == out) return &route;
    if (!strict && first == nullptr) first = &route;
  }
  return first;
}

}  // namespace

void FibTable::add(const IpAddress& network, FibEntry entry) {
  pending_.push_back({trie_.insert(PrefixKey::of(network), entry.prefix_bits), entry});
}

void FibTable::finish() {
  // Table local goes first where the two are merged.
  const auto order = [](const Pending& p) { return std::tuple(p.slot, ~p.entry.table, p.entry.metric); };
  std::stable_sort(pending_.begin(), pending_.end(),
                   [&](const Pending& a, const Pending& b) { return order(a) < order(b); });
  ranges_.assign(trie_.slots(), {});
  for (const Pending& p : pending_) {
    Range& range = ranges_[p.slot];
    if (range.count++ == 0) range.first = static_cast<uint32_t>(entries_.size());
    entries_.push_back(p.entry);
  }
  pending_ = {};
  trie_.finish();
}

void Fib::add_rule(const PolicyRule& rule, InterfaceId iif, InterfaceId oif, bool iif_is_loopback) {
  Rule compiled = {.priority = rule.priority, .action = rule.type, .table = rule.table};
  if (rule.from && !rule.from->mask.is_unspecified()) {
    compiled.from = PrefixKey::of(rule.from->address);
    compiled.from_mask = PrefixKey::of(rule.from->mask);
    compiled.needs_source = true;
  }
  if (rule.to) {
    compiled.to = PrefixKey::of(rule.to->address);
    compiled.to_mask = PrefixKey::of(rule.to->mask);
  }
  compiled.in = iif;
  compiled.needs_local_sender = iif_is_loopback;
  compiled.out = oif;
  compiled.never =
      (!rule.iif.empty() && iif == kNoInterface && !iif_is_loopback) || (!rule.oif.empty() && oif == kNoInterface);
  if (rule.fwmark) {
    compiled.mark_mask = rule.fwmark->second;
    compiled.mark = rule.fwmark->first & compiled.mark_mask;
    compiled.never |= compiled.mark != rule.fwmark->first;
  }
  compiled.tos = rule.tos.value_or(0);
  rules_.push_back(compiled);
}

void Fib::add_route(const IpAddress& network, const FibEntry& entry) { pending_.emplace_back(network, entry); }

void Fib::finish(bool merged) {
  for (const auto& [network, entry] : pending_) {
    tables_[merged && entry.table == kTableLocal ? kTableMain : entry.table].add(network, entry);
  }
  pending_ = {};
  for (auto& [id, table] : tables_) table.finish();
  const auto find = [&](uint32_t id) -> const FibTable* {
    const auto found = tables_.find(id);
    return found == tables_.end() ? nullptr : &found->second;
  };
  local_ = find(merged ? kTableMain : kTableLocal);
  std::stable_sort(rules_.begin(), rules_.end(), [](const Rule& a, const Rule& b) { return a.priority < b.priority; });
  if (merged) std::erase_if(rules_, [](const Rule& rule) { return rule.table == kTableLocal; });
  for (Rule& rule : rules_) rule.found = find(rule.table);
}

bool Fib::holds(const Rule& rule, const Flow& flow) const {
  if (rule.never) return false;
  if (rule.needs_local_sender && flow.in != kNoInterface && flow.in != rule.in) return false;
  if (!rule.needs_local_sender && rule.in != kNoInterface && flow.in != rule.in) return false;
  if (rule.out != kNoInterface && flow.out != rule.out) return false;
  if ((flow.mark & rule.mark_mask) != rule.mark) return false;
  if (rule.tos != 0 && rule.tos != flow.tos) return false;
  if (rule.needs_source && (!flow.has_source || !under(flow.source, rule.from, rule.from_mask))) return false;
  return under(flow.destination, rule.to, rule.to_mask);
}

const FibEntry* Fib::look_up_in(const FibTable& table, const Flow& flow) const {
  if (family_ == Family::Ipv4) {
    return table.find(flow.destination, [&](auto routes) { return pick_ipv4(routes, flow.out); });
  }
  // IPv6 prefers, or insists on, the interface that the packet came in by where none to leave by is given.
  const InterfaceId wanted = flow.in != kNoInterface ? flow.in : flow.out;
  return table.find(flow.destination, [&](auto routes) { return pick_ipv6(routes, wanted, flow.strict); });
}

const FibEntry* Fib::lookup(const Flow& flow) const {
  for (const Rule& rule : rules_) {
    if (!holds(rule, flow)) continue;
    switch (rule.action) {
      case RouteType::Blackhole:
        return &kBlackhole;
      case RouteType::Prohibit:
        return &kProhibit;
      case RouteType::Unreachable:
        return nullptr;  // a rule's "unreachable" is of the network, a route's of the host
      default:
        break;
    }
    if (rule.found == nullptr) continue;
    const FibEntry* route = look_up_in(*rule.found, flow);
    if (route != nullptr && route->type != RouteType::Throw) return route;
  }
  return nullptr;
}

const FibEntry* Fib::lookup_local(const Flow& flow) const {
  return local_ == nullptr ? nullptr : look_up_in(*local_, flow);
}

}  // namespace sallyport
