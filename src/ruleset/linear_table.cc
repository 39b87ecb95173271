// The linear walk. Counterpart of ipt_do_table() and ip6t_do_table() in net/ipv{4,6}/netfilter/ip{,6}_tables.c.

#include "ruleset/linear_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "ruleset/structure.h"
#include "sallyport/reads_only.h"

namespace sallyport {
namespace {

// REJECT's answers walk the tables while the walk that made them is under way; nothing nests deeper than this.
constexpr uint32_t kMostNestedWalks = 8;

// As ReadsOnly says it.
bool has_whole_header(const Packet& packet) {
  constexpr uint32_t kLeast = 20, kOthers = 8;
  if (packet.protocol != kTcp) return packet.transport(kOthers) != nullptr;
  const uint8_t* const tcp = packet.transport(kLeast);
  if (tcp == nullptr) return false;
  const uint32_t bytes = (tcp[12] >> 4) * 4u;
  return bytes >= kLeast && packet.transport(bytes) != nullptr;
}

}  // namespace

Met LinearTable::meets(const CompiledRule& rule, const Packet& packet, HookContext& context) {
  const Met met = rule.selector.meets(packet, context);
  if (met != Met::Yes) return met;
  for (uint32_t i = 0; i < rule.match_count; ++i) {
    if (!matches_[rule.first_match + i]->matches(packet, context)) {
      return context.drop_packet ? Met::DropPacket : Met::No;
    }
  }
  return Met::Yes;
}

// Where rules are passed over, none of them may be one that asks for the packet to be dropped: for the protocol that it
// wants to see (selector.cc), for the header that it wants to read (ReadsOnly).
LinearTable::Pass LinearTable::pass_for(const Packet& packet) const {
  if (patterns_ == nullptr || runs_.empty() || packet.transport_state == Transport::Missing ||
      !patterns_->answers(packet)) {
    return Pass::None;
  }
  return has_whole_header(packet) ? Pass::Any : Pass::PatternFirst;
}

// Whether the packet would be searched here, if it has not been.
bool LinearTable::reaches_pattern(uint32_t at, const Packet& packet, HookContext& context) {
  const CompiledRule& rule = rules_[at];
  if (rule.selector.meets(packet, context) != Met::Yes) return false;
  const auto first = matches_.begin() + rule.first_match;
  return std::all_of(first, first + needed_[at].before,
                     [&](const auto& match) { return match->matches(packet, context); });
}

// The first rule from `at` on, within its run, whose pattern the packet holds; what is behind the run where there is
// none. Rules that are passed over would not have held, and what stands in front of their patterns changes nothing.
uint32_t LinearTable::next_in_run(uint32_t at, const Packet& packet) {
  const PatternRun& run = runs_[rules_[at].run - 1];
  const uint32_t held = patterns_->first_held(needed_[at].number, run.patterns_end, packet);
  return held == run.patterns_end ? run.end : rule_of_pattern_[held];
}

void LinearTable::trace_rule(const CompiledRule& rule, const Packet& packet, HookContext& context) const {
  if (!trace_) return;
  // The kernel shows a RETURN at the end of a user chain as "return", the policy as "policy".
  const std::string_view type = rule.step == Step::Policy                                  ? "policy"
                                : rule.step == Step::ChainEnd || rule.step == Step::Return ? "return"
                                                                                           : "rule";
  const RulePlace& place = place_of(rule);
  trace_(fmt::format("TRACE: {}:{}:{}:{} ", name_, chains_[place.chain].name, type, place.number), packet, context);
}

Verdict LinearTable::finish(const CompiledRule& rule, Verdict verdict, HookContext& context) const {
  const bool policy = rule.step == Step::Policy;
  const RulePlace& place = place_of(rule);
  context.decision = {
      .table = name_, .chain = chains_[place.chain].name, .line = place.line, .rule_number = policy ? 0 : place.number};
  return verdict;
}

Verdict LinearTable::walk(Packet& packet, HookContext& context) {
  const int32_t entry = entry_[static_cast<size_t>(context.hook)];
  if (entry < 0) return Verdict::accept();
  if (patterns_ != nullptr) patterns_->forget();
  // Without jumps nothing is kept on the stack.
  if (depth_ == 0) return walk_from(static_cast<uint32_t>(entry), 0, packet, context);
  const uint32_t base = stack_base_;
  if (base + depth_ > stack_.size()) return Verdict::drop();
  stack_base_ = base + depth_;
  const Verdict verdict = walk_from(static_cast<uint32_t>(entry), base, packet, context);
  stack_base_ = base;
  return verdict;
}

Verdict LinearTable::walk_from(uint32_t at, const uint32_t base, Packet& packet, HookContext& context) {
  uint32_t top = base;
  context.drop_packet = false;
  Pass pass = pass_for(packet);
  bool searched = false;  // or about to be
  while (true) {
    CompiledRule& rule = rules_[at];
    // A match may hold and still want the packet dropped (an inverted one): then its rule has counted and acted.
    if (context.drop_packet) [[unlikely]]
      return finish(rule, Verdict::drop(), context);
    if (rule.run != 0 && pass != Pass::None && (pass == Pass::Any || !runs_[rule.run - 1].asks_first)) {
      // No packet is searched for the sake of rules whose ports it does not have.
      searched = searched || !runs_[rule.run - 1].asks_first || reaches_pattern(at, packet, context);
      const uint32_t next = searched ? next_in_run(at, packet) : at + 1;
      if (next != at) {
        at = next;
        continue;
      }
    }
    const Met met = meets(rule, packet, context);
    if (met == Met::No) {
      ++at;
      continue;
    }
    if (met == Met::DropPacket) return finish(rule, Verdict::drop(), context);
    ++rule.counters.packets;
    rule.counters.bytes += packet.length;
    if (packet.traced) [[unlikely]]
      trace_rule(rule, packet, context);
    if (context.drop_packet) [[unlikely]] {
      // A match behind "!" holds where it could not judge: the rule counts and acts, then the packet is gone.
      if (rule.step == Step::Target) targets_[rule.destination]->apply(packet, context);
      return finish(rule, Verdict::drop(), context);
    }
    switch (rule.step) {
      case Step::Next:
        ++at;
        break;
      case Step::Jump:
        stack_[top++] = at + 1;
        [[fallthrough]];
      case Step::Goto:
        at = rule.destination;
        break;
      case Step::Return:
      case Step::ChainEnd:
        at = top == base ? policy_[static_cast<size_t>(context.hook)] : stack_[--top];
        break;
      case Step::Accept:
        return context.drop_packet ? finish(rule, Verdict::drop(), context) : Verdict::accept();
      case Step::Drop:
        return finish(rule, Verdict::drop(), context);
      case Step::Policy:
        return rule.drop_policy ? finish(rule, Verdict::drop(), context) : Verdict::accept();
      case Step::Target: {
        const Action action = targets_[rule.destination]->apply(packet, context);
        if (patterns_ != nullptr) {
          patterns_->forget();
          pass = pass_for(packet);
          searched = false;
        }
        if (action.kind == Action::Kind::Continue) {
          ++at;
        } else if (action.kind == Action::Kind::Return) {
          at = top == base ? policy_[static_cast<size_t>(context.hook)] : stack_[--top];
        } else {
          return finish(rule, verdict_of(action), context);
        }
        break;
      }
    }
  }
}

Verdict LinearTable::verdict_of(const Action& action) {
  switch (action.kind) {
    case Action::Kind::Accept:
      return Verdict::accept();
    case Action::Kind::Stolen:
      return Verdict::stolen();
    case Action::Kind::Queue:
      return Verdict::queued(action.queue, action.bypass);
    default:
      return Verdict::drop();
  }
}

void LinearTable::save_counters(Table& table) const {
  for (const CompiledRule& rule : rules_) {
    const RulePlace& place = place_of(rule);
    Chain& chain = table.chains[place.chain];
    if (rule.step == Step::Policy) {
      chain.counters = rule.counters;
    } else if (rule.step != Step::ChainEnd) {
      chain.rules[place.number - 1].counters = rule.counters;
    }
  }
}

// Lays the chains out one behind the other, each closed by its policy or end.
class LinearTable::Compiler {
 public:
  Compiler(const Table& source, Family family, std::string_view file, TableShares shares)
      : source_(source), family_(family), file_(file), shares_(shares) {}

  Results<std::unique_ptr<LinearTable>> compile(TraceWriter trace) {
    table_->name_ = source_.name;
    table_->family_ = family_;
    table_->trace_ = std::move(trace);
    table_->patterns_ = shares_.patterns;
    hooks_ = reachable_hooks(source_);
    place_chains();
    for (size_t i = 0; i < source_.chains.size(); ++i) add_chain(i);
    if (!errors_.empty()) return std::unexpected(std::move(errors_));
    table_->depth_ = deepest_nesting(source_);
    table_->stack_.resize(static_cast<size_t>(table_->depth_) * kMostNestedWalks);
    return std::move(table_);
  }

 private:
  void place_chains() {
    uint32_t next = 0;
    for (const Chain& chain : source_.chains) {
      const uint32_t end = next + static_cast<uint32_t>(chain.rules.size());
      table_->chains_.push_back({.name = chain.name, .first = next, .end = end});
      if (chain.hook) {
        table_->entry_[static_cast<size_t>(*chain.hook)] = static_cast<int32_t>(next);
        table_->policy_[static_cast<size_t>(*chain.hook)] = end;
      }
      first_rule_.emplace(chain.name, next);
      next = end + 1;
    }
    table_->rules_.reserve(next);
  }

  void add_chain(size_t index) {
    const Chain& chain = source_.chains[index];
    uint32_t number = 0;
    in_run_ = false;
    for (const Rule& rule : chain.rules) {
      CompiledRule compiled;
      table_->places_.push_back({static_cast<uint32_t>(index), ++number, rule.line});
      compiled.counters = rule.counters;
      compiled.selector = CompiledSelector(rule.selector, family_);
      add_matches(rule, chain, hooks_[index], compiled);
      add_jump(rule, chain, hooks_[index], compiled);
      add_to_run(compiled);
      table_->rules_.push_back(std::move(compiled));
    }
    table_->places_.push_back({static_cast<uint32_t>(index), number + 1, chain.line});
    table_->needed_.push_back({});
    table_->rules_.push_back({.counters = chain.counters,
                              .step = chain.hook ? Step::Policy : Step::ChainEnd,
                              .drop_policy = chain.policy_drop});
  }

  // A rule that needs a pattern joins the run of the one before it, or begins one.
  void add_to_run(CompiledRule& rule) {
    const NeededPattern needed = errors_.empty() ? needed_by(rule) : NeededPattern{};
    const auto index = static_cast<uint32_t>(table_->rules_.size());
    const bool joins = in_run_;
    in_run_ = needed.number != PatternSet::kNone;
    table_->needed_.push_back(needed);
    if (!in_run_) return;
    if (!joins) table_->runs_.push_back({});
    PatternRun& run = table_->runs_.back();
    run = {.end = index + 1, .patterns_end = needed.number + 1, .asks_first = run.asks_first || needed.before != 0};
    table_->rule_of_pattern_.resize(needed.number + size_t{1}, index);
    rule.run = static_cast<uint32_t>(table_->runs_.size());
  }

  // Matches that only read may come before it.
  NeededPattern needed_by(const CompiledRule& rule) const {
    for (uint16_t i = 0; i < rule.match_count; ++i) {
      const Match& match = *table_->matches_[rule.first_match + i];
      if (match.needed_pattern() != PatternSet::kNone) return {.number = match.needed_pattern(), .before = i};
      if (dynamic_cast<const ReadsOnly*>(&match) == nullptr) break;
    }
    return {};
  }

  RuleContext context_of(const Rule& rule, const Chain& chain, uint8_t hooks) const {
    return {.family = family_,
            .protocol = rule.selector.protocol,
            .protocol_inverted = rule.selector.protocol_inverted,
            .table = source_.name,
            .chain = chain.name,
            .hooks = hooks,
            .line = rule.line,
            .patterns = shares_.patterns,
            .shared = shares_.shared,
            .streams = shares_.streams,
            .connections = shares_.connections};
  }

  void refuse(const Rule& rule, Error error) {
    error.file = file_;
    error.line = rule.line;
    errors_.push_back(std::move(error));
  }

  void add_matches(const Rule& rule, const Chain& chain, uint8_t hooks, CompiledRule& compiled) {
    compiled.first_match = static_cast<uint32_t>(table_->matches_.size());
    compiled.match_count = static_cast<uint16_t>(rule.matches.size());
    for (const MatchUse& use : rule.matches) {
      if (use.type->create == nullptr) {
        refuse(rule, {.what = fmt::format("-m {} can be read and saved, but not run yet", use.type->name)});
        continue;
      }
      auto match = use.type->create(use.options, context_of(rule, chain, hooks));
      if (!match) {
        refuse(rule, match.error());
      } else {
        table_->matches_.push_back(std::move(*match));
      }
    }
  }

  void add_jump(const Rule& rule, const Chain& chain, uint8_t hooks, CompiledRule& compiled) {
    if (rule.jump.kind == Jump::Kind::None) return;
    if (rule.jump.kind != Jump::Kind::Target) {
      compiled.step = rule.jump.kind == Jump::Kind::Goto ? Step::Goto : Step::Jump;
      compiled.destination = first_rule_.at(rule.jump.chain);
      return;
    }
    const TargetType& type = *rule.jump.type;
    if (type.name == "ACCEPT" || type.name == "DROP" || type.name == "RETURN") {
      compiled.step = type.name == "ACCEPT" ? Step::Accept : type.name == "DROP" ? Step::Drop : Step::Return;
      return;
    }
    if (type.create == nullptr) {
      refuse(rule, {.what = fmt::format("-j {} can be read and saved, but not run yet", type.name)});
      return;
    }
    auto target = type.create(rule.jump.options, context_of(rule, chain, hooks));
    if (!target) return refuse(rule, target.error());
    compiled.step = Step::Target;
    compiled.destination = static_cast<uint32_t>(table_->targets_.size());
    table_->targets_.push_back(std::move(*target));
  }

  const Table& source_;
  Family family_;
  std::string file_;
  TableShares shares_;
  std::unique_ptr<LinearTable> table_{new LinearTable};
  std::vector<uint8_t> hooks_;
  std::unordered_map<std::string_view, uint32_t> first_rule_;
  bool in_run_ = false;
  Errors errors_;
};

Results<std::unique_ptr<LinearTable>> LinearTable::compile(const Table& table, Family family, std::string_view file,
                                                           TraceWriter trace, TableShares shares) {
  return Compiler(table, family, file, shares).compile(std::move(trace));
}

}  // namespace sallyport
