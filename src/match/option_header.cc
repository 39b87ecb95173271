// -m hbh and -m dst: the hop-by-hop and the destination options header of IPv6 (RFC 8200 4.3, 4.6). Counterpart of
// net/ipv6/netfilter/ip6t_hbh.c.
//
// The listed options must be the header's first, in that order.

#include <fmt/format.h>

#include "match/ipv6_headers.h"
#include "match/matches.h"
#include "match/number_text.h"

namespace sallyport {
namespace {

constexpr size_t kMaxOptions = 16;
constexpr uint8_t kAnyLength = 255;
constexpr uint8_t kPadOne = 0;

struct OptionTest {
  uint8_t type = 0;
  uint8_t length = kAnyLength;
};

struct HeaderTest {
  uint8_t protocol = 0;
  bool length_given = false;
  bool length_inverted = false;
  uint32_t length = 0;
  std::vector<OptionTest> options = {};
};

class OptionHeaderMatch final : public Match {
 public:
  explicit OptionHeaderMatch(HeaderTest test) : test_(std::move(test)) {}

  bool matches(const Packet& packet, HookContext& context) override {
    const auto header = whole_ipv6_header_or_drop(packet, context, test_.protocol);
    if (header.empty()) return false;
    const auto bytes = static_cast<uint32_t>(header.size());
    if (test_.length_given && (bytes == test_.length) == test_.length_inverted) return false;
    return options_match(header.data() + 2, bytes - 2);
  }

 private:
  bool options_match(const uint8_t* option, uint32_t left) const {
    for (const OptionTest& wanted : test_.options) {
      if (left < 1 || option[0] != wanted.type) return false;
      uint32_t bytes = 1;
      if (option[0] != kPadOne) {
        if (left < 2 || (wanted.length != kAnyLength && wanted.length != option[1])) return false;
        bytes = option[1] + 2u;
      }
      // The last one may be cut off.
      if (bytes > left) return &wanted == &test_.options.back();
      option += bytes;
      left -= bytes;
    }
    return true;
  }

  HeaderTest test_;
};

// TYPE or TYPE:LENGTH, each cut to 8 bits.
Result<void> parse_one(std::string_view word, OptionValue& value) {
  const auto wrong = [&] {
    return fail(fmt::format("\"{}\" is not an option", word), "TYPE or TYPE:LENGTH, numbers from 0 to 255");
  };
  const size_t colon = word.find(':');
  const auto type = parse_number(word.substr(0, colon));
  if (!type) return wrong();
  const uint64_t type_byte = *type & 0xff;
  if (colon == std::string_view::npos) {
    value.list.emplace_back(type_byte, kAnyLength);
    return {};
  }
  const auto length = parse_number(word.substr(colon + 1));
  if (!length) return wrong();
  if (type_byte == kPadOne) return fail("option 0, one byte of padding, has no length", "0 alone");
  value.list.emplace_back(type_byte, *length & 0xff);
  return {};
}

Result<void> parse_list(std::string_view text, const RuleContext&, OptionValue& value) {
  while (true) {
    const size_t comma = text.find(',');
    const std::string_view word = text.substr(0, comma);
    const bool full = value.list.size() == kMaxOptions ||
                      (value.list.size() == kMaxOptions - 1 && word.find(':') != std::string_view::npos);
    if (full) return fail("too many options", "16 at most, the last without a length");
    if (auto done = parse_one(word, value); !done) return done;
    if (comma == std::string_view::npos) return {};
    text.remove_prefix(comma + 1);
  }
}

void print_list(const OptionValue& value, const RuleContext&, std::string& out) {
  char separator = ' ';
  for (const auto& [type, length] : value.list) {
    out += separator;
    out += length == kAnyLength ? fmt::format("{}", type) : fmt::format("{}:{}", type, length);
    separator = ',';
  }
}

Result<std::unique_ptr<Match>> create(const Options& options, uint8_t protocol) {
  const OptionValue& length = options.values()[0];
  HeaderTest test{.protocol = protocol,
                  .length_given = length.present,
                  .length_inverted = length.inverted,
                  .length = static_cast<uint32_t>(length.number)};
  for (const auto& [type, option_length] : options.values()[1].list) {
    test.options.push_back({static_cast<uint8_t>(type), static_cast<uint8_t>(option_length)});
  }
  return std::make_unique<OptionHeaderMatch>(std::move(test));
}

template <uint8_t kProtocol>
Result<std::unique_ptr<Match>> create_for(const Options& options, const RuleContext&) {
  return create(options, kProtocol);
}

std::vector<OptionSpec> options_of(std::string_view length_name, std::string_view list_name) {
  return {{.name = length_name, .kind = OptionKind::U32, .invertible = true, .summary = "the header's length in bytes"},
          {.name = list_name,
           .kind = OptionKind::Custom,
           .hint = "TYPE[:LENGTH][,TYPE[:LENGTH]]...",
           .parse = parse_list,
           .print = print_list,
           .summary = "the options that it begins with"}};
}

}  // namespace

MatchType dst_match() {
  return {
      .name = "dst",
      .families = Families::Ipv6Only,
      .options = options_of("dst-len", "dst-opts"),
      .create = create_for<kDestinationOptions>,
      .summary = "judges the destination options header",
  };
}

MatchType hbh_match() {
  return {
      .name = "hbh",
      .families = Families::Ipv6Only,
      .options = options_of("hbh-len", "hbh-opts"),
      .create = create_for<kHopByHop>,
      .summary = "judges the hop-by-hop options header",
  };
}

}  // namespace sallyport
