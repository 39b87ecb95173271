// -m mac: compares the source address of the Ethernet frame. Counterpart of net/netfilter/xt_mac.c.
//
// A packet without an Ethernet header never matches, inverted or not.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "match/matches.h"

namespace sallyport {
namespace {

using MacAddress = std::array<uint8_t, 6>;
constexpr size_t kSourceOffset = 6;

// Ethernet has 14 bytes, and 4 more per VLAN tag; "cooked" captures have 16 or 20, BSD loopback 4.
bool is_ethernet(std::span<const uint8_t> link_header) {
  return link_header.size() >= 14 && link_header.size() % 4 == 2;
}

class MacMatch final : public Match {
 public:
  MacMatch(const MacAddress& source, bool inverted) : source_(source), inverted_(inverted) {}
  bool matches(const Packet& packet, HookContext&) override {
    const auto header = packet.link_header();
    if (!is_ethernet(header)) return false;
    return std::ranges::equal(header.subspan(kSourceOffset, source_.size()), source_) != inverted_;
  }

 private:
  MacAddress source_;
  bool inverted_;
};

int hex_digit(char letter) {
  if (letter >= '0' && letter <= '9') return letter - '0';
  if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
  if (letter >= 'A' && letter <= 'F') return letter - 'A' + 10;
  return -1;
}

// Six parts of none, one or two hexadecimal digits.
std::optional<uint64_t> parse_mac(std::string_view text) {
  uint64_t number = 0;
  for (int part = 0; part < 6; ++part) {
    int byte = 0;
    for (int digits = 0; digits < 2 && !text.empty() && hex_digit(text[0]) >= 0; ++digits) {
      byte = byte * 16 + hex_digit(text[0]);
      text.remove_prefix(1);
    }
    number = number << 8 | static_cast<uint64_t>(byte);
    if (part == 5) break;
    if (!text.starts_with(':')) return std::nullopt;
    text.remove_prefix(1);
  }
  if (!text.empty()) return std::nullopt;
  return number;
}

Result<void> parse(std::string_view text, const RuleContext&, OptionValue& value) {
  const auto number = parse_mac(text);
  if (!number) return fail(fmt::format("\"{}\" is not a MAC address", text), "six bytes such as 00:11:22:aa:bb:cc");
  value.number = *number;
  return {};
}

MacAddress bytes_of(uint64_t number) {
  MacAddress bytes = {};
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(number >> (8 * (bytes.size() - 1 - i)));
  return bytes;
}

void print(const OptionValue& value, const RuleContext&, std::string& out) {
  out += fmt::format(" {:02x}", fmt::join(bytes_of(value.number), ":"));
}

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext&) {
  const OptionValue& source = options["mac-source"];
  return std::make_unique<MacMatch>(bytes_of(source.number), source.inverted);
}

}  // namespace

MatchType mac_match() {
  return {
      .name = "mac",
      .options = {{.name = "mac-source",
                   .kind = OptionKind::Custom,
                   .invertible = true,
                   .required = true,
                   .hint = "six bytes such as 00:11:22:aa:bb:cc",
                   .parse = parse,
                   .print = print,
                   .summary = "the Ethernet source address"}},
      .hooks = hook_bit(Hook::Prerouting) | hook_bit(Hook::Input) | hook_bit(Hook::Forward),
      .create = create,
      .summary = "compares the sender's MAC address",
  };
}

}  // namespace sallyport
