// -m conntrack: state, tuple, status, time left and direction of the packet's connection. Counterpart of
// net/netfilter/xt_conntrack.c.

#include <fmt/format.h>

#include "match/connection_words.h"
#include "match/matches.h"
#include "sallyport/connection.h"
#include "sallyport/option_pieces.h"
#include "sallyport/reads_only.h"

namespace sallyport {
namespace {

Result<void> parse_ct_protocol(std::string_view text, const RuleContext&, OptionValue& value) {
  const auto protocol = parse_spelled_protocol(text);
  if (!protocol) return fail(fmt::format("unknown protocol \"{}\"", text), "a name such as tcp, or a number up to 255");
  value.number = *protocol;
  return {};
}

void print_number(const OptionValue& value, const RuleContext&, std::string& out) {
  out += fmt::format(" {}", value.number);
}

Result<void> parse_ct_address(std::string_view text, const RuleContext& rule, OptionValue& value) {
  const auto host = parse_host_mask(rule.family, text);
  if (!host) return std::unexpected(host.error());
  value.address = host->address;
  value.upper_address = host->mask;
  return {};
}

void print_ct_address(const OptionValue& value, const RuleContext&, std::string& out) {
  print_host_mask({value.address, value.upper_address}, out);
}

Result<void> parse_ct_ports(std::string_view text, const RuleContext& rule, OptionValue& value) {
  const size_t colon = text.find(':');
  const std::string_view first = text.substr(0, colon);
  const bool range = colon != std::string_view::npos;
  const std::string_view last = range ? text.substr(colon + 1) : first;
  const auto low = range && first.empty() ? std::optional<uint16_t>(0) : parse_wrapping_port(first, rule.protocol);
  const auto high = range && last.empty() ? std::optional<uint16_t>(65535) : parse_wrapping_port(last, rule.protocol);
  if (!low || !high) return fail(fmt::format("\"{}\" is not a port", text), "PORT or PORT:PORT");
  value.number = *low;
  value.upper = *high;
  return {};
}

void print_ct_ports(const OptionValue& value, const RuleContext&, std::string& out) {
  out += fmt::format(" {}", value.number);
  if (value.upper != value.number) out += fmt::format(":{}", value.upper);
}

constexpr uint64_t kNoStatus = 0;

Result<void> parse_status(std::string_view text, const RuleContext&, OptionValue& value) {
  std::string rest;
  for (const std::string_view word : comma_separated(text)) {
    if (word == "NONE") continue;
    if (!rest.empty()) rest += ',';
    rest += word.empty() ? "?" : word;
  }
  return rest.empty() ? Result<void>() : parse_words(kStatusWords, rest, value);
}

void print_status(const OptionValue& value, const RuleContext&, std::string& out) {
  if (value.number == kNoStatus) {
    out += " NONE";
  } else {
    print_words(kStatusWords, value, out);
  }
}

Result<void> parse_direction(std::string_view text, const RuleContext&, OptionValue& value) {
  for (const std::string_view word : {"ORIGINAL", "REPLY"}) {
    std::string lower(word);
    for (char& letter : lower) letter = static_cast<char>(letter | 0x20);
    std::string given(text);
    for (char& letter : given) letter = static_cast<char>(letter | 0x20);
    if (lower == given) {
      value.text = word;
      return {};
    }
  }
  return fail(fmt::format("\"{}\" is not a direction", text), "ORIGINAL or REPLY");
}

// An address of the connection, under a mask.
struct AddressTest {
  bool asked = false;
  bool inverted = false;
  AddressMask wanted = {};

  static AddressTest of(const OptionValue& value) {
    return {value.present, value.inverted, {value.address, value.upper_address}};
  }
  bool passes(const IpAddress& address) const { return !asked || wanted.contains(address) != inverted; }
};

// A number of the connection, in a range.
struct RangeTest {
  bool asked = false;
  bool inverted = false;
  uint64_t low = 0;
  uint64_t high = 0;

  static RangeTest of(const OptionValue& value) { return {value.present, value.inverted, value.number, value.upper}; }
  bool passes(uint64_t number) const { return !asked || (low <= number && number <= high) != inverted; }
};

// Bits, of which one must be set.
struct BitsTest {
  bool asked = false;
  bool inverted = false;
  uint64_t wanted = 0;

  static BitsTest of(const OptionValue& value) { return {value.present, value.inverted, value.number}; }
  bool passes(uint64_t bits) const { return !asked || ((wanted & bits) != 0) != inverted; }
};

constexpr uint32_t kSnat = 0x20, kDnat = 0x40;

uint64_t state_bits(const Packet& packet) {
  uint64_t bits = state_bit(packet);
  const Connection* connection = packet.connection;
  if (connection != nullptr && packet_state(packet) != PacketState::Untracked) {
    if (connection->has(kStatusSourceNat)) bits |= kSnat;
    if (connection->has(kStatusDestinationNat)) bits |= kDnat;
  }
  return bits;
}

class ConntrackMatch final : public Match, public ReadsOnly {
 public:
  explicit ConntrackMatch(const Options& options)
      : state_(BitsTest::of(options["ctstate"])),
        status_(BitsTest::of(options["ctstatus"])),
        protocol_{options.has("ctproto"), options["ctproto"].inverted, options.number("ctproto"),
                  options.number("ctproto")},
        expires_(RangeTest::of(options["ctexpire"])),
        direction_asked_(options.has("ctdir")),
        direction_(options["ctdir"].text == "REPLY" ? Direction::Reply : Direction::Original) {
    constexpr std::string_view kAddresses[] = {"ctorigsrc", "ctorigdst", "ctreplsrc", "ctrepldst"};
    constexpr std::string_view kPorts[] = {"ctorigsrcport", "ctorigdstport", "ctreplsrcport", "ctrepldstport"};
    for (size_t i = 0; i < 4; ++i) {
      addresses_[i] = AddressTest::of(options[kAddresses[i]]);
      ports_[i] = RangeTest::of(options[kPorts[i]]);
      asks_more_ |= addresses_[i].asked || ports_[i].asked;
    }
    asks_more_ |= status_.asked || protocol_.asked || expires_.asked;
  }

  // For one of the states that every packet has.
  bool asks_state_only() const {
    return state_.asked && (state_.wanted & (kSnat | kDnat)) == 0 && !direction_asked_ && !asks_more_;
  }
  bool matches(const Packet& packet, HookContext& context) override {
    if (!state_.passes(state_bits(packet))) return false;
    const Connection* connection = packet.connection;
    // A packet without connection can only be judged by its state.
    if (connection == nullptr) return state_.asked;
    if (direction_asked_ && packet_direction(packet) != direction_) return false;
    return !asks_more_ || passes(*connection, context);
  }

 private:
  bool passes(const Connection& connection, const HookContext& context) const {
    for (const Direction direction : {Direction::Original, Direction::Reply}) {
      const Tuple tuple = connection.tuple(direction);
      const size_t first = 2 * index(direction);
      if (!addresses_[first].passes(tuple.source_address()) ||
          !addresses_[first + 1].passes(tuple.destination_address()) || !ports_[first].passes(tuple.source_id) ||
          !ports_[first + 1].passes(tuple.destination_id)) {
        return false;
      }
    }
    return protocol_.passes(connection.protocol) && status_passes(connection) &&
           expires_.passes(static_cast<uint64_t>(connection.seconds_left(context.now())));
  }
  bool status_passes(const Connection& connection) const {
    if (!status_.asked) return true;
    const uint32_t status = connection.status;
    return ((status_.wanted & status) != 0) != status_.inverted;
  }

  BitsTest state_;
  BitsTest status_;
  RangeTest protocol_;
  RangeTest expires_;
  std::array<AddressTest, 4> addresses_ = {};
  std::array<RangeTest, 4> ports_ = {};
  bool asks_more_ = false;  // than state and direction
  bool direction_asked_;
  Direction direction_;
};

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext&) {
  auto match = std::make_unique<ConntrackMatch>(options);
  // What most rules ask is what -m state does.
  const OptionValue& state = options["ctstate"];
  if (match->asks_state_only()) return make_state_match(static_cast<uint32_t>(state.number), state.inverted);
  return match;
}

OptionSpec address_option(std::string_view name) {
  return {.name = name,
          .kind = OptionKind::Custom,
          .invertible = true,
          .hint = "ADDRESS[/MASK]",
          .parse = parse_ct_address,
          .print = print_ct_address};
}

OptionSpec ports_option(std::string_view name) {
  return {.name = name,
          .kind = OptionKind::Custom,
          .invertible = true,
          .hint = "PORT or PORT:PORT",
          .parse = parse_ct_ports,
          .print = print_ct_ports};
}

}  // namespace

MatchType conntrack_match() {
  return {
      .name = "conntrack",
      .options = {{.name = "ctstate",
                   .kind = OptionKind::Custom,
                   .invertible = true,
                   .hint = "INVALID, NEW, RELATED, ESTABLISHED, UNTRACKED, SNAT, DNAT, separated by commas",
                   .parse = parse_connection_words<kConntrackStateWords>,
                   .print = print_connection_words<kConntrackStateWords>},
                  {.name = "ctproto",
                   .kind = OptionKind::Custom,
                   .invertible = true,
                   .hint = "a protocol's name or number",
                   .parse = parse_ct_protocol,
                   .print = print_number},
                  address_option("ctorigsrc"),
                  address_option("ctorigdst"),
                  address_option("ctreplsrc"),
                  address_option("ctrepldst"),
                  ports_option("ctorigsrcport"),
                  ports_option("ctorigdstport"),
                  ports_option("ctreplsrcport"),
                  ports_option("ctrepldstport"),
                  {.name = "ctstatus",
                   .kind = OptionKind::Custom,
                   .invertible = true,
                   .hint = "NONE, or EXPECTED, SEEN_REPLY, ASSURED, CONFIRMED, separated by commas",
                   .parse = parse_status,
                   .print = print_status},
                  {.name = "ctexpire", .kind = OptionKind::U32Range, .invertible = true, .hint = "SECONDS[:SECONDS]"},
                  {.name = "ctdir",
                   .kind = OptionKind::Custom,
                   .hint = "ORIGINAL or REPLY",
                   .parse = parse_direction,
                   .print = print_plain}},
      .at_least_one = true,
      .create = create,
      .summary = "compares the packet's connection",
  };
}

}  // namespace sallyport
