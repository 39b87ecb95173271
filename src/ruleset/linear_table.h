// One table of one family, ready to run: the rules as an array that is walked from the top, as the kernel walks it.
//
// This walk is the meaning. Whatever is faster is measured against it and must agree with it. Where it has a set of
// patterns, rules that need one which the packet lacks are passed over; without a set, every rule is looked at.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ruleset/selector.h"
#include "sallyport/hook.h"
#include "sallyport/pattern_set.h"
#include "sallyport/ruleset.h"

namespace sallyport {

// Writes the line of a traced packet: "TRACE: TABLE:CHAIN:TYPE:NUMBER " and the packet. The engine knows how.
using TraceWriter = std::function<void(std::string_view prefix, const Packet& packet, HookContext& context)>;

// What the rules of a table share: who looks for their patterns (null: each match for itself), state by name.
struct TableShares {
  PatternSet* patterns = nullptr;  // this table's own
  StreamPatterns* streams = nullptr;
  SharedState* shared = nullptr;
  const ConnectionFinder* connections = nullptr;  // null where none are tracked
};

// Owns its matches and targets. One thread.
class LinearTable {
 public:
  // Makes the matches and targets; every rule that has no meaning yet is an error, by line. `table` and `shares` must
  // outlive this.
  static Results<std::unique_ptr<LinearTable>> compile(const Table& table, Family family, std::string_view file,
                                                       TraceWriter trace, TableShares shares = {});

  Verdict walk(Packet& packet, HookContext& context);

  // Writes the counters back into `table`, which is the one this was compiled from.
  void save_counters(Table& table) const;
  const std::string& name() const { return name_; }

 private:
  enum class Step : uint8_t { Next, Jump, Goto, Return, Accept, Drop, Target, Policy, ChainEnd };

  // What the walk touches of a rule, in one cache line.
  struct alignas(64) CompiledRule {
    CompiledSelector selector = {};
    Counters counters = {};
    Step step = Step::Next;
    bool drop_policy = false;
    uint16_t match_count = 0;
    uint32_t first_match = 0;
    uint32_t destination = 0;  // Jump, Goto: index of the chain's first rule; Target: index of the target
    uint32_t run = 0;          // of rules that each need a pattern: its number, from 1; 0: it stands in none
  };
  static_assert(sizeof(CompiledRule) == 64);
  // Where a rule stands, for people.
  struct RulePlace {
    uint32_t chain = 0;
    uint32_t number = 0;  // from 1; of the policy: one more than the chain has rules
    uint32_t line = 0;
  };
  // Neighbours each of which needs a pattern of the set: a packet without them passes over all of them at once.
  struct PatternRun {
    uint32_t end = 0;           // index of the rule behind it
    uint32_t patterns_end = 0;  // behind the last pattern of its rules
    bool asks_first = false;    // one of them has matches before that of its pattern
  };
  // The pattern that a rule needs; so many matches, which only read, come before that of the pattern.
  struct NeededPattern {
    uint32_t number = PatternSet::kNone;
    uint16_t before = 0;
  };
  // Of which runs a packet may pass over rules.
  enum class Pass : uint8_t { None, PatternFirst, Any };
  struct CompiledChain {
    std::string name;
    uint32_t first = 0;  // index of its first rule
    uint32_t end = 0;    // index of its policy or end
  };

  LinearTable() = default;
  class Compiler;

  const RulePlace& place_of(const CompiledRule& rule) const {
    return places_[static_cast<size_t>(&rule - rules_.data())];
  }
  // Inline: used by linear_table.cc alone.
  inline Met meets(const CompiledRule& rule, const Packet& packet, HookContext& context);
  inline Pass pass_for(const Packet& packet) const;
  inline bool reaches_pattern(uint32_t at, const Packet& packet, HookContext& context);
  inline uint32_t next_in_run(uint32_t at, const Packet& packet);
  inline Verdict walk_from(uint32_t at, uint32_t base, Packet& packet, HookContext& context);
  static Verdict verdict_of(const Action& action);
  Verdict finish(const CompiledRule& rule, Verdict verdict, HookContext& context) const;
  void trace_rule(const CompiledRule& rule, const Packet& packet, HookContext& context) const;

  std::string name_;
  Family family_ = Family::Ipv4;
  std::vector<CompiledRule> rules_;
  std::vector<RulePlace> places_;  // by rule
  std::vector<CompiledChain> chains_;
  std::vector<std::unique_ptr<Match>> matches_;
  std::vector<std::unique_ptr<Target>> targets_;
  std::array<int32_t, kHooks> entry_ = {-1, -1, -1, -1, -1};  // first rule of the hook's chain
  std::array<uint32_t, kHooks> policy_ = {};
  uint32_t depth_ = 0;           // deepest nesting of jumps
  std::vector<uint32_t> stack_;  // return addresses of all walks under way
  uint32_t stack_base_ = 0;
  TraceWriter trace_;
  PatternSet* patterns_ = nullptr;
  std::vector<PatternRun> runs_;
  std::vector<NeededPattern> needed_;      // by rule
  std::vector<uint32_t> rule_of_pattern_;  // by pattern
};

}  // namespace sallyport
