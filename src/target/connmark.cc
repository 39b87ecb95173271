// -j CONNMARK: writes the connection's mark, or copies it from and to the packet's. Counterpart of
// net/netfilter/xt_connmark.c.
//
// Setting, in all its spellings: clear the bits of the mask, then XOR the value.

#include <fmt/format.h>

#include <algorithm>

#include "target/targets.h"

namespace sallyport {
namespace {

constexpr std::string_view kSetters[] = {"set-xmark", "set-mark", "and-mark", "or-mark", "xor-mark"};

// The place of an option among those that were given: a mask that stands before a value is overridden by it.
uint64_t place(const RuleContext& rule) {
  return static_cast<uint64_t>(std::ranges::count(rule.so_far->values(), true, &OptionValue::present));
}

// VALUE[/MASK] in `number` and `mask`; `upper` is the place.
Result<void> parse_masked(std::string_view text, const RuleContext& rule, OptionValue& value) {
  const uint64_t here = place(rule);
  if (auto done = parse_option({.name = "set-mark", .kind = OptionKind::MaskedHex32}, text, rule, value); !done) {
    return done;
  }
  value.upper = here;
  return {};
}

Result<void> parse_value(std::string_view text, const RuleContext& rule, OptionValue& value) {
  const auto number = parse_number(text);
  if (!number || *number > UINT32_MAX) return fail(fmt::format("\"{}\" is not a mark", text), "0 to 4294967295");
  value.number = *number;
  value.upper = place(rule);
  return {};
}

struct Change {
  uint32_t value;
  uint32_t mask;
};

Change change_of(const Options& options, std::string_view setter) {
  const OptionValue& given = options[setter];
  const auto value = static_cast<uint32_t>(given.number);
  Change change = {value, static_cast<uint32_t>(given.mask)};
  if (setter == "set-mark") change.mask |= value;
  if (setter == "and-mark") change = {0, ~value};
  if (setter == "or-mark") change.mask = value;
  if (setter == "xor-mark") change.mask = 0;
  for (const std::string_view name : {"ctmask", "mask"}) {
    if (options.has(name) && options[name].upper > given.upper) {
      change.mask = static_cast<uint32_t>(options[name].number);
    }
  }
  return change;
}

Result<void> check(Options& options, const RuleContext&) {
  if (options.has("mask") && (options.has("ctmask") || options.has("nfmask"))) {
    return fail("--mask says what --ctmask and --nfmask say", "one or the others");
  }
  const auto given = [&](std::string_view name) { return options.has(name); };
  if (options.has("save-mark") || options.has("restore-mark") || std::ranges::any_of(kSetters, given)) return {};
  return fail("CONNMARK target: No operation specified", "--set-mark, --save-mark or --restore-mark");
}

void save(const Options& options, const RuleContext&, std::string& out) {
  const bool saves = options.has("save-mark");
  if (saves || options.has("restore-mark")) {
    const uint64_t both = options.number("mask", UINT32_MAX);
    out += fmt::format(" --{} --nfmask {:#x} --ctmask {:#x}", saves ? "save-mark" : "restore-mark",
                       options.number("nfmask", both), options.number("ctmask", both));
  } else {
    const auto setter = std::ranges::find_if(kSetters, [&](std::string_view name) { return options.has(name); });
    const Change change = change_of(options, *setter);
    out += fmt::format(" --set-xmark {:#x}/{:#x}", change.value, change.mask);
  }
  const OptionValue& left = options["left-shift-mark"];
  const OptionValue& right = options["right-shift-mark"];
  const bool is_left = left.present && (!right.present || left.upper > right.upper);
  const uint64_t bits = is_left ? left.number : right.number;
  if (bits != 0) out += fmt::format(" --{}-shift-mark {}", is_left ? "left" : "right", bits);
}

Result<void> parse_shift(std::string_view text, const RuleContext& rule, OptionValue& value) {
  const auto bits = parse_number(text);
  if (!bits || *bits > 31) return fail(fmt::format("\"{}\" is no number of bits to shift by", text), "0 to 31");
  value.number = *bits;
  value.upper = place(rule);
  return {};
}

OptionSpec custom(std::string_view name, uint32_t group,
                  Result<void> (*parse)(std::string_view, const RuleContext&, OptionValue&)) {
  return {.name = name, .kind = OptionKind::Custom, .group = group, .parse = parse};
}

}  // namespace

TargetType connmark_target() {
  return {
      .name = "CONNMARK",
      .options = {custom("set-xmark", 1, parse_masked),
                  custom("set-mark", 1, parse_masked),
                  custom("and-mark", 1, parse_value),
                  custom("or-mark", 1, parse_value),
                  custom("xor-mark", 1, parse_value),
                  {.name = "save-mark", .group = 1},
                  {.name = "restore-mark", .group = 1},
                  custom("left-shift-mark", 0, parse_shift),
                  custom("right-shift-mark", 0, parse_shift),
                  custom("ctmask", 0, parse_value),
                  custom("nfmask", 0, parse_value),
                  custom("mask", 0, parse_value)},
      .check = check,
      .save = save,
      .summary = "writes the connection's mark, or copies it from and to the packet's",
  };
}

}  // namespace sallyport
