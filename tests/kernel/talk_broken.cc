// Headers that are cut short or whose lengths cannot be, before and within a conversation.

#include <algorithm>

#include "kernel/talks.h"

namespace sallyport::kernel {
namespace {

using test::Bytes;

// The transport part of a segment or datagram of that flow, `size` bytes long.
Bytes transport(const Talker& talker, uint8_t from, size_t size) {
  Bytes bytes(std::max<size_t>(size, 20), 0);
  store_be16(&bytes[0], talker.ports[from]);
  store_be16(&bytes[2], talker.ports[other_end(from)]);
  bytes.resize(size);
  return bytes;
}

void say_broken_tcp(Talker& talker, uint8_t from) {
  Draw& draw = talker.draw;
  const bool cut = draw.chance(40);
  Bytes bytes = transport(talker, from, cut ? draw.below(20) : 24);
  if (bytes.size() > 13) {
    bytes[12] = static_cast<uint8_t>(draw.pick({0, 1, 4, 5, 6, 7, 15}) << 4);
    bytes[13] = draw.pick<uint8_t>({test::kSyn, test::kAck, test::kRst});
  }
  talker.say_ip(from, kTcp, bytes);
}

void say_broken_udp(Talker& talker, uint8_t from) {
  Draw& draw = talker.draw;
  const bool cut = draw.chance(30);
  Bytes bytes = transport(talker, from, cut ? draw.below(8) : 16);
  if (bytes.size() > 5) store_be16(&bytes[4], draw.pick<uint16_t>({0, 1, 7, 8, 15, 16, 17, 1000}));
  talker.say_ip(from, kUdp, bytes);
}

void say_broken_udplite(Talker& talker, uint8_t from) {
  Draw& draw = talker.draw;
  const Bytes bytes = transport(talker, from, draw.chance(30) ? draw.below(8) : 16);
  const std::string way = talker.bare_flow(from);
  Packet packet = talker.v6() ? test::ip6(way, kUdplite, bytes) : test::ip4(way, kUdplite, bytes);
  // The packet maker filled the checksum in.
  if (uint8_t* const header = packet.transport(8); header != nullptr && draw.chance(60)) store_be16(header + 6, 0);
  talker.say(from, std::move(packet));
}

void say_broken_icmp(Talker& talker, uint8_t from) {
  Draw& draw = talker.draw;
  Bytes bytes(draw.below(9), 0);
  if (!bytes.empty()) bytes[0] = talker.v6() ? draw.pick<uint8_t>({128, 1, 135, 137}) : draw.pick<uint8_t>({8, 3, 13});
  talker.say_ip(from, talker.v6() ? kIcmp6 : kIcmp, bytes);
}

}  // namespace

void talk_broken(Talker& talker) {
  constexpr void (*kSay[])(Talker&, uint8_t) = {say_broken_tcp, say_broken_udp, say_broken_udplite, say_broken_icmp};
  const auto say = talker.draw.pick(kSay);
  if (say == say_broken_tcp && talker.draw.chance(60)) talker.connect();
  if (say == say_broken_udp && talker.draw.chance(60)) talker.say_udp(kA, talker.flow(kA), "whole");
  const uint32_t length = talker.draw.between(1, 6);
  for (uint32_t i = 0; i < length; ++i) say(talker, static_cast<uint8_t>(talker.draw.below(2)));
}

}  // namespace sallyport::kernel
