// What a ruleset needs beside its tables: the kernel loads connection tracking for these matches and targets (content
// is ours).

#include "engine/needs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "sallyport/helper.h"

namespace sallyport {
namespace {

constexpr std::string_view kMatches[] = {"state",     "conntrack", "connmark", "connbytes", "connlimit",
                                         "connlabel", "helper",    "cluster",  "content"};
constexpr std::string_view kTargets[] = {"CONNMARK", "SYNPROXY", "CONNSECMARK"};
constexpr std::string_view kMappingTargets[] = {"MASQUERADE", "SNAT", "DNAT", "REDIRECT", "NETMAP"};

bool is_mapping(const Rule& rule) {
  return rule.jump.kind == Jump::Kind::Target &&
         std::ranges::find(kMappingTargets, rule.jump.type->name) != std::end(kMappingTargets);
}

bool has_match(const Rule& rule, std::span<const std::string_view> names) {
  return std::ranges::any_of(
      rule.matches, [&](const MatchUse& use) { return std::ranges::find(names, use.type->name) != names.end(); });
}

bool asks(const Rule& rule) {
  if (has_match(rule, kMatches) || is_mapping(rule)) return true;
  if (rule.jump.kind != Jump::Kind::Target) return false;
  const std::string_view target = rule.jump.type->name;
  return std::ranges::find(kTargets, target) != std::end(kTargets) ||
         (target == "CT" && !rule.jump.options.has("notrack"));
}

// Null: the rule gives its connections no helper.
const Helper* helper_of(const Rule& rule, Family family, const HelperFinder& find) {
  if (rule.jump.kind != Jump::Kind::Target || rule.jump.type->name != "CT") return nullptr;
  const std::string& name = rule.jump.options["helper"].text;
  return name.empty() ? nullptr : find(name, family, rule.selector.protocol);
}

bool any_rule(const Ruleset& ruleset, bool (*is_one)(const Rule& rule)) {
  return std::ranges::any_of(ruleset.tables, [&](const Table& table) {
    return std::ranges::any_of(table.chains,
                               [&](const Chain& chain) { return std::ranges::any_of(chain.rules, is_one); });
  });
}

}  // namespace

void add_warnings(const Ruleset& ruleset, const HelperFinder& find, std::vector<std::string>& warnings) {
  const bool maps = any_rule(ruleset, is_mapping);
  for (const Table& table : ruleset.tables) {
    for (const Chain& chain : table.chains) {
      for (const Rule& rule : chain.rules) {
        const Helper* helper = helper_of(rule, ruleset.family, find);
        if (helper == nullptr) continue;
        const auto warn = [&](std::string_view what) {
          warnings.push_back(fmt::format("{}:{}: helper \"{}\" {}", ruleset.file, rule.line, helper->name, what));
        };
        if (helper->look == nullptr) warn("is given to connections, but does not read what they say yet");
        if (maps && helper->leaves_mapped_alone) {
          warn("does not write anew yet what a mapped connection says: addresses and ports in its payload stay");
        }
      }
    }
  }
}

bool needs_conntrack(const Ruleset& ruleset) { return any_rule(ruleset, asks); }

bool needs_accounts(const Ruleset& ruleset) {
  return any_rule(ruleset, [](const Rule& rule) { return has_match(rule, std::array{std::string_view("connbytes")}); });
}

bool needs_labels(const Ruleset& ruleset) {
  return any_rule(ruleset, [](const Rule& rule) { return has_match(rule, std::array{std::string_view("connlabel")}); });
}

}  // namespace sallyport
