// What a ruleset needs beside its tables: the kernel loads connection tracking for these matches and targets (content
// is ours).

#include "engine/needs.h"

#include <fmt/format.h>

#include <algorithm>

#include "sallyport/helper.h"

namespace sallyport {
namespace {

constexpr std::string_view kMatches[] = {"state",     "conntrack", "connmark", "connbytes", "connlimit",
                                         "connlabel", "helper",    "cluster",  "content"};
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

// Null: the rule gives its connections no helper.
const Helper* helper_of(const Rule& rule, Family family) {
  if (rule.jump.kind != Jump::Kind::Target || rule.jump.type->name != "CT") return nullptr;
  const std::string& name = rule.jump.options["helper"].text;
  return name.empty() ? nullptr : find_helper(name, family, rule.selector.protocol);
}

}  // namespace

void add_warnings(const Ruleset& ruleset, std::vector<std::string>& warnings) {
  for (const Table& table : ruleset.tables) {
    for (const Chain& chain : table.chains) {
      for (const Rule& rule : chain.rules) {
        const Helper* helper = helper_of(rule, ruleset.family);
        if (helper == nullptr || helper->look != nullptr) continue;
        warnings.push_back(
            fmt::format("{}:{}: helper \"{}\" is given to connections, but does not read what they say yet",
                        ruleset.file, rule.line, helper->name));
      }
    }
  }
}

bool needs_conntrack(const Ruleset& ruleset) {
  for (const Table& table : ruleset.tables) {
    for (const Chain& chain : table.chains) {
      if (std::ranges::any_of(chain.rules, asks)) return true;
    }
  }
  return false;
}

}  // namespace sallyport
