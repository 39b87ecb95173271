// -m multiport: one of up to 15 ports, a range counting as two. Counterpart of net/netfilter/xt_multiport.c.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "match/matches.h"
#include "match/transport.h"
#include "sallyport/reads_only.h"

namespace sallyport {
namespace {

constexpr size_t kMaxPorts = 15;
constexpr uint32_t kPortsBytes = 4;

enum class Side : uint8_t { Source, Destination, Either };

class MultiportMatch final : public Match, public ReadsOnly {
 public:
  MultiportMatch(Side side, const OptionValue& value) : side_(side), inverted_(value.inverted) {
    for (const auto& [low, high] : value.list) {
      ranges_[count_++] = {static_cast<uint32_t>(low), static_cast<uint32_t>(high - low)};
    }
  }

  bool matches(const Packet& packet, HookContext& context) override {
    const uint8_t* header = transport_or_drop(packet, context, kPortsBytes);
    if (header == nullptr) return false;
    bool found = false;
    if (side_ != Side::Destination) found = contains(load_be16(header));
    if (!found && side_ != Side::Source) found = contains(load_be16(header + 2));
    return found != inverted_;
  }

 private:
  struct Range {
    uint32_t low = 0;
    uint32_t span = 0;
  };

  bool contains(uint16_t port) const {
    for (size_t i = 0; i < count_; ++i) {
      if (port - ranges_[i].low <= ranges_[i].span) return true;
    }
    return false;
  }

  std::array<Range, kMaxPorts> ranges_ = {};
  uint8_t count_ = 0;
  Side side_;
  bool inverted_;
};

constexpr uint8_t kProtocols[] = {kTcp, kUdp, kUdplite, kSctp, kDccp};

Result<void> parse_list(std::string_view text, const RuleContext& rule, OptionValue& value) {
  // Names of services need the protocol at once, so that -p must stand before the ports.
  if (rule.protocol_inverted || std::ranges::find(kProtocols, rule.protocol) == std::end(kProtocols)) {
    return fail("multiport needs the protocol first", "-p tcp, udp, udplite, sctp or dccp before it");
  }
  size_t slots = 0;
  while (true) {
    const size_t comma = text.find(',');
    const std::string_view word = text.substr(0, comma);
    const size_t colon = word.find(':');
    const auto low = parse_port(word.substr(0, colon), rule.protocol);
    const auto high = colon == std::string_view::npos ? low : parse_port(word.substr(colon + 1), rule.protocol);
    if (!low || !high || (colon != std::string_view::npos && *low >= *high)) {
      return fail(fmt::format("\"{}\" is neither a port nor a range of ports", word),
                  "PORT or LOW:HIGH, numbers from 0 to 65535 or services' names");
    }
    slots += colon == std::string_view::npos ? 1 : 2;
    if (slots > kMaxPorts) return fail("too many ports", "15 at most, where a range counts as two");
    value.list.emplace_back(*low, *high);
    if (comma == std::string_view::npos) return {};
    text.remove_prefix(comma + 1);
  }
}

void print_list(const OptionValue& value, const RuleContext&, std::string& out) {
  char separator = ' ';
  for (const auto& [low, high] : value.list) {
    out += separator;
    out += low == high ? fmt::format("{}", low) : fmt::format("{}:{}", low, high);
    separator = ',';
  }
}

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext&) {
  if (options.has("sports")) return std::make_unique<MultiportMatch>(Side::Source, options["sports"]);
  if (options.has("dports")) return std::make_unique<MultiportMatch>(Side::Destination, options["dports"]);
  return std::make_unique<MultiportMatch>(Side::Either, options["ports"]);
}

OptionSpec ports_option(std::string_view name, std::string_view alias, std::string_view summary) {
  return {.name = name,
          .alias = alias,
          .kind = OptionKind::Custom,
          .invertible = true,
          .hint = "PORT[,PORT|LOW:HIGH]...",
          .parse = parse_list,
          .print = print_list,
          .summary = summary};
}

}  // namespace

MatchType multiport_match() {
  return {
      .name = "multiport",
      .options = {ports_option("sports", "source-ports", "the source port is one of these"),
                  ports_option("dports", "destination-ports", "the destination port is one of these"),
                  ports_option("ports", "", "source or destination port is one of these")},
      .exactly_one = true,
      .protocols = {std::begin(kProtocols), std::end(kProtocols)},
      .create = create,
      .summary = "one of several ports",
  };
}

}  // namespace sallyport
