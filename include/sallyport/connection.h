// A connection as the rules see it: the tuples of its two directions, its status, its state, its marks.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "sallyport/address.h"
#include "sallyport/clock.h"
#include "sallyport/packet.h"

namespace sallyport {

enum class Direction : uint8_t { Original = 0, Reply = 1 };
constexpr Direction opposite(Direction direction) {
  return direction == Direction::Original ? Direction::Reply : Direction::Original;
}
constexpr size_t index(Direction direction) { return static_cast<size_t>(direction); }

// What a packet is to its connection. The zero value is the safe one: nothing is ESTABLISHED that was not seen to be.
enum class PacketState : uint8_t { Invalid = 0, New = 1, Established = 2, Related = 3, Untracked = 4 };

// A packet carries its state and direction in one byte beside the pointer to its connection.
inline PacketState packet_state(const Packet& packet) {
  return static_cast<PacketState>(packet.connection_state & 0x7f);
}
inline Direction packet_direction(const Packet& packet) {
  return (packet.connection_state & 0x80) != 0 ? Direction::Reply : Direction::Original;
}
inline void set_packet_state(Packet& packet, PacketState state, Direction direction) {
  packet.connection_state = static_cast<uint8_t>(static_cast<uint8_t>(state) | (index(direction) << 7));
}

// Who talks to whom, in one direction. Addresses in network order, those of IPv4 in the first four bytes, the rest
// zero; no padding, so that it can be hashed and compared as bytes. `source_id` and `destination_id` are ports, or an
// ICMP query's identifier and type*256+code, or GRE keys; host order.
struct Tuple {
  std::array<uint8_t, 16> source = {};
  std::array<uint8_t, 16> destination = {};
  uint16_t source_id = 0;
  uint16_t destination_id = 0;
  uint8_t protocol = 0;
  Family family = Family::Ipv4;
  uint16_t zone = 0;

  IpAddress source_address() const { return IpAddress::from(family, source.data()); }
  IpAddress destination_address() const { return IpAddress::from(family, destination.data()); }
  bool operator==(const Tuple& other) const { return std::memcmp(this, &other, sizeof *this) == 0; }
};
static_assert(sizeof(Tuple) == 40);

// Bits of a connection's status, with the kernel's values (enum ip_conntrack_status): listings and rules name them.
enum Status : uint32_t {
  kStatusExpected = 1u << 0,
  kStatusSeenReply = 1u << 1,
  kStatusAssured = 1u << 2,
  kStatusConfirmed = 1u << 3,
  kStatusSourceNat = 1u << 4,
  kStatusDestinationNat = 1u << 5,
  kStatusDying = 1u << 9,
};

// The kernel's TCP states in its order; None is that of a connection that is not TCP's. The last two stand in the
// transition table only.
enum class TcpState : uint8_t {
  None,
  SynSent,
  SynRecv,
  Established,
  FinWait,
  CloseWait,
  LastAck,
  TimeWait,
  Close,
  SynSent2,
  Invalid,
  Ignored
};

// What window tracking keeps of one side (the names follow the literature: highest end sent, highest end allowed).
struct TcpSide {
  uint32_t end = 0;
  uint32_t max_end = 0;
  uint32_t max_window = 0;
  uint32_t max_ack = 0;
  uint8_t scale = 0;
  uint8_t flags = 0;
};

struct TcpTrack {
  TcpState state = TcpState::None;
  Direction last_direction = Direction::Original;
  uint8_t last_index = 0;
  uint8_t retransmissions = 0;
  uint32_t last_sequence = 0;
  uint32_t last_ack = 0;
  uint32_t last_end = 0;
  uint16_t last_window = 0;
  uint8_t last_scale = 0;
  uint8_t last_flags = 0;
  std::array<TcpSide, 2> seen = {};
};

struct UdpTrack {
  Timestamp stream_since = 0;
};

struct PacketCounts {
  uint64_t packets = 0;
  uint64_t bytes = 0;
};

class Connection;

// One direction of a connection as the table keeps it: a link of its hash chain, one cache line.
struct TupleEntry {
  Tuple tuple = {};
  uint64_t hash = 0;
  TupleEntry* next = nullptr;
  Connection* connection = nullptr;
};
static_assert(sizeof(TupleEntry) == 64);

// One entry of the connection table. Owned by the table; a packet's pointer to it is valid until the packet's way ends.
// Rules may read everything and write `mark`. One thread.
class Connection {
 public:
  std::array<TupleEntry, 2> entries = {};
  uint32_t status = 0;
  uint32_t mark = 0;
  uint32_t id = 0;
  Timestamp deadline = 0;
  uint64_t sequence = 0;                    // order of creation
  Connection* master = nullptr;             // of an expected connection
  std::array<PacketCounts, 2> counts = {};  // kept when nf_conntrack_acct is 1
  TcpTrack tcp = {};
  UdpTrack udp = {};

  const Tuple& tuple(Direction direction) const { return entries[index(direction)].tuple; }
  bool has(uint32_t bits) const { return (status & bits) == bits; }
  // Whole seconds left, as listings show them.
  int64_t seconds_left(Timestamp now) const { return deadline > now ? (deadline - now) / kSecond : 0; }
};

}  // namespace sallyport
