// What only a whole rule shows: options that want or exclude each other, and where a match or target may stand.
#pragma once

#include <string_view>

#include "ruleset/option_finder.h"
#include "sallyport/options.h"
#include "sallyport/result.h"
#include "sallyport/ruleset.h"

namespace sallyport {

// -o has no meaning in chains that packets meet before they are routed, -i none in those they meet on their way out.
// Errors without a place.
Result<void> check_interfaces(const Selector& selector, std::string_view chain);

// The options of a match or target against each other, and the table and protocol of the rule against those that it may
// have. Its own check may change options, too (--syn becomes --tcp-flags). Errors without a place.
Result<void> check_extension(Extension& extension, const RuleContext& context);

// TCPMSS stands behind a tcp match that asks for SYN: among the flags that must be set, not inverted.
bool requires_syn(const MatchType& type, const Options& options);

}  // namespace sallyport
