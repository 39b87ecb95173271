// Tells of a connection that got no mapping.
#pragma once

#include "sallyport/connection.h"
#include "sallyport/event.h"
#include "sallyport/nat.h"

namespace sallyport {

// What a rule asked for, and for whom.
struct NatAttempt {
  uint64_t connection = ~uint64_t{0};  // Connection::sequence
  NatEnd end = NatEnd::Source;
  NatRequest request = {};
  uint32_t looks = 0;  // tuples that were looked up
};

// The packet is dropped: the answers to what it asks would be those of another connection. The range is told where
// `attempt` was for its connection. `context.events` must not be null.
void tell_exhausted(const Packet& packet, const HookContext& context, const NatAttempt& attempt);

}  // namespace sallyport
