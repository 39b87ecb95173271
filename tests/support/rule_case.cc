// One rule and what it makes of packets.

#include "support/rule_case.h"

#include <cstdio>
#include <cstdlib>

#include "sallyport/registry.h"

namespace sallyport::test {
namespace {

[[noreturn]] void give_up(std::string_view rule, const Errors& errors) {
  std::fprintf(stderr, "tests/support/rule_case: %s: %.*s\n", errors.front().text().c_str(),
               static_cast<int>(rule.size()), rule.data());
  std::abort();
}

Ruleset read(std::string_view rule, Family family) {
  const std::string text = "*raw\n-A PREROUTING " + std::string(rule) + "\nCOMMIT\n";
  auto ruleset = read_ruleset(text, "", family, builtin_registry());
  if (!ruleset) give_up(rule, ruleset.error());
  return std::move(*ruleset);
}

}  // namespace

std::ostream& operator<<(std::ostream& out, Judged judged) {
  constexpr std::string_view kNames[] = {"No", "Yes", "Dropped"};
  return out << kNames[static_cast<size_t>(judged)];
}

RuleCase::RuleCase(std::string_view rule, Family family, const Router* router)
    : router_(router), ruleset_(read(rule, family)) {
  auto table = LinearTable::compile(ruleset_.tables.front(), family, "", {}, {.shared = &shared});
  if (!table) give_up(rule, table.error());
  table_ = std::move(*table);
}

Judged RuleCase::judge(const Packet& packet) {
  Packet copy = packet.clone();
  copy.in = in;
  HookContext context;
  context.hook = Hook::Prerouting;
  context.in = in;
  context.router = router_;
  context.clock = &clock;
  context.random = &random;
  Chain& chain = *ruleset_.tables.front().chain("PREROUTING");
  const uint64_t before = chain.rules.front().counters.packets;
  const Verdict verdict = table_->walk(copy, context);
  table_->save_counters(ruleset_.tables.front());
  if (verdict == Verdict::drop()) return Judged::Dropped;
  return chain.rules.front().counters.packets == before ? Judged::No : Judged::Yes;
}

Judged judge(std::string_view rule, const Packet& packet) { return RuleCase(rule, packet.family).judge(packet); }

}  // namespace sallyport::test
