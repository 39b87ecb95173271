// Tables to iptables-save text, letter by letter as iptables-legacy-save prints it.

#include <fmt/format.h>

#include "ruleset/selector_text.h"
#include "sallyport/ruleset.h"

namespace sallyport {
namespace {

template <class Type>
void print_extension(const Type& type, const Options& options, const RuleContext& context, std::string& out) {
  if (type.save != nullptr) {
    type.save(options, context, out);
  } else {
    print_options(options, context, out);
  }
}

void print_rule(const Rule& rule, std::string_view chain, std::string_view table, Family family, std::string& out) {
  const RuleContext context = {.family = family,
                               .protocol = rule.selector.protocol,
                               .protocol_inverted = rule.selector.protocol_inverted,
                               .table = table,
                               .chain = chain};
  out += fmt::format("-A {}", chain);
  print_selector(rule.selector, family, out);
  for (const MatchUse& use : rule.matches) {
    out += fmt::format(" -m {}", use.type->name);
    print_extension(*use.type, use.options, context, out);
  }
  switch (rule.jump.kind) {
    case Jump::Kind::None:
      break;
    case Jump::Kind::Chain:
      out += " -j " + rule.jump.chain;
      break;
    case Jump::Kind::Goto:
      out += " -g " + rule.jump.chain;
      break;
    case Jump::Kind::Target:
      out += fmt::format(" -j {}", rule.jump.type->name);
      print_extension(*rule.jump.type, rule.jump.options, context, out);
      break;
  }
}

void print_table(const Table& table, Family family, bool counters, std::string& out) {
  out += fmt::format("*{}\n", table.name);
  for (const Chain& chain : table.chains) {
    const Counters shown = counters && chain.hook ? chain.counters : Counters{};
    const std::string_view policy = !chain.hook ? "-" : chain.policy_drop ? "DROP" : "ACCEPT";
    out += fmt::format(":{} {} [{}:{}]\n", chain.name, policy, shown.packets, shown.bytes);
  }
  for (const Chain& chain : table.chains) {
    for (const Rule& rule : chain.rules) {
      if (counters) out += fmt::format("[{}:{}] ", rule.counters.packets, rule.counters.bytes);
      print_rule(rule, chain.name, table.name, family, out);
      out += '\n';
    }
  }
  out += "COMMIT\n";
}

}  // namespace

std::string rule_text(const Rule& rule, std::string_view chain, std::string_view table, Family family) {
  std::string out;
  print_rule(rule, chain, table, family, out);
  return out;
}

std::string save_ruleset(const Ruleset& ruleset, bool counters) {
  std::string out;
  for (const Table& table : ruleset.tables) print_table(table, ruleset.family, counters, out);
  return out;
}

}  // namespace sallyport
