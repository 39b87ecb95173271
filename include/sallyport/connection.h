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

// Who talks to whom, in one direction, with room for addresses of N bytes in network order. `source_id` and
// `destination_id` are ports, or an ICMP query's identifier and type*256+code, or GRE keys; host order. No padding, so
// that it can be hashed and compared as bytes.
template <size_t N>
struct PackedTuple {
  std::array<uint8_t, N> source = {};
  std::array<uint8_t, N> destination = {};
  uint16_t source_id = 0;
  uint16_t destination_id = 0;
  uint16_t zone = 0;
  uint8_t protocol = 0;
  Family family = Family::Ipv4;

  bool operator==(const PackedTuple& other) const { return std::memcmp(this, &other, sizeof *this) == 0; }
};

// Of either family; IPv4's addresses stand in the first four bytes, the rest is zero.
struct Tuple : PackedTuple<16> {
  IpAddress source_address() const { return IpAddress::from(family, source.data()); }
  IpAddress destination_address() const { return IpAddress::from(family, destination.data()); }
};
static_assert(sizeof(Tuple) == 40 && sizeof(PackedTuple<4>) == 16);

// What -j CT wants of the connection that a packet is about to begin or to be looked up in. The zone counts per
// direction: --zone-orig leaves `reply` at 0. Owned by the target; constant.
struct Zone {
  uint16_t original = 0;
  uint16_t reply = 0;
  bool operator==(const Zone&) const = default;
};
struct Helper;
struct Timeouts;
// Which events of a connection, and of what it expects, are told: bits in the order of -j CT --ctevents' words. Neither
// given: all of both.
struct EventChoice {
  uint16_t connection = 0;
  uint16_t expectations = 0;
  bool chosen() const { return connection != 0 || expectations != 0; }
  bool operator==(const EventChoice&) const = default;
};
struct ConnectionTemplate {
  Zone zone = {};
  bool zone_from_mark = false;  // --zone mark: `zone` says for which directions (1), the packet's mark which zone
  const Helper* helper = nullptr;
  const Timeouts* timeouts = nullptr;  // of the policy that --timeout names; null: those of the sysctls
  EventChoice events = {};
};

// Bits of a connection's status, with the kernel's values (enum ip_conntrack_status): listings and rules name them.
enum Status : uint32_t {
  kStatusExpected = 1u << 0,
  kStatusSeenReply = 1u << 1,
  kStatusAssured = 1u << 2,
  kStatusConfirmed = 1u << 3,
  kStatusSourceNat = 1u << 4,
  kStatusDestinationNat = 1u << 5,
  kStatusSequenceShifted = 1u << 6,     // a helper changed the length of what was said (SEQ_ADJUST)
  kStatusSourceNatDone = 1u << 7,       // source mapping chosen, be it none
  kStatusDestinationNatDone = 1u << 8,  // destination mapping likewise
  kStatusDying = 1u << 9,
  kStatusFixedTimeout = 1u << 10,  // no packet prolongs it
  kStatusNatClash = 1u << 12,      // found by its answers only, as another connection has its original tuple
  kStatusHelper = 1u << 13,        // the helper was given by -j CT
};

// What happened to a connection since it was last told of, by bit, with the kernel's values (enum ip_conntrack_events).
enum ConnectionEvent : uint16_t {
  kEventNew = 1u << 0,
  kEventRelated = 1u << 1,  // new, and expected
  kEventDestroy = 1u << 2,
  kEventReply = 1u << 3,
  kEventAssured = 1u << 4,
  kEventProtocolInfo = 1u << 5,  // the protocol's state
  kEventHelper = 1u << 6,
  kEventMark = 1u << 7,
  kEventSequenceShift = 1u << 8,
  kEventLabel = 1u << 10,
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

// The kernel's SCTP states in its order. Invalid stands in the transition table only.
enum class SctpState : uint8_t {
  None,
  Closed,
  CookieWait,
  CookieEchoed,
  Established,
  ShutdownSent,
  ShutdownReceived,
  ShutdownAckSent,
  HeartbeatSent,
  Invalid
};

struct SctpTrack {
  SctpState state = SctpState::None;
  Direction last_direction = Direction::Original;  // of a HEARTBEAT with a wrong tag
  bool heartbeat_with_wrong_tag = false;
  std::array<bool, 2> initiated = {};  // by direction: has sent INIT, and the other has not yet got its cookie back
  std::array<uint32_t, 2> tags = {};   // what packets of that direction must carry; 0: not known
};

struct PacketCounts {
  uint64_t packets = 0;
  uint64_t bytes = 0;
};

// How far sequence numbers of one direction are from what their sender counts: `before` up to the byte `at`, `after`
// behind it.
struct SequenceShift {
  uint32_t at = 0;
  int32_t before = 0;
  int32_t after = 0;
};

// What few connections have, or only where a rule or sysctl asks for it. Owned by the table, in a pool of its own.
struct ConnectionExtra {
  std::array<PacketCounts, 2> counts = {};  // kept when nf_conntrack_acct is 1
  std::array<uint64_t, 2> labels = {};      // a bit each (-m connlabel)
  Timestamp created = 0;                    // kept for events, and when nf_conntrack_timestamp is 1
  const Helper* helper = nullptr;
  const Timeouts* timeouts = nullptr;        // null: those of the sysctls
  std::array<uint64_t, 8> helper_data = {};  // the helper's own
  std::array<uint8_t, 4> expected = {};      // expectations pending, by the helper's class
  uint32_t first_expectation = 0;            // of its list, newest first; 0: none
  EventChoice events = {};
  std::array<SequenceShift, 2> shifts = {};  // by direction; in use with kStatusSequenceShifted
};

// One entry of the connection table. Owned by the table; a packet's pointer to it is valid until the packet's way ends.
// Rules may read everything and write `mark`. One thread.
//
// The fields that every packet touches stand together at the beginning, behind the tuples, which only the table lays
// out: a connection is always an Ipv4Connection or an Ipv6Connection.
class Connection {
 public:
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  ConnectionExtra* extra = nullptr;
  Timestamp deadline = 0;
  uint32_t status = 0;
  uint32_t mark = 0;
  // By protocol.
  union {
    TcpTrack tcp;
    UdpTrack udp;
    SctpTrack sctp;
  };
  // What few packets ask for.
  uint32_t number = 0;           // where the table keeps it
  uint32_t dependents = 0;       // connections whose master this is, packets of it that wait in queues
  Connection* master = nullptr;  // of an expected connection; lives at least as long as this one
  uint64_t sequence = 0;         // order of creation
  uint32_t next_by_source = 0;   // NAT's list of the connections of one source, by number; 0: the end
  uint32_t previous_by_source = 0;
  InterfaceId masquerade = kNoInterface;  // MASQUERADE: whose address it has
  uint16_t pending_events = 0;            // ConnectionEvent: not told yet
  uint8_t protocol = 0;
  Family family = Family::Ipv4;

  inline Tuple tuple(Direction direction) const;
  inline Zone zone() const;
  bool has(uint32_t bits) const { return (status & bits) == bits; }
  // What listings show as id: unique among living connections.
  uint32_t id() const { return static_cast<uint32_t>(sequence) + 1; }
  // Whole seconds left, as listings show them.
  int64_t seconds_left(Timestamp now) const { return deadline > now ? (deadline - now) / kSecond : 0; }

 protected:
  Connection() : tcp() {}
  ~Connection() = default;
};

// By direction.
template <size_t N>
struct TuplePair {
  std::array<PackedTuple<N>, 2> tuples = {};
};
// The connection with its tuples before it.
template <size_t N>
struct ConnectionOf final : TuplePair<N>, Connection {};
using Ipv4Connection = ConnectionOf<4>;
using Ipv6Connection = ConnectionOf<16>;
static_assert(sizeof(Ipv4Connection) <= 192 - 2 * 8, "with its two entries in the hash: 192 bytes");
static_assert(sizeof(Ipv6Connection) <= sizeof(Ipv4Connection) + 64);

inline Tuple Connection::tuple(Direction direction) const {
  Tuple tuple;
  if (family == Family::Ipv6) {
    static_cast<PackedTuple<16>&>(tuple) = static_cast<const Ipv6Connection*>(this)->tuples[index(direction)];
    return tuple;
  }
  const PackedTuple<4>& kept = static_cast<const Ipv4Connection*>(this)->tuples[index(direction)];
  std::memcpy(tuple.source.data(), kept.source.data(), 4);
  std::memcpy(tuple.destination.data(), kept.destination.data(), 4);
  tuple.source_id = kept.source_id;
  tuple.destination_id = kept.destination_id;
  tuple.protocol = kept.protocol;
  tuple.zone = kept.zone;
  return tuple;
}

inline Zone Connection::zone() const {
  return {.original = tuple(Direction::Original).zone, .reply = tuple(Direction::Reply).zone};
}

}  // namespace sallyport
