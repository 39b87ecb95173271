// -m connbytes: how much a connection has carried: packets, bytes, or bytes a packet. Counterpart of
// net/netfilter/xt_connbytes.c.
//
// Such a rule turns the sysctl nf_conntrack_acct on (engine/needs.cc). A connection that is not counted never matches,
// inverted or not.

#include <fmt/format.h>

#include <utility>

#include "match/matches.h"
#include "match/number_text.h"
#include "sallyport/connection.h"

namespace sallyport {
namespace {

enum class Mode : uint8_t { Packets, Bytes, AveragePacket };
enum class Way : uint8_t { Original, Reply, Both };
constexpr std::string_view kModes[] = {"packets", "bytes", "avgpkt"};  // by Mode
constexpr std::string_view kWays[] = {"original", "reply", "both"};    // by Way

class ConnbytesMatch final : public Match {
 public:
  ConnbytesMatch(const OptionValue& range, Mode mode, Way way)
      : from_(range.number), to_(range.upper), inverted_(range.inverted), mode_(mode), way_(way) {}

  bool matches(const Packet& packet, HookContext&) override {
    if (packet.connection == nullptr || packet.connection->extra == nullptr) return false;
    const std::array<PacketCounts, 2>& counts = packet.connection->extra->counts;
    PacketCounts sum = counts[way_ == Way::Reply ? 1 : 0];
    if (way_ == Way::Both) {
      sum.packets += counts[1].packets;
      sum.bytes += counts[1].bytes;
    }
    const uint64_t amount = amount_of(sum);
    return (from_ <= amount && amount <= to_) != inverted_;
  }

 private:
  uint64_t amount_of(const PacketCounts& sum) const {
    switch (mode_) {
      case Mode::Packets:
        return sum.packets;
      case Mode::Bytes:
        return sum.bytes;
      case Mode::AveragePacket:
        break;
    }
    return sum.packets == 0 ? 0 : sum.bytes / sum.packets;
  }

  uint64_t from_;
  uint64_t to_;
  bool inverted_;
  Mode mode_;
  Way way_;
};

// FROM, FROM:TO, with either end left out.
Result<void> parse_amount(std::string_view text, const RuleContext&, OptionValue& value) {
  const size_t colon = text.find(':');
  const std::string_view first = text.substr(0, colon);
  const std::string_view last = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  const auto from = first.empty() ? std::optional<uint64_t>(0) : parse_number(first);
  const auto to = last.empty() ? std::optional<uint64_t>(UINT64_MAX) : parse_number(last);
  if (!from || !to) return fail(fmt::format("\"{}\" is not an amount", text), "FROM or FROM:TO");
  if (*to < *from) return fail(fmt::format("{} is less than {}", *to, *from), "the smaller number first");
  value.number = *from;
  value.upper = *to;
  return {};
}

// The kernel keeps an inverted range with its ends exchanged; of one number that is no inversion.
Result<void> check(Options& options, const RuleContext&) {
  OptionValue& range = options["connbytes"];
  if (range.number == range.upper) range.inverted = false;
  return {};
}

// An end of zero is printed as no end, though it is one.
void print_amount(const OptionValue& value, const RuleContext&, std::string& out) {
  out += fmt::format(" {}", value.number);
  if (value.upper != 0 && value.upper != UINT64_MAX) out += fmt::format(":{}", value.upper);
}

template <const auto& kWords>
Result<void> parse_word(std::string_view text, const RuleContext&, OptionValue& value) {
  for (size_t i = 0; i < std::size(kWords); ++i) {
    if (kWords[i] != text) continue;
    value.number = i;
    return {};
  }
  return fail(fmt::format("\"{}\" is none of the words that go here", text),
              fmt::format("{}, {} or {}", kWords[0], kWords[1], kWords[2]));
}
template <const auto& kWords>
void print_word(const OptionValue& value, const RuleContext&, std::string& out) {
  out += ' ';
  out += kWords[value.number];
}

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext&) {
  return std::make_unique<ConnbytesMatch>(options["connbytes"], static_cast<Mode>(options.number("connbytes-mode")),
                                          static_cast<Way>(options.number("connbytes-dir")));
}

}  // namespace

MatchType connbytes_match() {
  return {
      .name = "connbytes",
      .options = {{.name = "connbytes",
                   .kind = OptionKind::Custom,
                   .invertible = true,
                   .required = true,
                   .hint = "FROM or FROM:TO",
                   .parse = parse_amount,
                   .print = print_amount,
                   .summary = "how much"},
                  {.name = "connbytes-mode",
                   .kind = OptionKind::Custom,
                   .required = true,
                   .hint = "packets, bytes or avgpkt",
                   .parse = parse_word<kModes>,
                   .print = print_word<kModes>,
                   .summary = "of what: packets, bytes, bytes a packet"},
                  {.name = "connbytes-dir",
                   .kind = OptionKind::Custom,
                   .required = true,
                   .hint = "original, reply or both",
                   .parse = parse_word<kWays>,
                   .print = print_word<kWays>,
                   .summary = "in which direction"}},
      .check = check,
      .create = create,
      .summary = "compares how much the connection has carried",
  };
}

}  // namespace sallyport
