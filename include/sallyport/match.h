// A match: the condition behind -m NAME.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "sallyport/hook.h"
#include "sallyport/options.h"
#include "sallyport/pattern_set.h"

namespace sallyport {

// One condition of one rule. Owned by its table. `matches` is called by one thread at a time; a match with a state of
// its own (limit, statistic) changes it there.
class Match {
 public:
  virtual ~Match() = default;
  // Never throws, never allocates once warm. May set context.drop_packet (and return false).
  virtual bool matches(const Packet& packet, HookContext& context) = 0;
  // The pattern of its table's set without which it does not hold, whatever else the packet is: a rule in which nothing
  // but ReadsOnly matches stands before this one need not be looked at where the set answers that the packet lacks it.
  // Asked once, while rules are compiled; not of a module's match, which is guarded.
  virtual uint32_t needed_pattern() const { return PatternSet::kNone; }
};

// In which family a match or target exists.
enum class Families : uint8_t { Both, Ipv4Only, Ipv6Only };
constexpr bool exists_in(Families families, Family family) {
  return families == Families::Both || (families == Families::Ipv4Only) == (family == Family::Ipv4);
}

// Describes -m NAME. A constant: made once by the function that the file exports, kept by the Registry.
struct MatchType {
  std::string_view name = {};
  Families families = Families::Both;
  std::vector<OptionSpec> options = {};
  bool implied = false;      // -p PROTOCOL loads it by itself when one of its options is used
  bool exactly_one = false;  // of all options
  bool at_least_one = false;
  std::vector<uint8_t> protocols = {};                     // -p must be one of these, not inverted; empty: any
  std::vector<std::string_view> tables = {};               // where it may stand; empty: in every table
  uint8_t hooks = kAllHooks;                               // from where it may be reached
  uint8_t (*hooks_for)(const Options& options) = nullptr;  // where its options narrow `hooks`
  // Looks at the options together once they are read; what it refuses is an error at the rule's line.
  Result<void> (*check)(Options& options, const RuleContext& rule) = nullptr;
  // Prints all options, where print_options does not do.
  void (*save)(const Options& options, const RuleContext& rule, std::string& out) = nullptr;
  // Makes the condition. Null: the text is known but not the meaning; such a rule can be saved, not run.
  std::function<Result<std::unique_ptr<Match>>(const Options& options, const RuleContext& rule)> create = nullptr;
  std::string_view summary = {};
};

}  // namespace sallyport
