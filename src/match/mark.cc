// -m mark: compares the packet's mark under a mask. Counterpart of net/netfilter/xt_mark.c.

#include "match/matches.h"
#include "sallyport/reads_only.h"

namespace sallyport {
namespace {

class MarkMatch final : public Match, public ReadsOnly {
 public:
  MarkMatch(uint32_t value, uint32_t mask, bool inverted) : value_(value), mask_(mask), inverted_(inverted) {}
  bool matches(const Packet& packet, HookContext&) override { return ((packet.mark & mask_) == value_) != inverted_; }

 private:
  uint32_t value_;
  uint32_t mask_;
  bool inverted_;
};

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext&) {
  const OptionValue& mark = options["mark"];
  return std::make_unique<MarkMatch>(static_cast<uint32_t>(mark.number), static_cast<uint32_t>(mark.mask),
                                     mark.inverted);
}

}  // namespace

MatchType mark_match() {
  return {
      .name = "mark",
      .options = {{.name = "mark",
                   .kind = OptionKind::MaskedHex32,
                   .invertible = true,
                   .required = true,
                   .summary = "VALUE[/MASK]: the bits of the mask are those of the value"}},
      .create = create,
      .summary = "compares the packet's mark",
  };
}

}  // namespace sallyport
