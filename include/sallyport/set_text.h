// References to ipset's sets, as -m set and -j SET write them.
#pragma once

#include <string>
#include <string_view>

#include "sallyport/options.h"

namespace sallyport {

// "NAME FLAGS", FLAGS being up to six of src and dst with commas: the name and the flags as they stand go to `text`
// ("NAME src,dst"), the flags also to `number`, a bit per dimension, set for src; `upper` is how many there are. The
// set need not exist yet: that is asked when the rules are run.
Result<void> parse_set_reference(std::string_view text, const RuleContext& rule, OptionValue& value);
void print_set_reference(const OptionValue& value, const RuleContext& rule, std::string& out);

}  // namespace sallyport
