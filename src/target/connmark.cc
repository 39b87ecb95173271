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

struct Change {
  uint32_t value;
  uint32_t mask;
};

// A mask that stands before the value is overridden by it.
Change change_of(const Options& options, std::string_view setter) {
  const OptionValue& given = options[setter];
  const auto value = static_cast<uint32_t>(given.number);
  Change change = {value, static_cast<uint32_t>(given.mask)};
  if (setter == "set-mark") change.mask |= value;
  if (setter == "and-mark") change = {0, ~value};
  if (setter == "or-mark") change.mask = value;
  if (setter == "xor-mark") change.mask = 0;
  for (const std::string_view name : {"ctmask", "mask"}) {
    if (options.has(name) && options[name].order > given.order) {
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
  const bool is_left = left.present && (!right.present || left.order > right.order);
  const uint64_t bits = is_left ? left.number : right.number;
  if (bits != 0) out += fmt::format(" --{}-shift-mark {}", is_left ? "left" : "right", bits);
}

}  // namespace

TargetType connmark_target() {
  return {
      .name = "CONNMARK",
      .options = {{.name = "set-xmark", .kind = OptionKind::MaskedHex32, .group = 1},
                  {.name = "set-mark", .kind = OptionKind::MaskedHex32, .group = 1},
                  {.name = "and-mark", .kind = OptionKind::Hex32, .group = 1},
                  {.name = "or-mark", .kind = OptionKind::Hex32, .group = 1},
                  {.name = "xor-mark", .kind = OptionKind::Hex32, .group = 1},
                  {.name = "save-mark", .group = 1},
                  {.name = "restore-mark", .group = 1},
                  {.name = "left-shift-mark", .kind = OptionKind::U8, .max = 31},
                  {.name = "right-shift-mark", .kind = OptionKind::U8, .max = 31},
                  {.name = "ctmask", .kind = OptionKind::Hex32},
                  {.name = "nfmask", .kind = OptionKind::Hex32},
                  {.name = "mask", .kind = OptionKind::Hex32}},
      .check = check,
      .save = save,
      .summary = "writes the connection's mark, or copies it from and to the packet's",
  };
}

}  // namespace sallyport
