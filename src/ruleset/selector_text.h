// The parts of a rule that need no -m: addresses, interfaces, protocol, fragments.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sallyport/ruleset.h"

namespace sallyport {

// "a", "a/24", "a,b/8": one or several. "10.1" stands for 10.1.0.0 as in iptables.
Result<std::vector<AddressMask>> parse_address_list(Family family, std::string_view text);
Result<InterfacePattern> parse_interface(std::string_view text, bool inverted);
// Appends " -s ... -d ... -i ... -o ... -p ... -f" as iptables-save prints it.
void print_selector(const Selector& selector, Family family, std::string& out);

}  // namespace sallyport
