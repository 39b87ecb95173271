// -m ah: compares the security parameter index of the authentication header (RFC 4302), for IPv6 also its length and
// reserved bits. Counterparts of net/ipv4/netfilter/ipt_ah.c and net/ipv6/netfilter/ip6t_ah.c.
//
// IPv4 takes AH as the protocol of the rule; IPv6 looks for it among the extension headers, whatever the protocol is.

#include "match/ipv6_headers.h"
#include "match/matches.h"
#include "match/spi.h"
#include "match/transport.h"

namespace sallyport {
namespace {

constexpr uint32_t kHeaderBytes = 12;
constexpr uint32_t kSpiOffset = 4;

class AhMatch final : public Match {
 public:
  explicit AhMatch(const SpiTest& spi) : spi_(spi) {}
  bool matches(const Packet& packet, HookContext& context) override {
    const uint8_t* header = transport_or_drop(packet, context, kHeaderBytes);
    return header != nullptr && spi_.holds(load_be32(header + kSpiOffset));
  }

 private:
  SpiTest spi_;
};

struct LengthTest {
  uint32_t bytes = 0;  // 0: not asked
  bool inverted = false;
};

class AhIpv6Match final : public Match {
 public:
  AhIpv6Match(const SpiTest& spi, const LengthTest& length, bool reserved_clear)
      : spi_(spi), length_(length), reserved_clear_(reserved_clear) {}

  bool matches(const Packet& packet, HookContext& context) override {
    const FoundHeader found = find_ipv6_header(packet, kAh);
    if (found.result == HeaderSearch::Absent) return false;
    const uint8_t* header = found.result == HeaderSearch::Found ? packet.at(found.offset, kHeaderBytes) : nullptr;
    const uint32_t bytes = header == nullptr ? 0 : (header[1] + 2u) * 4;
    if (header == nullptr || packet.at(found.offset, bytes) == nullptr) {
      context.drop_packet = true;
      return false;
    }
    return spi_.holds(load_be32(header + kSpiOffset)) &&
           (length_.bytes == 0 || (length_.bytes == bytes) != length_.inverted) &&
           (!reserved_clear_ || load_be16(header + 2) == 0);
  }

 private:
  SpiTest spi_;
  LengthTest length_;
  bool reserved_clear_;
};

void save(const Options& options, const RuleContext& rule, std::string& out) {
  for (size_t i = 0; i < options.specs().size(); ++i) {
    const OptionSpec& spec = options.specs()[i];
    const OptionValue& value = options.values()[i];
    if (spec.name == "ahspi") {
      save_spi(spec, value, rule, out);
    } else if (value.present && (spec.name == "ahres" || value.number != 0 || value.inverted)) {
      print_option(spec, value, rule, out);
    }
  }
}

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext&) {
  return std::make_unique<AhMatch>(spi_test(options["ahspi"]));
}

Result<std::unique_ptr<Match>> create_ipv6(const Options& options, const RuleContext&) {
  const OptionValue& length = options["ahlen"];
  return std::make_unique<AhIpv6Match>(spi_test(options["ahspi"]),
                                       LengthTest{static_cast<uint32_t>(length.number), length.inverted},
                                       options.has("ahres"));
}

OptionSpec spi_option() {
  return {
      .name = "ahspi", .kind = OptionKind::U32Range, .invertible = true, .summary = "the index, or a range of them"};
}

}  // namespace

MatchType ah_match() {
  return {
      .name = "ah",
      .families = Families::Ipv4Only,
      .options = {spi_option()},
      .implied = true,
      .protocols = {kAh},
      .save = save,
      .create = create,
      .summary = "compares the SPI of AH",
  };
}

MatchType ah_ipv6_match() {
  return {
      .name = "ah",
      .families = Families::Ipv6Only,
      .options = {spi_option(),
                  {.name = "ahlen",
                   .kind = OptionKind::U32,
                   .invertible = true,
                   .summary = "the header's length in bytes; 0 is any"},
                  {.name = "ahres", .summary = "the reserved bits are zero"}},
      .save = save,
      .create = create_ipv6,
      .summary = "compares SPI and length of AH",
  };
}

}  // namespace sallyport
