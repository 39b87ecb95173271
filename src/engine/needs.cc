// What a ruleset needs beside its tables: the kernel loads connection tracking for these matches and targets.

#include "engine/needs.h"

#include <algorithm>

namespace sallyport {
namespace {

constexpr std::string_view kMatches[] = {"state",     "conntrack", "connmark", "connbytes",
                                         "connlimit", "connlabel", "helper",   "cluster"};
constexpr std::string_view kTargets[] = {"CONNMARK", "SYNPROXY", "MASQUERADE", "SNAT",
                                         "DNAT",     "REDIRECT", "NETMAP",     "CONNSECMARK"};

bool asks(const Rule& rule) {
  const auto is_one = [](const MatchUse& use) {
    return std::ranges::find(kMatches, use.type->name) != std::end(kMatches);
  };
  if (std::ranges::any_of(rule.matches, is_one)) return true;
  if (rule.jump.kind != Jump::Kind::Target) return false;
  const std::string_view target = rule.jump.type->name;
  return std::ranges::find(kTargets, target) != std::end(kTargets) ||
         (target == "CT" && !rule.jump.options.has("notrack"));
}

}  // namespace

bool needs_conntrack(const Ruleset& ruleset) {
  for (const Table& table : ruleset.tables) {
    for (const Chain& chain : table.chains) {
      if (std::ranges::any_of(chain.rules, asks)) return true;
    }
  }
  return false;
}

}  // namespace sallyport
