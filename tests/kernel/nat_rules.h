// The rulesets of nat_lockstep.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "sallyport/address.h"

namespace sallyport::kernel {

// How the hosts of a conversation choose their ports.
enum class Ports : uint8_t {
  Own,       // each conversation has its own: nothing clashes
  Clashing,  // from few, so that sources clash and must be told apart
};

struct NatRules {
  // Rules, one a line, `*TABLE` before those of another table than nat. N1 and N2 stand for the networks behind ta and
  // tb; IPv6 has its own.
  std::string_view rules;
  Ports ports = Ports::Own;
  // Where a port was left to chance it lies here; 0: in the class of the one that it replaces.
  uint16_t low = 0, high = 0;
  bool tcp_only = false;
  bool ipv6_only = false;
  // May end a connection in the middle. What its ends then say begins new ones, which clash with what is left.
  bool cuts_off = false;

  bool leaves_to_chance() const { return ports != Ports::Own || low != 0 || rules.contains("random"); }
};

std::span<const NatRules> nat_rules();
std::string nat_rules_text(const NatRules& rules, Family family);

}  // namespace sallyport::kernel
