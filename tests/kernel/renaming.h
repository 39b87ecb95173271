// What NAT leaves to chance, taken out of packets and of connection tables, so that the rest can be compared.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
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

// The connections of a ruleset, as the two sides list them time after time.
class TablePair {
 public:
  // It outlives this.
  explicit TablePair(const NatRules& rules) : rules_(&rules) {}

  // What differs between two listings, timeouts apart; ids that a side has changed are equal to any other that lies
  // where the rules allow, as long as no two connections of a side answer alike. Empty: nothing.
  std::string difference(std::string_view kernel, std::string_view ours);

 private:
  struct Line {
    std::string text = {};   // without timeout, without what was changed by chance
    std::string reply = {};  // the protocol and the answers' tuple, whole
    bool allowed = true;
  };
  Line read(std::string_view line) const;
  std::vector<std::string_view> read_all(std::string_view listing, std::string& wrong);

  const NatRules* rules_;
  std::unordered_map<std::string, Line> known_ = {};  // by the line without its timeout: most are there time after time
};

// The same of what helpers expect, where nothing is left to chance: line by line, the time left apart.
std::string expectation_difference(const std::string& kernel, const std::string& ours);

}  // namespace sallyport::kernel
