// Builds the frames of the demo's capture. Written for this purpose only: plain, not fast. RFC 791, 8200, 9293, 768,
// 792, 4443, 826.

#include "frames.h"

#include <algorithm>

namespace demo {
namespace {

using sallyport::Family;

constexpr uint8_t kProtocolIcmp = 1;
constexpr uint8_t kProtocolTcp = 6;
constexpr uint8_t kProtocolUdp = 17;
constexpr uint8_t kProtocolIcmp6 = 58;

uint64_t add_words(uint64_t sum, std::span<const uint8_t> bytes) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    sum += i % 2 == 0 ? bytes[i] * 256u : bytes[i];
  }
  return sum;
}

uint16_t checksum_of(uint64_t sum) {
  while (sum > 0xffff) {
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return static_cast<uint16_t>(~sum);
}

uint16_t transport_checksum(const IpFields& ip, std::span<const uint8_t> transport) {
  uint64_t sum = add_words(0, transport);
  if (ip.protocol != kProtocolIcmp) {  // ICMP for IPv4 alone has no pseudo-header
    sum = add_words(add_words(sum, ip.source.view()), ip.destination.view());
    sum += ip.protocol + transport.size();
  }
  return checksum_of(sum);
}

// The IP header in front of `transport`, whose checksum is written at `checksum_offset`.
Bytes ip_packet(const IpFields& ip, Writer transport, size_t checksum_offset) {
  const uint16_t checksum = transport_checksum(ip, transport.view());
  const bool never_zero = ip.protocol == kProtocolUdp && checksum == 0;
  transport.set_u16(checksum_offset, never_zero ? 0xffff : checksum);

  Writer packet;
  if (ip.source.family == Family::Ipv6) {
    packet.u32(0x60000000).u16(static_cast<unsigned>(transport.size())).u8(ip.protocol).u8(ip.ttl);
    packet.bytes(ip.source.view()).bytes(ip.destination.view());
  } else {
    packet.u8(0x45).u8(0).u16(static_cast<unsigned>(20 + transport.size()));
    packet.u16(ip.identification).u16(ip.dont_fragment ? 0x4000 : 0).u8(ip.ttl).u8(ip.protocol).u16(0);
    packet.bytes(ip.source.view()).bytes(ip.destination.view());
    packet.set_u16(10, checksum_of(add_words(0, packet.view())));
  }
  packet.bytes(transport.view());
  return packet.take();
}

}  // namespace

Writer& Writer::u8(unsigned value) {
  bytes_.push_back(static_cast<uint8_t>(value));
  return *this;
}
Writer& Writer::u16(unsigned value) { return u8(value >> 8).u8(value & 0xff); }
Writer& Writer::u24(unsigned value) { return u8(value >> 16).u16(value & 0xffff); }
Writer& Writer::u32(uint32_t value) { return u16(value >> 16).u16(value & 0xffff); }
Writer& Writer::text(std::string_view text) {
  bytes_.insert(bytes_.end(), text.begin(), text.end());
  return *this;
}
Writer& Writer::bytes(std::span<const uint8_t> bytes) {
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  return *this;
}
Writer& Writer::zeros(size_t count) {
  bytes_.resize(bytes_.size() + count);
  return *this;
}
void Writer::set_u16(size_t offset, unsigned value) {
  bytes_.at(offset) = static_cast<uint8_t>(value >> 8);
  bytes_.at(offset + 1) = static_cast<uint8_t>(value);
}

Bytes tcp_packet(IpFields ip, const TcpFields& tcp, std::span<const uint8_t> payload) {
  ip.protocol = kProtocolTcp;
  const unsigned header_words = tcp.syn_options ? 8 : 5;
  Writer segment;
  segment.u16(tcp.source_port).u16(tcp.destination_port).u32(tcp.sequence).u32(tcp.acknowledgement);
  segment.u8(header_words << 4).u8(tcp.flags).u16(tcp.window).u16(0).u16(0);
  if (tcp.syn_options) {
    segment.u8(2).u8(4).u16(tcp.mss);  // maximum segment size
    segment.u8(1).u8(1).u8(4).u8(2);   // SACK permitted
    segment.u8(1).u8(3).u8(3).u8(7);   // window scale 7
  }
  segment.bytes(payload);
  return ip_packet(ip, std::move(segment), 16);
}

Bytes udp_packet(IpFields ip, uint16_t source_port, uint16_t destination_port, std::span<const uint8_t> payload) {
  ip.protocol = kProtocolUdp;
  Writer datagram;
  datagram.u16(source_port).u16(destination_port).u16(static_cast<unsigned>(8 + payload.size())).u16(0).bytes(payload);
  return ip_packet(ip, std::move(datagram), 6);
}

Bytes icmp_packet(IpFields ip, uint8_t type, uint8_t code, uint32_t rest, std::span<const uint8_t> payload) {
  ip.protocol = ip.source.family == Family::Ipv6 ? kProtocolIcmp6 : kProtocolIcmp;
  Writer message;
  message.u8(type).u8(code).u16(0).u32(rest).bytes(payload);
  return ip_packet(ip, std::move(message), 2);
}

std::vector<Bytes> fragments(const Bytes& packet, size_t mtu) {
  const size_t room = (mtu - 20) / 8 * 8;
  const std::span<const uint8_t> header = std::span(packet).first(20);
  const std::span<const uint8_t> payload = std::span(packet).subspan(20);
  std::vector<Bytes> pieces;
  for (size_t offset = 0; offset < payload.size(); offset += room) {
    const auto part = payload.subspan(offset, std::min(room, payload.size() - offset));
    const bool more = offset + part.size() < payload.size();
    Writer piece;
    piece.bytes(header).bytes(part);
    piece.set_u16(2, static_cast<unsigned>(piece.size()));
    piece.set_u16(6, static_cast<unsigned>(offset / 8) | (more ? 0x2000u : 0u));
    piece.set_u16(10, 0);
    piece.set_u16(10, checksum_of(add_words(0, piece.view().first(20))));
    pieces.push_back(piece.take());
  }
  return pieces;
}

Bytes ethernet(const Mac& source, const Mac& destination, const Bytes& ip_packet) {
  Writer frame;
  frame.bytes(destination).bytes(source).u16(ip_packet[0] >> 4 == 4 ? 0x0800 : 0x86dd).bytes(ip_packet);
  frame.zeros(frame.size() < 60 ? 60 - frame.size() : 0);
  return frame.take();
}

Bytes arp_request(const Mac& source, const sallyport::IpAddress& sender, const sallyport::IpAddress& target) {
  constexpr Mac kEverybody = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
  Writer frame;
  frame.bytes(kEverybody).bytes(source).u16(0x0806);
  frame.u16(1).u16(0x0800).u8(6).u8(4).u16(1).bytes(source).bytes(sender.view()).zeros(6).bytes(target.view());
  frame.zeros(60 - frame.size());
  return frame.take();
}

}  // namespace demo
