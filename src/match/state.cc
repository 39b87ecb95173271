// -m state: the connection's state, in the short spelling. Counterpart of net/netfilter/xt_state.c.

#include "match/connection_words.h"
#include "match/matches.h"

namespace sallyport {

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
      .summary = "compares the connection's state",
  };
}

}  // namespace sallyport
