// A test of one port, and the --sport and --dport options that several matches share.
#pragma once

#include "sallyport/options.h"

namespace sallyport {

// A range of ports, or all others. By default any port holds; a range whose ends are the wrong way round holds none.
struct PortTest {
  uint32_t low = 0;
  uint32_t span = 0xffff;
  bool inverted = false;

  bool holds(uint16_t port) const { return (port - low <= span) != inverted; }
};

// Of an option's value; any port where the option is absent.
PortTest port_test(const OptionValue& value);

// 0:65535, which tcp and udp do not save, not even behind "!".
bool is_every_port(const OptionValue& value);

// PORT or PORT:PORT as tcp and sctp read it: numbers with prefixes, services of the rule's protocol, low end first.
Result<void> parse_ordered_ports(std::string_view text, const RuleContext& rule, OptionValue& value);
// As udp and dccp read it: decimal numbers alone, cut to 16 bits; services of any protocol; either end first.
Result<void> parse_resolved_ports(std::string_view text, const RuleContext& rule, OptionValue& value);
void print_ports(const OptionValue& value, const RuleContext& rule, std::string& out);

using ParsePorts = Result<void> (*)(std::string_view, const RuleContext&, OptionValue&);
OptionSpec source_port_option(ParsePorts parse);
OptionSpec destination_port_option(ParsePorts parse);

}  // namespace sallyport
