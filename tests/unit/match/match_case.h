// A rule, a packet and what the one makes of the other: the rows of most tables here.
#pragma once

#include <gtest/gtest.h>

#include "support/packets.h"
#include "support/rule_case.h"

namespace sallyport::test {

struct MatchCase {
  std::string_view rule;
  Packet packet;
  Judged judged;
};

template <class Cases>
void expect_judged(const Cases& cases) {
  for (const MatchCase& one : cases) {
    EXPECT_EQ(judge(one.rule, one.packet), one.judged) << one.rule << "\n  on " << to_hex(one.packet.bytes());
  }
}

constexpr Judged kNo = Judged::No;
constexpr Judged kYes = Judged::Yes;
constexpr Judged kDropped = Judged::Dropped;

// The packet as IPv4 fragment: `offset` in bytes, more to follow or not.
inline Packet as_fragment(Packet packet, uint16_t offset, bool more) {
  Bytes bytes = bytes_of(packet);
  bytes[6] = static_cast<uint8_t>((more ? 0x20 : 0) | (offset / 8) >> 8);
  bytes[7] = static_cast<uint8_t>(offset / 8);
  packet = raw(bytes);
  packet.family = Family::Ipv4;
  packet.protocol = bytes[9];
  packet.transport_offset = static_cast<uint16_t>((bytes[0] & 15) * 4);
  packet.fragment_offset = offset;
  packet.more_fragments = more;
  packet.transport_state = offset == 0 ? Transport::Present : Transport::LaterFragment;
  return packet;
}

// The packet without all but the first `bytes` of what follows its IP header.
inline Packet cut_to(Packet packet, uint32_t bytes) {
  packet.truncate(packet.transport_offset + bytes);
  packet.length = packet.captured();
  return packet;
}

}  // namespace sallyport::test
