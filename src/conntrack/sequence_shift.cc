// Sequence numbers behind a change of length. Counterpart of net/netfilter/nf_conntrack_seqadj.c.
//
// Of each direction two shifts are known, before and behind the last change; so a segment that is repeated from before
// it gets the shift that it had the first time. A change before the last one known is a repetition and adds nothing.

#include "conntrack/sequence_shift.h"

#include "wire/edit.h"

namespace sallyport {
namespace {

constexpr uint32_t kTcpHeader = 20, kSequencePlace = 4, kAckPlace = 8;

bool before(uint32_t a, uint32_t b) { return static_cast<int32_t>(a - b) < 0; }

void write_number(Packet& packet, uint32_t place, uint32_t value) {
  set_transport_word(packet, place, static_cast<uint16_t>(value >> 16));
  set_transport_word(packet, place + 2, static_cast<uint16_t>(value));
}

// What the sender of the acknowledged bytes calls this number.
uint32_t unshifted(const SequenceShift& shift, uint32_t acknowledged) {
  const bool behind = before(shift.at, acknowledged - static_cast<uint32_t>(shift.before));
  return acknowledged - static_cast<uint32_t>(behind ? shift.after : shift.before);
}

void shift_sack(Packet& packet, const SequenceShift& shift, uint32_t begin, uint32_t end) {
  for (uint32_t at = begin; at + 4 <= end; at += 4) {
    write_number(packet, at, unshifted(shift, load_be32(packet.transport(at + 4) + at)));
  }
}

bool shift_options(Packet& packet, const SequenceShift& shift, uint32_t header_bytes) {
  constexpr uint8_t kEnd = 0, kNothing = 1, kSack = 5;
  for (uint32_t at = kTcpHeader; at < header_bytes;) {
    const uint8_t* const header = packet.transport(header_bytes);
    if (header[at] == kEnd) return true;
    if (header[at] == kNothing) {
      ++at;
      continue;
    }
    if (header_bytes - at < 2) return false;
    const uint32_t size = header[at + 1];
    if (size < 2 || size > header_bytes - at) return false;
    if (header[at] == kSack && size >= 10 && (size - 2) % 8 == 0) shift_sack(packet, shift, at + 2, at + size);
    at += size;
  }
  return true;
}

}  // namespace

void add_sequence_shift(Connection& connection, Direction direction, uint32_t sequence, int32_t bytes) {
  if (bytes == 0) return;
  connection.status |= kStatusSequenceShifted;
  connection.pending_events |= kEventSequenceShift;
  SequenceShift& shift = connection.extra->shifts[index(direction)];
  if (shift.before != shift.after && !before(shift.at, sequence)) return;
  shift.at = sequence;
  shift.before = shift.after;
  shift.after += bytes;
}

bool shift_sequence(Packet& packet, const Connection& connection, Direction direction) {
  if (packet.protocol != kTcp) return true;
  const uint8_t* const header = packet.transport(kTcpHeader);
  if (header == nullptr) return false;
  const uint32_t header_bytes = (header[12] >> 4) * 4u;
  if (header_bytes < kTcpHeader || packet.transport(header_bytes) == nullptr) return false;
  const uint32_t sequence = load_be32(header + kSequencePlace);
  const uint32_t ack = load_be32(header + kAckPlace);
  const SequenceShift& other = connection.extra->shifts[index(opposite(direction))];
  write_number(packet, kSequencePlace,
               sequence + static_cast<uint32_t>(sequence_shift(connection, direction, sequence)));
  write_number(packet, kAckPlace, unshifted(other, ack));
  return shift_options(packet, other, header_bytes);
}

}  // namespace sallyport
