// -m owner: whose socket sent the packet. Counterpart of net/netfilter/xt_owner.c.

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>

#include <array>

#include "match/matches.h"

namespace sallyport {
namespace {

constexpr uint64_t kLargestId = UINT32_MAX - 1;

std::optional<uint64_t> user_id(const std::string& name) {
  passwd entry = {};
  passwd* found = nullptr;
  std::array<char, 4096> buffer = {};
  getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  return found == nullptr ? std::nullopt : std::optional<uint64_t>(found->pw_uid);
}

std::optional<uint64_t> group_id(const std::string& name) {
  group entry = {};
  group* found = nullptr;
  std::array<char, 4096> buffer = {};
  getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  return found == nullptr ? std::nullopt : std::optional<uint64_t>(found->gr_gid);
}

// NAME, ID, ID-ID or ID:ID.
Result<void> parse_ids(std::string_view text, std::optional<uint64_t> of_name, OptionValue& value) {
  if (of_name) {
    value.number = value.upper = *of_name;
    return {};
  }
  const size_t dash = text.find_first_of("-:");
  const auto low = parse_number(text.substr(0, dash));
  const auto high = dash == std::string_view::npos ? low : parse_number(text.substr(dash + 1));
  if (!low || !high || *low > kLargestId || *high > kLargestId || *low > *high) {
    return fail(fmt::format("\"{}\" is nobody on this machine", text), "a name, a number, or FROM-TO");
  }
  value.number = *low;
  value.upper = *high;
  return {};
}

Result<void> parse_users(std::string_view text, const RuleContext&, OptionValue& value) {
  return parse_ids(text, user_id(std::string(text)), value);
}
Result<void> parse_groups(std::string_view text, const RuleContext&, OptionValue& value) {
  return parse_ids(text, group_id(std::string(text)), value);
}
void print_ids(const OptionValue& value, const RuleContext&, std::string& out) {
  out += fmt::format(" {}", value.number);
  if (value.upper != value.number) out += fmt::format("-{}", value.upper);
}

Result<void> check(Options& options, const RuleContext&) {
  const OptionValue& group = options["gid-owner"];
  if (!options.has("suppl-groups") || (group.present && group.order < options["suppl-groups"].order)) return {};
  return fail("--suppl-groups widens nothing", "--gid-owner before it");
}

}  // namespace

MatchType owner_match() {
  return {
      .name = "owner",
      .options = {{.name = "socket-exists", .invertible = true},
                  {.name = "uid-owner",
                   .kind = OptionKind::Custom,
                   .invertible = true,
                   .hint = "a user's name or number, or FROM-TO",
                   .parse = parse_users,
                   .print = print_ids},
                  {.name = "gid-owner",
                   .kind = OptionKind::Custom,
                   .invertible = true,
                   .hint = "a group's name or number, or FROM-TO",
                   .parse = parse_groups,
                   .print = print_ids},
                  {.name = "suppl-groups"}},
      .at_least_one = true,
      .hooks = hook_bit(Hook::Output) | hook_bit(Hook::Postrouting),
      .check = check,
      .summary = "compares the user and group whose socket sent the packet",
  };
}

}  // namespace sallyport
