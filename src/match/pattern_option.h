// The bytes that -m string and -m content look for, as options give them: --string TEXT, --hex-string "GET |2f 0d0a|".
#pragma once

#include <string>
#include <string_view>

#include "sallyport/options.h"

namespace sallyport {

// For OptionSpec::parse: the bytes go to `text`, 1 to 128 of them.
Result<void> parse_pattern_text(std::string_view text, const RuleContext& rule, OptionValue& value);
Result<void> parse_pattern_hex(std::string_view text, const RuleContext& rule, OptionValue& value);
// Appends the option that gives these bytes: the readable form where there is one, as iptables-save does.
void print_pattern(std::string_view pattern, std::string& out);

}  // namespace sallyport
