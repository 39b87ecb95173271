// -j SET: adds the packet to sets of ipset, takes it out, or takes marks from them. Counterpart of
// net/netfilter/xt_set.c.

#include <fmt/format.h>

#include "sallyport/set_text.h"
#include "target/targets.h"

namespace sallyport {
namespace {

// The largest is "no timeout".
constexpr uint64_t kLongestTimeout = UINT32_MAX - 1;

constexpr std::string_view kMapFlags[] = {"map-mark", "map-prio", "map-queue"};

Result<void> check(Options& options, const RuleContext& rule) {
  const bool adds = options.has("add-set"), maps = options.has("map-set");
  if (!adds && !maps && !options.has("del-set")) return fail("SET names no set", "--add-set, --del-set or --map-set");
  for (const std::string_view name : {"exist", "timeout"}) {
    if (options.has(name) && !adds) return fail(fmt::format("--{} is of --add-set only", name), "--add-set with it");
  }
  bool flagged = false;
  for (const std::string_view name : kMapFlags) flagged = flagged || options.has(name);
  if (flagged && !maps) return fail("what to map is said but no set", "--map-set with it");
  if (!maps) return {};
  if (!flagged) return fail("--map-set does not say what to map", "--map-mark, --map-prio or --map-queue");
  if (rule.table != "mangle") return fail("--map-set has its place in table mangle", "it there");
  return {};
}

// Priority and queue are of no use before the packet is on its way out.
uint8_t hooks_for(const Options& options) {
  if (!options.has("map-prio") && !options.has("map-queue")) return kAllHooks;
  return hook_bit(Hook::Forward) | hook_bit(Hook::Output) | hook_bit(Hook::Postrouting);
}

// A "!" before it is read and means nothing.
Result<void> parse_set(std::string_view text, const RuleContext& rule, OptionValue& value) {
  value.inverted = false;
  return parse_set_reference(text, rule, value);
}

OptionSpec set_option(std::string_view name) {
  return {.name = name,
          .kind = OptionKind::Custom,
          .invertible = true,
          .words = 2,
          .hint = "a set's name and src or dst, or several of these with commas",
          .parse = parse_set,
          .print = print_set_reference};
}

}  // namespace

TargetType set_target() {
  return {
      .name = "SET",
      .options = {set_option("add-set"),
                  {.name = "exist", .repeatable = true},
                  {.name = "timeout", .kind = OptionKind::U32, .repeatable = true, .max = kLongestTimeout},
                  set_option("del-set"),
                  set_option("map-set"),
                  {.name = "map-mark", .repeatable = true},
                  {.name = "map-prio", .repeatable = true},
                  {.name = "map-queue", .repeatable = true}},
      .hooks_for = hooks_for,
      .check = check,
      .summary = "adds the packet to sets, takes it out, or takes marks from them",
  };
}

}  // namespace sallyport
