// A target: the action behind -j NAME.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "sallyport/hook.h"
#include "sallyport/match.h"
#include "sallyport/options.h"

namespace sallyport {

// What a target makes of the walk.
struct Action {
  enum class Kind : uint8_t { Drop, Accept, Continue, Return, Stolen, Queue };
  Kind kind = Kind::Drop;
  bool bypass = false;
  uint16_t queue = 0;

  static constexpr Action drop() { return {}; }
  static constexpr Action accept() { return {.kind = Kind::Accept}; }
  static constexpr Action go_on() { return {.kind = Kind::Continue}; }
};

// One action of one rule. Owned by its table.
class Target {
 public:
  virtual ~Target() = default;
  // Never throws, never allocates once warm.
  virtual Action apply(Packet& packet, HookContext& context) = 0;
};

// Describes -j NAME, as MatchType does -m NAME.
struct TargetType {
  std::string_view name = {};
  Families families = Families::Both;
  std::vector<OptionSpec> options = {};
  bool exactly_one = false;
  bool at_least_one = false;
  std::vector<uint8_t> protocols = {};                     // -p must be one of these, not inverted
  std::vector<std::string_view> tables = {};               // where it may stand; empty: in every table
  uint8_t hooks = kAllHooks;                               // from where it may be reached
  uint8_t (*hooks_for)(const Options& options) = nullptr;  // where its options narrow `hooks`
  Result<void> (*check)(Options& options, const RuleContext& rule) = nullptr;
  void (*save)(const Options& options, const RuleContext& rule, std::string& out) = nullptr;
  std::function<Result<std::unique_ptr<Target>>(const Options& options, const RuleContext& rule)> create = nullptr;
  std::string_view summary = {};
};

}  // namespace sallyport
