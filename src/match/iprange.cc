// -m iprange: source or destination lies between two addresses. Counterpart of net/netfilter/xt_iprange.c.
//
// A range whose ends are the wrong way round is taken, and holds no address.

#include <fmt/format.h>

#include <cstring>

#include "match/matches.h"
#include "match/number_text.h"

namespace sallyport {
namespace {

struct RangeTest {
  bool given = false;
  bool inverted = false;
  IpAddress low = {};
  IpAddress high = {};

  bool holds(const uint8_t* address, size_t size) const {
    if (!given) return true;
    const bool inside =
        std::memcmp(address, low.bytes.data(), size) >= 0 && std::memcmp(address, high.bytes.data(), size) <= 0;
    return inside != inverted;
  }
};

RangeTest range_test(const OptionValue& value) {
  return {.given = value.present, .inverted = value.inverted, .low = value.address, .high = value.upper_address};
}

class IprangeMatch final : public Match {
 public:
  IprangeMatch(const RangeTest& source, const RangeTest& destination) : source_(source), destination_(destination) {}
  bool matches(const Packet& packet, HookContext&) override {
    const size_t size = address_bytes(packet.family);
    return source_.holds(packet.source_bytes(), size) && destination_.holds(packet.destination_bytes(), size);
  }

 private:
  RangeTest source_;
  RangeTest destination_;
};

// One to four numbers with dots between, read with prefixes; missing ones are zero: 10.1 is 10.1.0.0.
std::optional<IpAddress> parse_ipv4(std::string_view text) {
  IpAddress address;
  for (size_t part = 0; part < 4; ++part) {
    const size_t dot = part < 3 ? text.find('.') : std::string_view::npos;
    const auto byte = parse_number(text.substr(0, dot));
    if (!byte || *byte > 255) return std::nullopt;
    address.bytes[part] = static_cast<uint8_t>(*byte);
    if (dot == std::string_view::npos) break;
    text.remove_prefix(dot + 1);
  }
  return address;
}

std::optional<IpAddress> parse_end(std::string_view text, Family family) {
  if (family == Family::Ipv4) return parse_ipv4(text);
  const auto address = parse_address(family, text);
  return address ? std::optional(*address) : std::nullopt;
}

Result<void> parse(std::string_view text, const RuleContext& rule, OptionValue& value) {
  const size_t dash = text.find('-');
  const auto low = parse_end(text.substr(0, dash), rule.family);
  const auto high = dash == std::string_view::npos ? low : parse_end(text.substr(dash + 1), rule.family);
  if (!low || !high) {
    return fail(fmt::format("\"{}\" is not a range of addresses", text),
                rule.family == Family::Ipv4 ? "192.0.2.1-192.0.2.9" : "2001:db8::1-2001:db8::9");
  }
  value.address = *low;
  value.upper_address = *high;
  return {};
}

void print(const OptionValue& value, const RuleContext&, std::string& out) {
  out += fmt::format(" {}-{}", value.address.text(), value.upper_address.text());
}

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext&) {
  return std::make_unique<IprangeMatch>(range_test(options["src-range"]), range_test(options["dst-range"]));
}

OptionSpec range_option(std::string_view name, std::string_view summary) {
  return {.name = name,
          .kind = OptionKind::Custom,
          .invertible = true,
          .hint = "ADDRESS-ADDRESS",
          .parse = parse,
          .print = print,
          .summary = summary};
}

}  // namespace

MatchType iprange_match() {
  return {
      .name = "iprange",
      .options = {range_option("src-range", "the source lies between these"),
                  range_option("dst-range", "the destination lies between these")},
      .at_least_one = true,
      .create = create,
      .summary = "addresses between two others",
  };
}

}  // namespace sallyport
