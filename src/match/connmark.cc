// -m connmark: compares the connection's mark. Counterpart of net/netfilter/xt_connmark.c.

#include "match/matches.h"
#include "sallyport/connection.h"

namespace sallyport {
namespace {

class ConnmarkMatch final : public Match {
 public:
  explicit ConnmarkMatch(const OptionValue& mark)
      : value_(static_cast<uint32_t>(mark.number)), mask_(static_cast<uint32_t>(mark.mask)), inverted_(mark.inverted) {}
  bool matches(const Packet& packet, HookContext&) override {
    return packet.connection != nullptr && ((packet.connection->mark & mask_) == value_) != inverted_;
  }

 private:
  uint32_t value_;
  uint32_t mask_;
  bool inverted_;
};

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext&) {
  return std::make_unique<ConnmarkMatch>(options["mark"]);
}

}  // namespace

MatchType connmark_match() {
  return {
      .name = "connmark",
      .options = {{.name = "mark", .kind = OptionKind::MaskedHex32, .invertible = true, .required = true}},
      .create = create,
      .summary = "compares the connection's mark",
  };
}

}  // namespace sallyport
