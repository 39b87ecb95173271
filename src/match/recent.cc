// -m recent: lists of addresses seen lately. Counterpart of net/netfilter/xt_recent.c.

#include <fmt/format.h>

#include "match/matches.h"
#include "sallyport/option_pieces.h"

namespace sallyport {
namespace {

constexpr std::string_view kActions[] = {"set", "rcheck", "update", "remove"};
// The kernel keeps that many stamps of an address at most (xt_recent.c, XT_RECENT_MAX_NSTAMPS).
constexpr uint64_t kMostHits = 65535;
// The rest of a longer name is not kept (XT_RECENT_NAME_LEN).
constexpr size_t kLongestName = 199;

Result<void> parse_name(std::string_view text, const RuleContext&, OptionValue& value) {
  if (!is_proc_name(text)) return fail(fmt::format("\"{}\" is not the name of a list", text), "a name without /");
  value.text = text.substr(0, kLongestName);
  return {};
}

Result<void> parse_mask(std::string_view text, const RuleContext& rule, OptionValue& value) {
  const auto mask = parse_loose_address(rule.family, text);
  if (!mask) return std::unexpected(mask.error());
  value.address = *mask;
  return {};
}

Result<void> check(Options& options, const RuleContext&) {
  const bool looks = options.has("rcheck") || options.has("update");
  if (!looks && !options.has("set") && !options.has("remove")) {
    return fail("recent does nothing", "--set, --rcheck, --update or --remove");
  }
  for (const std::string_view name : {"seconds", "hitcount", "rttl"}) {
    const bool asked = options.has(name) && (name == "rttl" || options.number(name) != 0);
    if (asked && !looks) return fail(fmt::format("--{} compares nothing here", name), "it with --rcheck or --update");
  }
  if (options.has("reap") && !options.has("seconds")) return fail("--reap has no age", "--seconds with it");
  return {};
}

void save(const Options& options, const RuleContext& rule, std::string& out) {
  for (const std::string_view action : kActions) {
    if (options.has(action)) out += fmt::format("{} --{}", options[action].inverted ? " !" : "", action);
  }
  // Printed as the signed number that iptables-save prints.
  if (options.has("seconds")) out += fmt::format(" --seconds {}", static_cast<int32_t>(options.number("seconds")));
  if (options.has("reap")) out += " --reap";
  if (options.number("hitcount") != 0) out += fmt::format(" --hitcount {}", options.number("hitcount"));
  if (options.has("rttl")) out += " --rttl";
  out += fmt::format(" --name {}", options.has("name") ? options["name"].text : "DEFAULT");
  const IpAddress mask = options.has("mask") ? options["mask"].address : prefix_mask(rule.family, 128);
  out += fmt::format(" --mask {}", mask.text());
  // The side asked for last counts.
  out += options["rdest"].order > options["rsource"].order ? " --rdest" : " --rsource";
}

}  // namespace

MatchType recent_match() {
  return {
      .name = "recent",
      .options = {{.name = "set", .invertible = true, .group = 1},
                  {.name = "rcheck", .invertible = true, .group = 1},
                  {.name = "update", .invertible = true, .group = 1},
                  {.name = "remove", .invertible = true, .group = 1},
                  {.name = "seconds", .kind = OptionKind::U32, .min = 1},
                  {.name = "reap"},
                  {.name = "hitcount", .kind = OptionKind::U32, .max = kMostHits},
                  {.name = "rttl"},
                  {.name = "name", .kind = OptionKind::Custom, .hint = "a list's name", .parse = parse_name},
                  {.name = "mask", .kind = OptionKind::Custom, .hint = "a mask as an address", .parse = parse_mask},
                  {.name = "rsource"},
                  {.name = "rdest"}},
      .check = check,
      .save = save,
      .summary = "keeps and asks lists of addresses seen lately",
  };
}

}  // namespace sallyport
