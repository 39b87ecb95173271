// -j SYNPROXY: answers SYNs in the server's place. Counterpart of net/netfilter/xt_SYNPROXY (ipt, ip6t).

#include <fmt/format.h>

#include "target/targets.h"

namespace sallyport {
namespace {

// Larger numbers are read and cut to the size of their field.
template <class Field>
Result<void> parse_cut(std::string_view text, const RuleContext&, OptionValue& value) {
  const auto number = parse_number(text);
  if (!number || *number > UINT32_MAX) return fail(fmt::format("\"{}\" is not a number", text), "0 to 4294967295");
  value.number = static_cast<Field>(*number);
  return {};
}

void print_number(const OptionValue& value, const RuleContext&, std::string& out) {
  out += fmt::format(" {}", value.number);
}

}  // namespace

TargetType synproxy_target() {
  return {
      .name = "SYNPROXY",
      .options = {{.name = "sack-perm"},
                  {.name = "timestamp"},
                  {.name = "wscale", .kind = OptionKind::Custom, .parse = parse_cut<uint8_t>, .print = print_number},
                  {.name = "mss", .kind = OptionKind::Custom, .parse = parse_cut<uint16_t>, .print = print_number},
                  {.name = "ecn"}},
      .protocols = {6},
      .hooks = hook_bit(Hook::Input) | hook_bit(Hook::Forward),
      .summary = "answers SYNs in the server's place",
  };
}

}  // namespace sallyport
