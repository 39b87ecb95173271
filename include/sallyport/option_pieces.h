// Pieces that several matches and targets read and print their Custom options with.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sallyport/options.h"

namespace sallyport {

// "a,b" as {"a", "b"}; an empty word where two commas meet or one ends the text.
std::vector<std::string_view> comma_separated(std::string_view text);

// An address as getaddrinfo reads it where no name is looked up: IPv4 also as "10.1" or "0".
Result<IpAddress> parse_loose_address(Family family, std::string_view text);

// ADDRESS[/BITS|/MASK] of an extension: the bits outside the mask are kept, and a mask with holes counts as none.
Result<AddressMask> parse_host_mask(Family family, std::string_view text);
// Appends " ADDRESS[/BITS]"; a full mask is left out.
void print_host_mask(const AddressMask& host, std::string& out);
// BITS or a mask. A mask with holes has no length: nullopt in `bits` although the text is read.
Result<std::optional<uint8_t>> parse_prefix_length(Family family, std::string_view text);

// A port as getaddrinfo reads it: a decimal number keeps its low 16 bits; else a service's name.
std::optional<uint16_t> parse_wrapping_port(std::string_view text, uint8_t protocol);

// A protocol of an extension: as parse_protocol, but names only as they are spelled in /etc/protocols.
std::optional<uint8_t> parse_spelled_protocol(std::string_view text);

// Appends " TEXT" as it stands, without quotes: for Custom options that iptables prints so.
void print_plain(const OptionValue& value, const RuleContext& rule, std::string& out);

// Names of proc files, which lists and tables have.
bool is_proc_name(std::string_view name);

}  // namespace sallyport
