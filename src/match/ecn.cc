// -m ecn: the bits of explicit congestion notification in IP and TCP (RFC 3168). Counterpart of
// net/netfilter/xt_ecn.c.

#include "match/matches.h"
#include "match/transport.h"

namespace sallyport {
namespace {

constexpr uint32_t kTcpHeaderBytes = 20;
constexpr uint8_t kEce = 0x40;
constexpr uint8_t kCwr = 0x80;
constexpr uint8_t kIpMask = 0x03;

struct EcnTest {
  uint8_t tcp_mask = 0;   // which of ECE and CWR are looked at
  uint8_t tcp_flags = 0;  // how they must be
  bool ip_given = false;
  bool ip_inverted = false;
  uint8_t ip = 0;
};

class EcnMatch final : public Match {
 public:
  explicit EcnMatch(const EcnTest& test) : test_(test) {}
  bool matches(const Packet& packet, HookContext&) override {
    if (test_.ip_given && ((packet.tos() & kIpMask) == test_.ip) == test_.ip_inverted) return false;
    if (test_.tcp_mask == 0) return true;
    const uint8_t* header = presumed_transport(packet, kTcpHeaderBytes);
    return header != nullptr && (header[13] & test_.tcp_mask) == test_.tcp_flags;
  }

 private:
  EcnTest test_;
};

bool asks_tcp(const Options& options) { return options.has("ecn-tcp-ece") || options.has("ecn-tcp-cwr"); }

Result<void> check(Options& options, const RuleContext& rule) {
  if (asks_tcp(options) && (rule.protocol != kTcp || rule.protocol_inverted)) {
    return fail("the ECN bits of TCP need the rule to name TCP", "-p tcp");
  }
  return {};
}

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext&) {
  const OptionValue& ip = options["ecn-ip-ect"];
  EcnTest test{.ip_given = ip.present, .ip_inverted = ip.inverted, .ip = static_cast<uint8_t>(ip.number)};
  const auto add = [&](std::string_view name, uint8_t bit) {
    const OptionValue& value = options[name];
    if (!value.present) return;
    test.tcp_mask |= bit;
    if (!value.inverted) test.tcp_flags |= bit;
  };
  add("ecn-tcp-ece", kEce);
  add("ecn-tcp-cwr", kCwr);
  return std::make_unique<EcnMatch>(test);
}

}  // namespace

MatchType ecn_match() {
  return {
      .name = "ecn",
      .options = {{.name = "ecn-tcp-ece", .invertible = true, .summary = "TCP's ECN echo is set"},
                  {.name = "ecn-tcp-cwr", .invertible = true, .summary = "TCP's congestion window was reduced"},
                  {.name = "ecn-ip-ect",
                   .kind = OptionKind::U8,
                   .invertible = true,
                   .max = 3,
                   .summary = "the two ECN bits of the IP header"}},
      .at_least_one = true,
      .check = check,
      .create = create,
      .summary = "compares the ECN bits",
  };
}

}  // namespace sallyport
