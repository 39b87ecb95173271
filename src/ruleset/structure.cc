// What the kernel checks of a whole table when it is committed. Counterpart of mark_source_chains() in
// net/ipv4/netfilter/ip_tables.c and of xt_check_match/xt_check_target.

#include "ruleset/structure.h"

#include <fmt/format.h>

#include <bit>
#include <unordered_map>

namespace sallyport {
namespace {

std::unordered_map<std::string_view, size_t> chain_indexes(const Table& table) {
  std::unordered_map<std::string_view, size_t> indexes;
  for (size_t i = 0; i < table.chains.size(); ++i) indexes.emplace(table.chains[i].name, i);
  return indexes;
}

bool jumps(const Rule& rule) { return rule.jump.kind == Jump::Kind::Chain || rule.jump.kind == Jump::Kind::Goto; }

// Walks the chains depth first without recursion; a jump into a chain that is still on the way closes a loop.
class LoopFinder {
 public:
  LoopFinder(const Table& table, std::string_view file, Errors& errors)
      : table_(table), file_(file), errors_(errors), indexes_(chain_indexes(table)), state_(table.chains.size()) {}

  void find() {
    for (size_t i = 0; i < table_.chains.size(); ++i) {
      if (table_.chains[i].hook) walk(i);
    }
  }

 private:
  enum class State : uint8_t { New, OnTheWay, Done };
  struct Step {
    size_t chain;
    size_t rule;
  };

  void walk(size_t start) {
    if (state_[start] != State::New) return;
    std::vector<Step> way = {{start, 0}};
    state_[start] = State::OnTheWay;
    while (!way.empty()) {
      Step& step = way.back();
      const Chain& chain = table_.chains[step.chain];
      if (step.rule == chain.rules.size()) {
        state_[step.chain] = State::Done;
        way.pop_back();
        continue;
      }
      const Rule& rule = chain.rules[step.rule++];
      if (!jumps(rule)) continue;
      const size_t next = indexes_.at(rule.jump.chain);
      if (state_[next] == State::OnTheWay) {
        errors_.push_back({.what = fmt::format("the jump to {} closes a loop", rule.jump.chain),
                           .expected = "chains that end",
                           .file = std::string(file_),
                           .line = rule.line});
      } else if (state_[next] == State::New) {
        state_[next] = State::OnTheWay;
        way.push_back({next, 0});
      }
    }
  }

  const Table& table_;
  std::string_view file_;
  Errors& errors_;
  std::unordered_map<std::string_view, size_t> indexes_;
  std::vector<State> state_;
};

std::string hook_list(uint8_t hooks) {
  std::string list;
  for (size_t i = 0; i < kHooks; ++i) {
    const auto hook = static_cast<Hook>(i);
    if ((hooks & hook_bit(hook)) == 0) continue;
    if (!list.empty()) list += ", ";
    list += hook_name(hook);
  }
  return list;
}

}  // namespace

std::vector<uint8_t> reachable_hooks(const Table& table) {
  const auto indexes = chain_indexes(table);
  std::vector<uint8_t> hooks(table.chains.size());
  std::vector<size_t> changed;
  for (size_t i = 0; i < table.chains.size(); ++i) {
    if (!table.chains[i].hook) continue;
    hooks[i] = hook_bit(*table.chains[i].hook);
    changed.push_back(i);
  }
  while (!changed.empty()) {
    const size_t from = changed.back();
    changed.pop_back();
    for (const Rule& rule : table.chains[from].rules) {
      if (!jumps(rule)) continue;
      const size_t to = indexes.at(rule.jump.chain);
      if ((hooks[from] & ~hooks[to]) == 0) continue;
      hooks[to] |= hooks[from];
      changed.push_back(to);
    }
  }
  return hooks;
}

uint32_t deepest_nesting(const Table& table) {
  // Every user chain is entered once at most on the way to any rule.
  uint32_t user_chains = 0;
  for (const Chain& chain : table.chains) user_chains += !chain.hook;
  return user_chains;
}

void check_structure(const Table& table, std::string_view file, Errors& errors) {
  LoopFinder(table, file, errors).find();
  const std::vector<uint8_t> hooks = reachable_hooks(table);
  for (size_t i = 0; i < table.chains.size(); ++i) {
    for (const Rule& rule : table.chains[i].rules) {
      const auto check = [&](const auto& type, const Options& options) {
        const uint8_t allowed = type.hooks_for != nullptr ? type.hooks_for(options) : type.hooks;
        const auto refused = static_cast<uint8_t>(hooks[i] & ~allowed);
        if (refused == 0) return;
        errors.push_back({.what = fmt::format("{} cannot be reached from {}", type.name, hook_list(refused)),
                          .expected = fmt::format("it only where {} lead", hook_list(allowed)),
                          .file = std::string(file),
                          .line = rule.line});
      };
      for (const MatchUse& use : rule.matches) check(*use.type, use.options);
      if (rule.jump.kind == Jump::Kind::Target) check(*rule.jump.type, rule.jump.options);
    }
  }
}

}  // namespace sallyport
