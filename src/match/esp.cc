// -m esp: compares the security parameter index of ESP (RFC 4303). Counterpart of net/netfilter/xt_esp.c.
// A header that is cut off drops the packet.

#include "match/matches.h"
#include "match/spi.h"
#include "match/transport.h"

namespace sallyport {
namespace {

constexpr uint32_t kHeaderBytes = 8;

class EspMatch final : public Match {
 public:
  explicit EspMatch(const SpiTest& spi) : spi_(spi) {}
  bool matches(const Packet& packet, HookContext& context) override {
    const uint8_t* header = transport_or_drop(packet, context, kHeaderBytes);
    return header != nullptr && spi_.holds(load_be32(header));
  }

 private:
  SpiTest spi_;
};

void save(const Options& options, const RuleContext& rule, std::string& out) {
  save_spi(options.specs()[0], options.values()[0], rule, out);
}

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext&) {
  return std::make_unique<EspMatch>(spi_test(options["espspi"]));
}

}  // namespace

MatchType esp_match() {
  return {
      .name = "esp",
      .options = {{.name = "espspi",
                   .kind = OptionKind::U32Range,
                   .invertible = true,
                   .summary = "the index, or a range of them"}},
      .implied = true,
      .protocols = {kEsp},
      .save = save,
      .create = create,
      .summary = "compares the SPI of ESP",
  };
}

}  // namespace sallyport
