// -m tos: compares the type-of-service byte, for IPv6 the traffic class, under a mask. Counterpart of
// net/netfilter/xt_dscp.c.

#include <fmt/format.h>

#include "match/matches.h"
#include "match/number_text.h"

namespace sallyport {
namespace {

// RFC 1349's names. They leave the two bits out that ECN took over.
struct TosName {
  std::string_view name;
  uint8_t value;
};
constexpr TosName kNames[] = {{"Minimize-Delay", 0x10},
                              {"Maximize-Throughput", 0x08},
                              {"Maximize-Reliability", 0x04},
                              {"Minimize-Cost", 0x02},
                              {"Normal-Service", 0x00}};
constexpr uint8_t kNameMask = 0x3f;

class TosMatch final : public Match {
 public:
  TosMatch(uint8_t value, uint8_t mask, bool inverted) : value_(value), mask_(mask), inverted_(inverted) {}
  bool matches(const Packet& packet, HookContext&) override { return ((packet.tos() & mask_) == value_) != inverted_; }

 private:
  uint8_t value_;
  uint8_t mask_;
  bool inverted_;
};

Result<void> parse(std::string_view text, const RuleContext&, OptionValue& value) {
  for (const auto& [name, bits] : kNames) {
    if (!same_word(text, name)) continue;
    value.number = bits;
    value.mask = kNameMask;
    return {};
  }
  const size_t slash = text.find('/');
  const auto number = parse_number(text.substr(0, slash));
  const auto mask =
      slash == std::string_view::npos ? std::optional<uint64_t>(255) : parse_number(text.substr(slash + 1));
  if (!number || *number > 255 || !mask || *mask > 255) {
    return fail(fmt::format("\"{}\" is not a type of service", text),
                "VALUE or VALUE/MASK, each from 0 to 255, or a name such as Minimize-Delay");
  }
  value.number = *number;
  value.mask = *mask;
  return {};
}

void print(const OptionValue& value, const RuleContext&, std::string& out) {
  out += fmt::format(" 0x{:02x}/0x{:02x}", value.number, value.mask);
}

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext&) {
  const OptionValue& tos = options["tos"];
  return std::make_unique<TosMatch>(static_cast<uint8_t>(tos.number), static_cast<uint8_t>(tos.mask), tos.inverted);
}

}  // namespace

MatchType tos_match() {
  return {
      .name = "tos",
      .options = {{.name = "tos",
                   .kind = OptionKind::Custom,
                   .invertible = true,
                   .required = true,
                   .hint = "VALUE[/MASK] or a name such as Minimize-Delay",
                   .parse = parse,
                   .print = print,
                   .summary = "the bits of the mask are those of the value"}},
      .create = create,
      .summary = "compares the type of service",
  };
}

}  // namespace sallyport
