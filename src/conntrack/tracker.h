// What a protocol's tracker is: three functions over a connection.
#pragma once

#include <array>
#include <cstdint>

#include "conntrack/timeouts.h"
#include "sallyport/connection.h"
#include "sallyport/hook.h"
#include "sallyport/refusal.h"

namespace sallyport {

// What a tracker makes of a packet.
enum class Tracked : uint8_t {
  Accept,     // it belongs to the connection
  Ignored,    // likewise, but it changed nothing and is not counted as carried: context.refusal says why
  Uncounted,  // likewise, as said again or without weight; nothing is wrong with it
  Invalid,    // it does not, or nobody can tell: the packet goes on without a connection, context.refusal says why
  Repeat,     // the connection was killed because the packet begins a new one: look again
};

// What trackers look at beside the packet.
struct TrackContext {
  const Timeouts* timeouts = nullptr;
  Timestamp now = 0;
  Hook hook = Hook::Prerouting;
  PacketState state = PacketState::New;  // what the packet is to the connection so far
  Direction direction = Direction::Original;
  bool kill = false;           // out: the connection ends with this packet
  Refusal* refusal = nullptr;  // out: why the packet was refused or ignored
};

// What a tracker answers where it refuses a packet, with one or two numbers that say more. Seldom called.
[[gnu::cold]] Tracked refuse(TrackContext& context, RefusalReason reason, uint32_t found = 0, uint32_t bound = 0,
                             uint8_t flags = 0);

// What is kept of a TCP connection that comes from a listing, which tells no windows: it is not held against them, as
// `conntrack -I` asks of the kernel, and one that is over may be opened anew.
TcpTrack restored_tcp(TcpState state);

// Each looks at the packet, moves the connection's state and deadline. `connection` is unconfirmed for its first
// packets.
Tracked track_tcp(Connection& connection, const Packet& packet, TrackContext& context);
Tracked track_udp(Connection& connection, const Packet& packet, TrackContext& context);
Tracked track_sctp(Connection& connection, const Packet& packet, TrackContext& context);
Tracked track_icmp(Connection& connection, const Packet& packet, TrackContext& context);
Tracked track_gre(Connection& connection, const Packet& packet, TrackContext& context);
Tracked track_generic(Connection& connection, const Packet& packet, TrackContext& context);

}  // namespace sallyport
