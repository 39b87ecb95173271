// Sequence numbers of connections in which a helper changed what was said.
#pragma once

#include <cstdint>

#include "sallyport/connection.h"
#include "sallyport/packet.h"

namespace sallyport {

// How much must be added to a sequence number of that direction's sender to have the one that the other side knows.
inline int32_t sequence_shift(const Connection& connection, Direction direction, uint32_t sequence) {
  if (!connection.has(kStatusSequenceShifted)) return 0;
  const SequenceShift& shift = connection.extra->shifts[index(direction)];
  return static_cast<int32_t>(shift.at - sequence) < 0 ? shift.after : shift.before;
}

// The segment that begins at `sequence` has grown by `bytes`. The connection has an extra.
void add_sequence_shift(Connection& connection, Direction direction, uint32_t sequence, int32_t bytes);

// Writes a segment's sequence and acknowledgement numbers, SACK blocks included, as its receiver counts them. False: it
// is cut off, or its options make no sense.
bool shift_sequence(Packet& packet, const Connection& connection, Direction direction);

}  // namespace sallyport
