// What one packet gave rise to, as seen from outside: the same form for both sides, so that it can be compared.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sallyport/address.h"
#include "sallyport/clock.h"

namespace sallyport::kernel {

// A packet as it goes in: by the interface with this number in kWorldInterfaces, link header included.
struct Input {
  uint8_t interface = 0;
  std::vector<uint8_t> frame = {};
  Timestamp time = 0;  // for the engine; 0: a millisecond after the one before
};

// One sighting.
struct Seen {
  enum class Where : uint8_t {
    AtOutput,       // before the first table of OUTPUT: the machine made it
    AtInput,        // behind the last table of INPUT: it is delivered
    AtPostrouting,  // behind the last table of POSTROUTING: it leaves, or comes in again by lo
    Logged,         // NFLOG
    Left,           // on the wire of `out`
  };
  Where where = Where::Left;
  std::string in = {};
  std::string out = {};
  uint32_t mark = 0;
  uint16_t group = 0;               // Logged
  std::string prefix = {};          // Logged
  std::vector<uint8_t> bytes = {};  // from the IP header on
  bool operator==(const Seen&) const = default;
};

struct Observed {
  std::vector<Seen> journal = {};  // in order
  std::vector<Seen> left = {};     // in order for each interface; interfaces one after the other
};

// For people: a line for each sighting.
std::string text_of(const Observed& observed);

// What differs, or nothing. Takes both by value: chance is taken out of them first.
std::string difference(Observed kernel, Observed ours);

}  // namespace sallyport::kernel
