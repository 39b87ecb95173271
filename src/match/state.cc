// -m state: the connection's state, in the short spelling. Counterpart of net/netfilter/xt_state.c.

#include "match/connection_words.h"
#include "match/matches.h"
#include "sallyport/connection.h"
#include "sallyport/reads_only.h"

namespace sallyport {
namespace {

class StateMatch final : public Match, public ReadsOnly {
 public:
  explicit StateMatch(uint32_t wanted, bool inverted) : wanted_(wanted), inverted_(inverted) {}
  bool matches(const Packet& packet, HookContext&) override {
    return ((wanted_ & state_bit(packet)) != 0) != inverted_;
  }

 private:
  uint32_t wanted_;
  bool inverted_;
};

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext&) {
  const OptionValue& state = options["state"];
  return make_state_match(static_cast<uint32_t>(state.number), state.inverted);
}

}  // namespace

std::unique_ptr<Match> make_state_match(uint32_t wanted, bool inverted) {
  return std::make_unique<StateMatch>(wanted, inverted);
}

MatchType state_match() {
  return {
      .name = "state",
      .options = {{.name = "state",
                   .kind = OptionKind::Custom,
                   .invertible = true,
                   .required = true,
                   .hint = "INVALID, NEW, RELATED, ESTABLISHED, UNTRACKED, separated by commas",
                   .parse = parse_connection_words<kStateWords>,
                   .print = print_connection_words<kStateWords>}},
      .create = create,
      .summary = "compares the connection's state",
  };
}

}  // namespace sallyport
