// What NAT leaves to chance, taken out of packets and of connection tables, so that the rest can be compared.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernel/nat_rules.h"
#include "kernel/observed.h"

namespace sallyport::kernel {

// One port or ICMP identifier, as each side chose it for the same end of the same connection.
struct Chosen {
  uint16_t kernel = 0;
  uint16_t ours = 0;
};

// The source's and the destination's id of a packet; an ICMP query's identifier is both.
struct Ids {
  uint16_t source = 0, destination = 0;
};
Ids ids_of(const std::vector<uint8_t>& bytes);

// Writes `to` for `from` wherever it is an id of the packet or of the one that it quotes, checksums with it.
void rename_id(std::vector<uint8_t>& bytes, uint16_t from, uint16_t to);
void rename_ids(Observed& observed, const Chosen& chosen);

// What differs between two listings of connections, timeouts apart; ids that a side has changed are equal to any other
// that lies where `rules` allow, as long as no two connections of a side answer alike. Empty: nothing.
std::string table_difference(const std::string& kernel, const std::string& ours, const NatRules& rules);

// The same of what helpers expect, where nothing is left to chance: line by line, the time left apart.
std::string expectation_difference(const std::string& kernel, const std::string& ours);

}  // namespace sallyport::kernel
