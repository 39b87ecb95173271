// One family's routing: tables of routes and the rules that choose between them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "host/prefix_trie.h"
#include "sallyport/host.h"

namespace sallyport {

constexpr uint32_t kTableDefault = 253;
constexpr uint32_t kTableMain = 254;
constexpr uint32_t kTableLocal = 255;

// One way to a prefix, ready to be answered.
struct FibEntry {
  IpAddress gateway = {};
  IpAddress preferred_source = {};  // IPv4: chosen when the tables are built; IPv6: only what the route itself states
  uint32_t table = kTableMain;
  uint32_t metric = 0;
  uint32_t mtu = 0;
  uint32_t realm = 0;
  RouteType type = RouteType::None;
  uint8_t prefix_bits = 0;
  InterfaceId out = kNoInterface;
};

class FibTable {
 public:
  void add(const IpAddress& network, FibEntry entry);
  void finish();

  // The first route that `pick` takes; it is given the routes of one prefix at a time, the longest first, each in the
  // order in which they are tried, and answers one of them or null.
  template <class Pick>
  const FibEntry* find(PrefixKey key, Pick pick) const {
    for (uint32_t node = trie_.longest(key); node != PrefixTrie::kNone; node = trie_.shorter(node)) {
      const Range range = ranges_[trie_.slot(node)];
      if (const FibEntry* entry = pick(std::span(entries_).subspan(range.first, range.count))) return entry;
    }
    return nullptr;
  }

 private:
  struct Range {
    uint32_t first = 0;
    uint32_t count = 0;
  };
  struct Pending {
    uint32_t slot = 0;
    FibEntry entry = {};
  };
  PrefixTrie trie_;
  std::vector<Pending> pending_;
  std::vector<FibEntry> entries_;
  std::vector<Range> ranges_;
};

// What is asked of a family's routing. `in` is none for a local sender.
struct Flow {
  PrefixKey destination = {};
  PrefixKey source = {};
  bool has_source = false;
  InterfaceId in = kNoInterface;
  InterfaceId out = kNoInterface;
  uint32_t mark = 0;
  uint8_t tos = 0;      // only the bits that the family's rules look at
  bool strict = false;  // IPv6: only routes by `out`
};

class Fib {
 public:
  explicit Fib(Family family) : family_(family) {}

  void add_rule(const PolicyRule& rule, InterfaceId iif, InterfaceId oif, bool iif_is_loopback);
  void add_route(const IpAddress& network, const FibEntry& entry);
  // `merged`: local and main are one table. So they are in IPv4 until a rule of one's own parts them, and a longer
  // prefix in main then goes before a shorter one in local.
  void finish(bool merged);

  // The route that answers, null when none does (the network is unreachable). Its type may be one that refuses.
  const FibEntry* lookup(const Flow& flow) const;
  // The same in table local alone.
  const FibEntry* lookup_local(const Flow& flow) const;

 private:
  struct Rule {
    uint32_t priority = 0;
    PrefixKey from = {}, from_mask = {}, to = {}, to_mask = {};
    bool needs_source = false;
    bool needs_local_sender = false;
    bool never = false;
    InterfaceId in = kNoInterface, out = kNoInterface;
    uint32_t mark = 0, mark_mask = 0;
    uint8_t tos = 0;
    RouteType action = RouteType::Unicast;
    uint32_t table = 0;
    const FibTable* found = nullptr;  // none: the table has no route
  };
  bool holds(const Rule& rule, const Flow& flow) const;
  const FibEntry* look_up_in(const FibTable& table, const Flow& flow) const;

  Family family_;
  std::vector<Rule> rules_;
  std::map<uint32_t, FibTable> tables_;
  std::vector<std::pair<IpAddress, FibEntry>> pending_;
  const FibTable* local_ = nullptr;
};

}  // namespace sallyport
