// -m ttl: compares the IPv4 time to live. Counterpart of net/netfilter/xt_hl.c.

#include "match/compare.h"
#include "match/matches.h"

namespace sallyport {
namespace {

class TtlMatch final : public Match {
 public:
  TtlMatch(Compare compare, uint8_t ttl) : compare_(compare), ttl_(ttl) {}
  bool matches(const Packet& packet, HookContext&) override { return holds(compare_, packet.ttl(), ttl_); }

 private:
  Compare compare_;
  uint8_t ttl_;
};

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext&) {
  if (options.has("ttl-eq")) {
    const OptionValue& equal = options["ttl-eq"];
    return std::make_unique<TtlMatch>(equal.inverted ? Compare::NotEqual : Compare::Equal,
                                      static_cast<uint8_t>(equal.number));
  }
  const bool less = options.has("ttl-lt");
  return std::make_unique<TtlMatch>(less ? Compare::Less : Compare::Greater,
                                    static_cast<uint8_t>(options.number(less ? "ttl-lt" : "ttl-gt")));
}

}  // namespace

MatchType ttl_match() {
  return {
      .name = "ttl",
      .families = Families::Ipv4Only,
      .options = {{.name = "ttl-eq", .alias = "ttl", .kind = OptionKind::U8, .invertible = true},
                  {.name = "ttl-lt", .kind = OptionKind::U8},
                  {.name = "ttl-gt", .kind = OptionKind::U8}},
      .exactly_one = true,
      .create = create,
      .summary = "compares the time to live",
  };
}

}  // namespace sallyport
