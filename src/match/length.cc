// -m length: compares the length of the IP packet, its header included. Counterpart of net/netfilter/xt_length.c.

#include "match/matches.h"

namespace sallyport {
namespace {

class LengthMatch final : public Match {
 public:
  LengthMatch(uint32_t low, uint32_t high, bool inverted) : low_(low), high_(high), inverted_(inverted) {}
  bool matches(const Packet& packet, HookContext&) override {
    return (packet.length >= low_ && packet.length <= high_) != inverted_;
  }

 private:
  uint32_t low_;
  uint32_t high_;
  bool inverted_;
};

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext&) {
  const OptionValue& length = options["length"];
  return std::make_unique<LengthMatch>(static_cast<uint32_t>(length.number), static_cast<uint32_t>(length.upper),
                                       length.inverted);
}

}  // namespace

MatchType length_match() {
  return {
      .name = "length",
      .options = {{.name = "length",
                   .kind = OptionKind::U16Range,
                   .invertible = true,
                   .required = true,
                   .summary = "bytes, or a range of them"}},
      .create = create,
      .summary = "compares the packet's length",
  };
}

}  // namespace sallyport
