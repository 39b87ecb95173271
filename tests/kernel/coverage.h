// How often each option of each match was found true and found false, and each option of each target applied. A
// generator that never meets a condition proves nothing about it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sallyport/ruleset.h"

namespace sallyport::kernel {

// Counts what the engine evaluates, while it does. Rules are given counting matches in place of their own, and further
// ones that look on where a rule begins and where it acts; the engine itself knows nothing of it.
class Coverage {
 public:
  Coverage();

  // To be done before an engine is made of `rules`. This object must outlive the engine, and stay where it is.
  void watch(Ruleset& rules);
  // Takes out what `watch` put in. Counters stay, so the rules can be saved.
  static void unwatch(Ruleset& rules);

  // How often since the last call something was met that had been met less than `kRare` times before.
  static constexpr uint64_t kRare = 4;
  uint64_t take_rare() { return std::exchange(rare_, 0); }

  // A line for each option, those below `enough` marked.
  std::string table(uint64_t enough) const;
  // How many were true, or false, less than `enough` times although they could be.
  size_t lacking(uint64_t enough) const;

  // An option, with or without "!". By family and by what it was found: false, true. A target's option counts as true
  // when it is applied.
  struct Row {
    std::array<std::array<uint64_t, 2>, 2> counts = {};
    bool is_condition = true;
    std::string_view remark = {};  // why it cannot be both

    uint64_t sum(bool held) const { return counts[0][held] + counts[1][held]; }
    // Of true and false the rarer, where both count.
    uint64_t least() const { return is_condition ? std::min(sum(true), sum(false)) : sum(true); }
  };
  void count(Row& row, Family family, bool held) {
    if (row.counts[static_cast<size_t>(family)][held]++ < kRare) ++rare_;
  }

  // What one of the added matches stands for.
  struct Watch {
    Coverage* coverage = nullptr;
    Family family = Family::Ipv4;
    MatchUse use = {};
    std::vector<std::pair<Row*, Selector>> conditions = {};
    std::vector<Row*> applied = {};
  };

 private:
  Row& condition(const std::string& name) { return rows_[name]; }
  Row& action(const std::string& name);
  void list(const MatchType& type);
  void list(const TargetType& type);
  void list_answers(const TargetType& type);
  MatchUse use_of(const MatchType& type, Watch watch);
  void watch_match(MatchUse& use, Family family);
  Watch selector_watch(const Selector& selector, Family family);
  Watch jump_watch(const Jump& jump, const RuleContext& context);

  std::map<std::string, Row> rows_;
  std::deque<Watch> watches_;
  uint64_t rare_ = 0;
};

}  // namespace sallyport::kernel
