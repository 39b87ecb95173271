// -m connmark: compares the connection's mark. Counterpart of net/netfilter/xt_connmark.c.

#include "match/matches.h"

namespace sallyport {

MatchType connmark_match() {
  return {
      .name = "connmark",
      .options = {{.name = "mark", .kind = OptionKind::MaskedHex32, .invertible = true, .required = true}},
      .summary = "compares the connection's mark",
  };
}

}  // namespace sallyport
