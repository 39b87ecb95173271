// Rules as iptables-save text and as what it means: read, kept, counted, saved.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/address.h"
#include "sallyport/hook.h"
#include "sallyport/match.h"
#include "sallyport/registry.h"
#include "sallyport/result.h"
#include "sallyport/target.h"

namespace sallyport {

struct Counters {
  uint64_t packets = 0;
  uint64_t bytes = 0;
  bool operator==(const Counters&) const = default;
};

// -i NAME or -o NAME; "eth+" stands for every name that begins with "eth". Compared as two words under a mask.
struct InterfacePattern {
  std::array<char, 16> name = {};
  std::array<uint8_t, 16> mask = {};
  bool inverted = false;
  std::string text = {};  // as given; empty: not asked
};

// What a rule asks of the packet's header itself, before any -m.
struct Selector {
  std::optional<AddressMask> source = {};
  std::optional<AddressMask> destination = {};
  bool source_inverted = false;
  bool destination_inverted = false;
  InterfacePattern in = {};
  InterfacePattern out = {};
  uint8_t protocol = 0;  // 0: any
  bool protocol_given = false;
  bool protocol_inverted = false;
  bool fragment = false;  // -f: a later fragment
  bool fragment_inverted = false;
};

struct MatchUse {
  const MatchType* type = nullptr;
  Options options = {};
};

// What a rule does when it matches: nothing but count, go to a chain (and come back, or not), or apply a target.
struct Jump {
  enum class Kind : uint8_t { None, Chain, Goto, Target };
  Kind kind = Kind::None;
  std::string chain = {};            // Chain, Goto
  const TargetType* type = nullptr;  // Target
  Options options = {};              // Target
};

struct Rule {
  Selector selector = {};
  std::vector<MatchUse> matches = {};
  Jump jump = {};
  Counters counters = {};
  uint32_t line = 0;
};

struct Chain {
  std::string name = {};
  std::optional<Hook> hook = {};  // a built-in chain's
  bool policy_drop = false;       // of a built-in chain
  Counters counters = {};         // of the policy
  uint32_t line = 0;              // of ":NAME"; 0 for a built-in chain that the file does not name
  std::vector<Rule> rules = {};
};

struct Table {
  std::string name = {};
  std::vector<Chain> chains = {};  // built-in chains first, in hook order, then user chains in the kernel's order
  Chain* chain(std::string_view name);
};

// One family's rules. Tables stand in the order in which iptables-save prints them.
struct Ruleset {
  Family family = Family::Ipv4;
  std::string file = {};
  std::vector<Table> tables = {};
  Table* table(std::string_view name);
};

// Reads iptables-save text (ip6tables-save with Ipv6) as iptables-restore does, and refuses what it or the kernel
// refuses, at the same line. All errors of the file are returned.
Results<Ruleset> read_ruleset(std::string_view text, std::string_view file, Family family, const Registry& registry);

// The canonical text. Counters: with `counters`, as iptables-save -c; else policies as [0:0].
std::string save_ruleset(const Ruleset& ruleset, bool counters);
// One rule without its counters: "-A INPUT -p tcp -j ACCEPT".
std::string rule_text(const Rule& rule, std::string_view chain, std::string_view table, Family family);

}  // namespace sallyport
