// Who talks to whom in an event.
#pragma once

#include <cstdint>
#include <optional>

#include "sallyport/address.h"
#include "sallyport/connection.h"
#include "sallyport/event.h"
#include "wire/siphash.h"

namespace sallyport {

bool has_port_numbers(uint8_t protocol);
bool is_icmp_protocol(uint8_t protocol);

// Who is concerned by an event. Of ICMP, `source_port` is the type and `destination_port` the code.
struct FlowKey {
  IpAddress source = {};
  IpAddress destination = {};
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
  uint8_t protocol = 0;
  bool has_ports = false;  // else the protocol has none, or they cannot be read
};

// Of a packet that may be no good: only what is there, by its own version. None: no addresses can be read.
std::optional<FlowKey> flow_of(const Packet& packet);
// The original direction.
FlowKey flow_of(const Connection& connection);
FlowKey flow_of(const EventFlow& flow);

// The same for all events of a connection, in both directions; another for the next connection between the same ends.
// Without a connection: the same for both directions. At most 2^53, which JSON readers keep exactly.
uint64_t flow_id(FlowKey flow, const Connection* connection, const SipHashKey& key);

}  // namespace sallyport
