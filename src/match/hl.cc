// -m hl: compares the IPv6 hop limit. Counterpart of net/netfilter/xt_hl.c.

#include "match/compare.h"
#include "match/matches.h"

namespace sallyport {
namespace {

class HlMatch final : public Match {
 public:
  HlMatch(Compare compare, uint8_t limit) : compare_(compare), limit_(limit) {}
  bool matches(const Packet& packet, HookContext&) override { return holds(compare_, packet.ttl(), limit_); }

 private:
  Compare compare_;
  uint8_t limit_;
};

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext&) {
  if (options.has("hl-eq")) {
    const OptionValue& equal = options["hl-eq"];
    return std::make_unique<HlMatch>(equal.inverted ? Compare::NotEqual : Compare::Equal,
                                     static_cast<uint8_t>(equal.number));
  }
  const bool less = options.has("hl-lt");
  return std::make_unique<HlMatch>(less ? Compare::Less : Compare::Greater,
                                   static_cast<uint8_t>(options.number(less ? "hl-lt" : "hl-gt")));
}

}  // namespace

MatchType hl_match() {
  return {
      .name = "hl",
      .families = Families::Ipv6Only,
      .options = {{.name = "hl-eq",
                   .alias = "hl",
                   .kind = OptionKind::U8,
                   .invertible = true,
                   .summary = "the hop limit is that number"},
                  {.name = "hl-lt", .kind = OptionKind::U8, .summary = "the hop limit is less"},
                  {.name = "hl-gt", .kind = OptionKind::U8, .summary = "the hop limit is greater"}},
      .exactly_one = true,
      .create = create,
      .summary = "compares the hop limit",
  };
}

}  // namespace sallyport
