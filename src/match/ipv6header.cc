// -m ipv6header: which extension headers a packet has. Counterpart of net/ipv6/netfilter/ip6t_ipv6header.c.
//
// Exactly these; with --soft these and maybe others. "protocol" is any transport header behind them.

#include <fmt/format.h>

#include "match/matches.h"
#include "match/number_text.h"

namespace sallyport {
namespace {

constexpr uint32_t kIpv6HeaderBytes = 40;
constexpr uint8_t kAnyProtocol = 255;

struct HeaderName {
  uint8_t protocol;
  std::string_view name;  // as it is printed
};
// The order in which they are printed; the place is the bit.
constexpr HeaderName kHeaders[] = {{kHopByHop, "hop-by-hop"},
                                   {kDestinationOptions, "ipv6-opts"},
                                   {kRouting, "ipv6-route"},
                                   {kFragment, "ipv6-frag"},
                                   {kAh, "ah"},
                                   {kEsp, "esp"},
                                   {kNoNextHeader, "ipv6-nonxt"},
                                   {kAnyProtocol, "protocol"}};

// Other spellings that are read, those of /etc/protocols among them.
constexpr HeaderName kAliases[] = {
    {kHopByHop, "hop"},
    {kHopByHop, "ip"},
    {kHopByHop, "IP"},
    {kHopByHop, "hopopt"},
    {kHopByHop, "HOPOPT"},
    {kHopByHop, "0"},
    {kDestinationOptions, "dst"},
    {kDestinationOptions, "IPv6-Opts"},
    {kDestinationOptions, "60"},
    {kRouting, "route"},
    {kRouting, "IPv6-Route"},
    {kRouting, "43"},
    {kFragment, "frag"},
    {kFragment, "IPv6-Frag"},
    {kFragment, "44"},
    {kAh, "auth"},
    {kAh, "IPSEC-AH"},
    {kAh, "51"},
    {kEsp, "IPSEC-ESP"},
    {kEsp, "50"},
    {kNoNextHeader, "none"},
    {kNoNextHeader, "IPv6-NoNxt"},
    {kNoNextHeader, "59"},
    {kAnyProtocol, "prot"},
    {kAnyProtocol, "255"},
};

constexpr uint32_t bit_of(uint8_t protocol) {
  for (size_t i = 0; i < std::size(kHeaders); ++i) {
    if (kHeaders[i].protocol == protocol) return 1u << i;
  }
  return 0;
}

class Ipv6headerMatch final : public Match {
 public:
  Ipv6headerMatch(uint32_t wanted, bool inverted, bool soft) : wanted_(wanted), inverted_(inverted), soft_(soft) {}

  bool matches(const Packet& packet, HookContext&) override {
    const auto found = headers_of(packet);
    if (!found) return false;
    if (!soft_) return (*found == wanted_) != inverted_;
    // Behind "!": none of them.
    return inverted_ ? (*found & wanted_) == 0 : (*found & wanted_) == wanted_;
  }

 private:
  // Nothing where the chain is cut off.
  static std::optional<uint32_t> headers_of(const Packet& packet) {
    uint32_t found = 0;
    uint8_t next = packet.data()[6];
    // Each turn moves on by 8 bytes at least.
    for (uint32_t offset = kIpv6HeaderBytes; offset <= packet.captured();) {
      const uint32_t bit = next == kAnyProtocol ? 0 : bit_of(next);
      if (bit == 0) break;
      if (next == kNoNextHeader) return found | bit;
      const uint8_t* header = packet.at(offset, 2);
      if (header == nullptr) return std::nullopt;
      found |= bit;
      if (next == kEsp) return found;
      offset += next == kFragment ? 8 : next == kAh ? (header[1] + 2u) * 4 : (header[1] + 1u) * 8;
      next = header[0];
    }
    return next == kNoNextHeader || next == kEsp ? found : found | bit_of(kAnyProtocol);
  }

  uint32_t wanted_;
  bool inverted_;
  bool soft_;
};

std::optional<uint32_t> header_bit(std::string_view word) {
  for (const auto& [protocol, name] : kHeaders) {
    if (word == name) return bit_of(protocol);
  }
  for (const auto& [protocol, name] : kAliases) {
    if (word == name) return bit_of(protocol);
  }
  return std::nullopt;
}

Result<void> parse(std::string_view text, const RuleContext&, OptionValue& value) {
  auto done = for_each_word(text, [&](std::string_view word) -> Result<void> {
    const auto bit = header_bit(word);
    if (!bit) {
      return fail(fmt::format("unknown header \"{}\"", word), "hop, dst, route, frag, auth, esp, none or prot");
    }
    value.number |= *bit;
    return {};
  });
  if (done && value.number == 0) return fail("--header names none", "HEADER[,HEADER]...");
  return done;
}

void print(const OptionValue& value, const RuleContext&, std::string& out) {
  char separator = ' ';
  for (const auto& [protocol, name] : kHeaders) {
    if ((value.number & bit_of(protocol)) == 0) continue;
    out += separator;
    out += name;
    separator = ',';
  }
}

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext&) {
  const OptionValue& header = options["header"];
  return std::make_unique<Ipv6headerMatch>(static_cast<uint32_t>(header.number), header.inverted, options.has("soft"));
}

}  // namespace

MatchType ipv6header_match() {
  return {
      .name = "ipv6header",
      .families = Families::Ipv6Only,
      .options = {{.name = "header",
                   .kind = OptionKind::Custom,
                   .invertible = true,
                   .required = true,
                   .hint = "HEADER[,HEADER]..., of hop, dst, route, frag, auth, esp, none, prot",
                   .parse = parse,
                   .print = print,
                   .summary = "the extension headers that are there"},
                  {.name = "soft", .summary = "others may be there, too"}},
      .create = create,
      .summary = "which extension headers a packet has",
  };
}

}  // namespace sallyport
