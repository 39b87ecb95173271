// How a target asks for a connection to be mapped to other addresses and ports.
#pragma once

#include <cstdint>

#include "sallyport/address.h"
#include "sallyport/packet.h"

namespace sallyport {

struct HookContext;

// Which end of a connection a mapping changes: the source at POSTROUTING and INPUT, the destination at PREROUTING and
// OUTPUT.
enum class NatEnd : uint8_t { Source, Destination };

// Where a connection may be mapped to. Ends of ranges belong to them.
struct NatRequest {
  bool has_addresses = false;  // else the address stays
  bool has_ids = false;        // ports, ICMP identifiers; else they stay where that is free
  bool has_base = false;       // the port moves as far from `low_id` as it was from `base`
  bool random = false;         // a random port, not the one that it has
  bool persistent = false;     // of several addresses the same for a source, whatever the destination
  IpAddress low = {};
  IpAddress high = {};
  uint16_t low_id = 0;
  uint16_t high_id = 0;
  uint16_t base = 0;
};

// What the nat module offers to targets while a connection's first packet is in the nat table. One thread.
class Nat {
 public:
  virtual ~Nat() = default;
  // Decides the mapping of that end, once and for all. Nothing happens to a packet without an undecided connection.
  virtual void map(Packet& packet, const HookContext& context, NatEnd end, const NatRequest& request) = 0;
  // Binds the connection to the interface: its packets may leave by that one only.
  virtual void bind(Packet& packet, InterfaceId out) = 0;
};

}  // namespace sallyport
