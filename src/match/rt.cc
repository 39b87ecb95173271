// -m rt: the IPv6 routing header (RFC 8200 4.4), with the addresses of type 0. Counterpart of
// net/ipv6/netfilter/ip6t_rt.c.

#include <fmt/format.h>

#include "match/ipv6_headers.h"
#include "match/matches.h"
#include "match/spi.h"

namespace sallyport {
namespace {

constexpr size_t kMaxAddresses = 16;
constexpr uint32_t kAddressesOffset = 8;
constexpr uint32_t kAddressBytes = 16;

struct NumberTest {
  bool given = false;
  bool inverted = false;
  uint32_t number = 0;

  bool holds(uint32_t value) const { return !given || (value == number) != inverted; }
};

struct RtTest {
  NumberTest type = {};
  NumberTest length = {};
  SpiTest segments_left = {};
  bool reserved_clear = false;
  bool addresses_given = false;
  bool strict = true;
  std::vector<IpAddress> addresses = {};
};

class RtMatch final : public Match {
 public:
  explicit RtMatch(RtTest test) : test_(std::move(test)) {}

  bool matches(const Packet& packet, HookContext& context) override {
    const auto header = whole_ipv6_header_or_drop(packet, context, kRouting);
    if (header.empty()) return false;
    const auto bytes = static_cast<uint32_t>(header.size());
    if (!test_.segments_left.holds(header[3]) || !test_.length.holds(bytes) || !test_.type.holds(header[2]))
      return false;
    if (test_.reserved_clear && load_be32(header.data() + 4) != 0) return false;
    return !test_.addresses_given ||
           addresses_match(header.data() + kAddressesOffset, (bytes - kAddressesOffset) / kAddressBytes);
  }

 private:
  // Strict: these and no others; else these in their order, others between.
  bool addresses_match(const uint8_t* address, uint32_t count) const {
    const size_t wanted = test_.addresses.size();
    if (wanted > count || (test_.strict && wanted != count)) return false;
    size_t found = 0;
    for (uint32_t i = 0; i < count && found < wanted; ++i, address += kAddressBytes) {
      const bool same = std::memcmp(address, test_.addresses[found].bytes.data(), kAddressBytes) == 0;
      if (same) ++found;
      if (!same && test_.strict) return false;
    }
    return found == wanted;
  }

  RtTest test_;
};

bool is_type_0(const OptionValue& type) { return type.present && !type.inverted && type.number == 0; }

// The value's text holds the addresses as they are printed.
Result<void> parse_addresses(std::string_view text, const RuleContext& rule, OptionValue& value) {
  if (rule.so_far != nullptr && !is_type_0((*rule.so_far)["rt-type"])) {
    return fail("--rt-0-addrs speaks of routing headers of type 0", "--rt-type 0 before it");
  }
  size_t count = 0;
  while (true) {
    const size_t comma = text.find(',');
    const auto address = parse_address(Family::Ipv6, text.substr(0, comma));
    if (!address) return std::unexpected(address.error());
    if (++count > kMaxAddresses) return fail("too many addresses", "16 at most");
    value.text += fmt::format("{}{}", count == 1 ? "" : ",", address->text());
    if (comma == std::string_view::npos) return {};
    text.remove_prefix(comma + 1);
  }
}

void print_addresses(const OptionValue& value, const RuleContext&, std::string& out) { out += ' ' + value.text; }

Result<void> check(Options& options, const RuleContext&) {
  if (!is_type_0(options["rt-type"]) && (options.has("rt-0-res") || options.has("rt-0-addrs"))) {
    return fail("--rt-0-res and --rt-0-addrs speak of routing headers of type 0", "--rt-type 0 before them");
  }
  if (options.has("rt-0-not-strict") && !options.has("rt-0-addrs")) {
    return fail("--rt-0-not-strict has no addresses to be less strict about", "--rt-0-addrs before it");
  }
  return {};
}

void save(const Options& options, const RuleContext& rule, std::string& out) {
  for (size_t i = 0; i < options.specs().size(); ++i) {
    const OptionSpec& spec = options.specs()[i];
    const OptionValue& value = options.values()[i];
    if (spec.name == "rt-segsleft") {
      save_spi(spec, value, rule, out);
    } else if (value.present) {
      print_option(spec, value, rule, out);
    }
  }
}

NumberTest number_test(const OptionValue& value) {
  return {.given = value.present, .inverted = value.inverted, .number = static_cast<uint32_t>(value.number)};
}

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext&) {
  const OptionValue& addresses = options["rt-0-addrs"];
  RtTest test{.type = number_test(options["rt-type"]),
              .length = number_test(options["rt-len"]),
              .segments_left = spi_test(options["rt-segsleft"]),
              .reserved_clear = options.has("rt-0-res"),
              .addresses_given = addresses.present,
              .strict = !options.has("rt-0-not-strict")};
  for (std::string_view text = addresses.text; !text.empty();) {
    const size_t comma = text.find(',');
    const auto address = parse_address(Family::Ipv6, text.substr(0, comma));
    if (!address) return std::unexpected(address.error());
    test.addresses.push_back(*address);
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  return std::make_unique<RtMatch>(std::move(test));
}

}  // namespace

MatchType rt_match() {
  return {
      .name = "rt",
      .families = Families::Ipv6Only,
      .options =
          {{.name = "rt-type", .kind = OptionKind::U32, .invertible = true, .summary = "the header's type"},
           {.name = "rt-segsleft",
            .kind = OptionKind::U32Range,
            .invertible = true,
            .summary = "the segments left, or a range of them"},
           {.name = "rt-len", .kind = OptionKind::U32, .invertible = true, .summary = "the header's length in bytes"},
           {.name = "rt-0-res", .summary = "of type 0: the reserved field is zero"},
           {.name = "rt-0-addrs",
            .kind = OptionKind::Custom,
            .hint = "ADDRESS[,ADDRESS]...",
            .parse = parse_addresses,
            .print = print_addresses,
            .summary = "of type 0: the addresses"},
           {.name = "rt-0-not-strict", .summary = "other addresses may stand between"}},
      .check = check,
      .save = save,
      .create = create,
      .summary = "judges the routing header",
  };
}

}  // namespace sallyport
