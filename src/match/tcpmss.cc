// -m tcpmss: compares the maximum segment size that TCP announces (RFC 9293). Counterpart of
// net/netfilter/xt_tcpmss.c. A header that is cut off or too short for itself drops the packet.

#include <fmt/format.h>

#include "match/matches.h"
#include "match/transport.h"

namespace sallyport {
namespace {

constexpr uint32_t kHeaderBytes = 20;
constexpr uint8_t kMssOption = 2;
constexpr uint8_t kMssLength = 4;

class TcpmssMatch final : public Match {
 public:
  TcpmssMatch(uint16_t low, uint16_t high, bool inverted) : low_(low), high_(high), inverted_(inverted) {}

  bool matches(const Packet& packet, HookContext& context) override {
    const uint8_t* header = presumed_transport(packet, kHeaderBytes);
    const uint32_t header_bytes = header == nullptr ? 0 : (header[12] >> 4) * 4u;
    if (header_bytes < kHeaderBytes || presumed_transport(packet, header_bytes) == nullptr) {
      context.drop_packet = true;
      return false;
    }
    for (uint32_t i = kHeaderBytes; i < header_bytes;) {
      const bool has_length = header[i] >= 2 && i + 1 < header_bytes && header[i + 1] != 0;
      if (header[i] == kMssOption && header_bytes - i >= kMssLength && header[i + 1] == kMssLength) {
        const uint16_t mss = load_be16(header + i + 2);
        return (mss >= low_ && mss <= high_) != inverted_;
      }
      i += has_length ? header[i + 1] : 1;
    }
    return inverted_;
  }

 private:
  uint16_t low_;
  uint16_t high_;
  bool inverted_;
};

Result<void> check(Options& options, const RuleContext&) {
  const OptionValue& mss = options["mss"];
  if (mss.number <= mss.upper) return {};
  return fail(fmt::format("--mss {}:{} is the wrong way round", mss.number, mss.upper),
              fmt::format("{}:{}", mss.upper, mss.number));
}

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext&) {
  const OptionValue& mss = options["mss"];
  return std::make_unique<TcpmssMatch>(static_cast<uint16_t>(mss.number), static_cast<uint16_t>(mss.upper),
                                       mss.inverted);
}

}  // namespace

MatchType tcpmss_match() {
  return {
      .name = "tcpmss",
      .options = {{.name = "mss",
                   .kind = OptionKind::U16Range,
                   .invertible = true,
                   .required = true,
                   .summary = "the size, or a range of sizes"}},
      .protocols = {kTcp},
      .check = check,
      .create = create,
      .summary = "compares TCP's maximum segment size",
  };
}

}  // namespace sallyport
