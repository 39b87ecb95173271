// Answers to packets that end here: what REJECT, TARPIT and DELUDE have in common.
#pragma once

#include <cstdint>

#include "sallyport/hook.h"
#include "wire/build.h"

namespace sallyport {

namespace tcp_flag {
constexpr uint8_t kFin = 0x01, kSyn = 0x02, kRst = 0x04, kPsh = 0x08, kAck = 0x10;
}

// A segment without payload and options.
struct TcpAnswer {
  uint32_t sequence = 0;
  uint32_t acknowledgement = 0;
  uint8_t flags = 0;
  uint16_t window = 0;
};

// Whether the address means many machines, or all of them.
bool is_broadcast(const IpAddress& address, const HookContext& context);
// What the kernel takes for a right checksum before it answers.
bool checksum_holds(const Packet& packet);

// The TCP header of a packet that may be answered: it is there, not a reset, its checksum is right, and both ends are
// single machines. Null: it may not.
const uint8_t* answerable_tcp(const Packet& packet, const HookContext& context);
// The reset that RFC 9293 3.10.7.1 gives to a segment for which there is no connection.
TcpAnswer reset_of(const Packet& packet, const uint8_t* tcp);
// Sends it to where `cause` came from, as if from where it went. Of `look`, TTL, TOS and identification count.
void send_tcp(const Packet& cause, const HookContext& context, const TcpAnswer& answer, PacketRecipe look = {});

}  // namespace sallyport
