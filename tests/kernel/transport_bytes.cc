// TCP, UDP, UDP-Lite, ICMP, ICMPv6, SCTP, DCCP, ESP, AH, GRE, as their RFCs draw them and as they should not be.

#include "kernel/transport_bytes.h"

#include "sallyport/bytes.h"
#include "sallyport/packet.h"

namespace sallyport::kernel {
namespace {

void put16(Bytes& out, uint16_t value) {
  out.push_back(static_cast<uint8_t>(value >> 8));
  out.push_back(static_cast<uint8_t>(value));
}

void put32(Bytes& out, uint32_t value) {
  put16(out, static_cast<uint16_t>(value >> 16));
  put16(out, static_cast<uint16_t>(value));
}

uint16_t port(Draw& draw) { return draw.chance(90) ? draw.pick(pool::kPorts) : static_cast<uint16_t>(draw.word()); }

void put_payload(Bytes& out, Draw& draw) {
  constexpr uint16_t kSizes[] = {0, 0, 0, 0, 1, 4, 8, 11, 12, 20, 32, 50, 64};
  constexpr uint16_t kLarge[] = {100,  500,  956,  1200, 1332, 1340, 1352, 1360, 1372,
                                 1400, 1432, 1440, 1460, 1472, 1481, 2000, 3000};
  const uint32_t size = draw.chance(88) ? draw.pick(kSizes) : draw.pick(kLarge);
  const auto first = static_cast<uint8_t>(draw.word());
  for (uint32_t i = 0; i < size; ++i) out.push_back(static_cast<uint8_t>(first + i));
}

void put_tcp_option(Bytes& out, Draw& draw) {
  const uint8_t kind = draw.chance(35) ? 2 : draw.pick(pool::kTcpOptions);
  out.push_back(kind);
  if (kind <= 1) return;
  if (draw.chance(4)) {  // a length that is wrong
    out.push_back(static_cast<uint8_t>(draw.pick({0, 1, 2, 3, 40, 255})));
    return;
  }
  switch (kind) {
    case 2:
      out.push_back(4);
      put16(out, draw.pick(pool::kSegmentSizes));
      break;
    case 3:
      out.insert(out.end(), {3, 7});
      break;
    case 4:
      out.push_back(2);
      break;
    case 8:
      out.push_back(10);
      put32(out, draw.word());
      put32(out, 0);
      break;
    default:
      out.insert(out.end(), {4, 0xaa, 0xbb});
      break;
  }
}

Bytes tcp(Draw& draw) {
  constexpr uint8_t kCommonFlags[] = {0x02, 0x02, 0x02, 0x12, 0x10, 0x18, 0x11, 0x04,
                                      0x14, 0x01, 0x00, 0x3f, 0xc2, 0x52, 0x90};
  Bytes out;
  put16(out, port(draw));
  put16(out, port(draw));
  put32(out, draw.chance(20) ? 0xffffffff : draw.word());
  put32(out, draw.chance(50) ? 0 : draw.word());
  put16(out, 0);  // data offset and flags: below
  put16(out, static_cast<uint16_t>(draw.word()));
  put32(out, 0);  // checksum, urgent pointer
  for (uint32_t i = draw.chance(55) ? 0 : draw.between(1, 4); i > 0; --i) put_tcp_option(out, draw);
  if (draw.chance(3)) out.resize(60, 1);
  while (out.size() % 4 != 0) out.push_back(static_cast<uint8_t>(draw.pick({0, 1})));
  if (out.size() > 60) out.resize(60);
  uint32_t offset = static_cast<uint32_t>(out.size() / 4);
  if (draw.chance(3)) offset = draw.below(16);
  out[12] = static_cast<uint8_t>(offset << 4 | (draw.chance(5) ? draw.below(16) : 0));
  out[13] = draw.chance(85) ? draw.pick(kCommonFlags) : static_cast<uint8_t>(draw.word());
  put_payload(out, draw);
  return out;
}

Bytes udp(Draw& draw, bool lite) {
  Bytes out;
  put16(out, port(draw));
  put16(out, port(draw));
  put32(out, 0);
  put_payload(out, draw);
  uint32_t length = static_cast<uint32_t>(out.size());
  if (lite) length = draw.pick({0u, 8u, length, 12u, 1u});
  if (draw.chance(3)) length = draw.pick({0u, 7u, 8u, length + 1});
  store_be16(&out[4], static_cast<uint16_t>(length));
  return out;
}

Bytes icmp(Draw& draw) {
  Bytes out;
  if (draw.v6()) {
    const uint8_t type = draw.chance(85) ? draw.pick<uint8_t>({1, 2, 3, 4, 128, 129, 130, 133, 134, 135, 136, 137, 143})
                                         : static_cast<uint8_t>(draw.word());
    out.push_back(type);
  } else {
    const uint8_t type =
        draw.chance(85) ? static_cast<uint8_t>(draw.below(19)) : draw.pick<uint8_t>({0, 3, 5, 8, 11, 40, 255});
    out.push_back(type);
  }
  out.push_back(static_cast<uint8_t>(draw.chance(60) ? 0 : draw.below(16)));
  put16(out, 0);
  put32(out, draw.word());
  put_payload(out, draw);
  return out;
}

Bytes sctp(Draw& draw) {
  Bytes out;
  put16(out, port(draw));
  put16(out, port(draw));
  put32(out, draw.word());
  put32(out, 0);
  for (uint32_t i = draw.between(0, 3); i > 0; --i) {
    const uint32_t body = draw.pick({0u, 4u, 8u, 13u});
    out.push_back(static_cast<uint8_t>(draw.chance(85) ? draw.below(15) : draw.pick({0x80u, 0xc1u, 0x3fu, 0xffu})));
    out.push_back(static_cast<uint8_t>(draw.below(8)));
    put16(out, static_cast<uint16_t>(draw.chance(95) ? 4 + body : draw.below(6)));
    out.resize((out.size() + body + 3) & ~size_t{3});
  }
  return out;
}

Bytes dccp(Draw& draw) {
  Bytes out;
  put16(out, port(draw));
  put16(out, port(draw));
  out.push_back(
      static_cast<uint8_t>(draw.chance(90) ? draw.between(4, 10) : draw.below(256)));  // data offset, in words
  out.push_back(0);
  put16(out, 0);
  out.push_back(static_cast<uint8_t>(draw.below(10) << 1 | draw.below(2)));  // type, extended sequence numbers
  out.push_back(0);
  put16(out, 0);
  put32(out, draw.word());
  for (uint32_t i = draw.between(0, 6); i > 0; --i) {
    out.push_back(static_cast<uint8_t>(draw.chance(75) ? draw.pick(pool::kDccpOptions) : draw.word()));
    out.push_back(static_cast<uint8_t>(draw.pick({2, 4, 4, 4, 3, 0})));
    put16(out, 0);
  }
  return out;
}

Bytes esp(Draw& draw) {
  Bytes out;
  put32(out, draw.pick(pool::kSpis));
  put32(out, draw.word());
  put_payload(out, draw);
  return out;
}

Bytes ah(Draw& draw) {
  Bytes out = {static_cast<uint8_t>(draw.pick({6, 17, 50, 59})), 4};
  put16(out, draw.chance(70) ? 0 : 7);
  put32(out, draw.pick(pool::kSpis));
  put32(out, draw.word());
  out.resize(24);
  const Bytes inner = random_transport(draw, out[0]);
  out.insert(out.end(), inner.begin(), inner.end());
  return out;
}

Bytes gre(Draw& draw) {
  Bytes out = {static_cast<uint8_t>(draw.pick({0x00, 0x20, 0x30})), static_cast<uint8_t>(draw.pick({0, 1})), 0x88,
               0x0b};
  put32(out, draw.word());
  put_payload(out, draw);
  return out;
}

Bytes anything(Draw& draw) {
  Bytes out;
  put32(out, draw.word());
  put_payload(out, draw);
  return out;
}

}  // namespace

Bytes random_transport(Draw& draw, uint8_t protocol) {
  switch (protocol) {
    case kTcp:
      return tcp(draw);
    case kUdp:
      return udp(draw, false);
    case kUdplite:
      return udp(draw, true);
    case kIcmp:
    case kIcmp6:
      return icmp(draw);
    case kSctp:
      return sctp(draw);
    case kDccp:
      return dccp(draw);
    case kEsp:
      return esp(draw);
    case kAh:
      return ah(draw);
    case kGre:
      return gre(draw);
    default:
      return anything(draw);
  }
}

int checksum_place(uint8_t protocol, Family family, bool& pseudo) {
  pseudo = protocol != kIcmp;
  switch (protocol) {
    case kTcp:
      return 16;
    case kUdp:
    case kUdplite:
    case kDccp:
      return 6;
    case kIcmp:
      return family == Family::Ipv4 ? 2 : -1;
    case kIcmp6:
      return family == Family::Ipv6 ? 2 : -1;
    default:
      return -1;
  }
}

}  // namespace sallyport::kernel
