// The bytes that -m string and -m content look for, as options give them: --string TEXT, --hex-string "GET |2f 0d0a|".
#pragma once

#include <string>
#include <string_view>

#include "sallyport/options.h"

namespace sallyport {

// The two options, for the description of a match; at most one of them may be given. Whichever it is, the bytes go to
// its value's `text`, 1 to 128 of them.
OptionSpec pattern_as_text();
OptionSpec pattern_as_hex();
// The value of the one that was given; null: neither was. `options` are those of a match that has both.
const OptionValue* given_pattern(const Options& options);
// Appends the option that gives these bytes: the readable form where there is one, as iptables-save does.
void print_pattern(std::string_view pattern, std::string& out);

}  // namespace sallyport
