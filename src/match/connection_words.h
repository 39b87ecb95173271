// Lists of a connection's states and statuses, as -m state and -m conntrack spell them.
#pragma once

#include <span>
#include <string_view>

#include "sallyport/connection.h"
#include "sallyport/match.h"
#include "sallyport/options.h"

namespace sallyport {

struct ConnectionWord {
  std::string_view name;
  uint32_t bit;  // of OptionValue::number
};

// In the order in which iptables-save prints them. Our bits: what a rule asks for, not the kernel's numbers.
constexpr ConnectionWord kStateWords[] = {
    {"INVALID", 0x01}, {"NEW", 0x02}, {"RELATED", 0x04}, {"ESTABLISHED", 0x08}, {"UNTRACKED", 0x10},
};
constexpr ConnectionWord kConntrackStateWords[] = {
    {"INVALID", 0x01},   {"NEW", 0x02},  {"RELATED", 0x04}, {"ESTABLISHED", 0x08},
    {"UNTRACKED", 0x10}, {"SNAT", 0x20}, {"DNAT", 0x40},
};
constexpr ConnectionWord kStatusWords[] = {
    {"EXPECTED", 0x01},
    {"SEEN_REPLY", 0x02},
    {"ASSURED", 0x04},
    {"CONFIRMED", 0x08},
};

// The bit of a packet's state.
constexpr uint32_t kStateBits[] = {0x01, 0x02, 0x08, 0x04, 0x10};  // by PacketState
inline uint32_t state_bit(const Packet& packet) { return kStateBits[static_cast<size_t>(packet_state(packet))]; }

// A match that holds where the packet's state is one of the wanted, or is not.
std::unique_ptr<Match> make_state_match(uint32_t wanted, bool inverted);

// Reads WORD[,WORD]... without regard to case; a word's beginning is enough, the first that fits counts.
Result<void> parse_words(std::span<const ConnectionWord> words, std::string_view text, OptionValue& value);
void print_words(std::span<const ConnectionWord> words, const OptionValue& value, std::string& out);

template <const auto& kWords>
Result<void> parse_connection_words(std::string_view text, const RuleContext&, OptionValue& value) {
  return parse_words(kWords, text, value);
}
template <const auto& kWords>
void print_connection_words(const OptionValue& value, const RuleContext&, std::string& out) {
  print_words(kWords, value, out);
}

}  // namespace sallyport
