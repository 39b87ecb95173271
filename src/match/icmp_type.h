// TYPE[/CODE] of ICMP and ICMPv6 as a rule writes it: by number, or by a name's unambiguous beginning.
#pragma once

#include <span>

#include "sallyport/match.h"

namespace sallyport {

struct IcmpTypeName {
  std::string_view name;
  uint8_t type;
  uint8_t low_code = 0;
  uint8_t high_code = 255;
};

// Fills number (the type) and list[0] (the codes, lowest and highest).
Result<void> parse_icmp_type(std::span<const IcmpTypeName> names, std::string_view text, OptionValue& value);
// Appends " TYPE", and "/CODE" where not every code is meant; of a range of codes iptables prints the first only.
void print_icmp_type(const OptionValue& value, std::string& out);

// Compares type and code of the header at `transport_offset`.
Result<std::unique_ptr<Match>> make_icmp_match(const OptionValue& value, bool any_type);

}  // namespace sallyport
