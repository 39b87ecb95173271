// Where NAT targets map to: addresses and ports as text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sallyport/nat.h"
#include "sallyport/options.h"

namespace sallyport {

// What an option's value holds. Ranges are inclusive; addresses may run backwards, as the kernel allows.
struct NatRange {
  struct Addresses {
    IpAddress low;
    IpAddress high;
  };
  struct Ports {
    uint16_t low;
    uint16_t high;
  };
  std::optional<Addresses> addresses = {};
  std::optional<Ports> ports = {};
  std::optional<uint16_t> base = {};  // of "PORT-PORT/BASE": the port that maps to the first
};
NatRange nat_range(const OptionValue& value);
// The same, with --random, --random-fully and --persistent, as the nat module takes it. `option`: the range's name.
NatRequest nat_request(const Options& options, std::string_view option);

// For Custom options. "[ADDRESS[-ADDRESS]][:PORT[-PORT[/BASE]]]" and "PORT[-PORT[/BASE]]"; IPv6 addresses stand in
// brackets before ports. Ports need a rule whose -p, which must come first, names a protocol that has them.
Result<void> parse_nat_range(std::string_view text, const RuleContext& rule, OptionValue& value);
Result<void> parse_nat_ports(std::string_view text, const RuleContext& rule, OptionValue& value);

// Appends " RANGE". A base is printed as it stands by DNAT only; the other targets' kernel side does not keep it.
void print_nat_range(const OptionValue& value, const RuleContext& rule, std::string& out);
void print_nat_range_without_base(const OptionValue& value, const RuleContext& rule, std::string& out);
// Appends " PORT[-PORT]" of parse_nat_ports, without base as well.
void print_nat_ports(const OptionValue& value, const RuleContext& rule, std::string& out);

}  // namespace sallyport
