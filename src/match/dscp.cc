// -m dscp: compares the differentiated services code point (RFC 2474). Counterpart of net/netfilter/xt_dscp.c.

#include <fmt/format.h>

#include "match/matches.h"
#include "match/number_text.h"

namespace sallyport {
namespace {

constexpr uint64_t kMaxDscp = 63;

struct ClassName {
  std::string_view name;
  uint8_t dscp;
};
// RFC 2474, 2597 and 3246. A word that begins with a name is taken for it.
constexpr ClassName kClasses[] = {
    {"CS0", 0x00},  {"CS1", 0x08},  {"CS2", 0x10},  {"CS3", 0x18},  {"CS4", 0x20},  {"CS5", 0x28},
    {"CS6", 0x30},  {"CS7", 0x38},  {"BE", 0x00},   {"AF11", 0x0a}, {"AF12", 0x0c}, {"AF13", 0x0e},
    {"AF21", 0x12}, {"AF22", 0x14}, {"AF23", 0x16}, {"AF31", 0x1a}, {"AF32", 0x1c}, {"AF33", 0x1e},
    {"AF41", 0x22}, {"AF42", 0x24}, {"AF43", 0x26}, {"EF", 0x2e},
};

class DscpMatch final : public Match {
 public:
  DscpMatch(uint8_t dscp, bool inverted) : dscp_(dscp), inverted_(inverted) {}
  bool matches(const Packet& packet, HookContext&) override { return (packet.tos() >> 2 == dscp_) != inverted_; }

 private:
  uint8_t dscp_;
  bool inverted_;
};

Result<void> parse_value(std::string_view text, const RuleContext&, OptionValue& value) {
  const auto number = parse_number(text);
  if (!number || *number > kMaxDscp) {
    return fail(fmt::format("\"{}\" is not a DSCP", text), "a number from 0 to 63, or --dscp-class");
  }
  value.number = *number;
  return {};
}

Result<void> parse_class(std::string_view text, const RuleContext&, OptionValue& value) {
  for (const auto& [name, dscp] : kClasses) {
    if (!same_word(text.substr(0, name.size()), name)) continue;
    value.number = dscp;
    return {};
  }
  return fail(fmt::format("unknown class \"{}\"", text), "BE, EF, CS0 to CS7 or AF11 to AF43");
}

void print_value(const OptionValue& value, const RuleContext&, std::string& out) {
  out += fmt::format(" 0x{:02x}", value.number);
}

// A class is saved as its number.
Result<void> check(Options& options, const RuleContext&) {
  if (options.has("dscp-class")) options["dscp"] = std::exchange(options["dscp-class"], {});
  return {};
}

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext&) {
  const OptionValue& dscp = options["dscp"];
  return std::make_unique<DscpMatch>(static_cast<uint8_t>(dscp.number), dscp.inverted);
}

}  // namespace

MatchType dscp_match() {
  return {
      .name = "dscp",
      .options = {{.name = "dscp",
                   .kind = OptionKind::Custom,
                   .invertible = true,
                   .hint = "a number from 0 to 63",
                   .parse = parse_value,
                   .print = print_value,
                   .summary = "the code point"},
                  {.name = "dscp-class",
                   .kind = OptionKind::Custom,
                   .invertible = true,
                   .hint = "BE, EF, CS0 to CS7 or AF11 to AF43",
                   .parse = parse_class,
                   .summary = "the code point by its name"}},
      .exactly_one = true,
      .check = check,
      .create = create,
      .summary = "compares the DSCP",
  };
}

}  // namespace sallyport
