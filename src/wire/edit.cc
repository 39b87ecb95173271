// Changes of single header fields. Counterparts: include/net/dsfield.h, csum_replace2() and inet_proto_csum_replace2().
// RFC 1624.

#include "wire/edit.h"

namespace sallyport {
namespace {

constexpr uint32_t kIpv6Header = 40;

void set_ipv4_word(uint8_t* ip, uint32_t offset, uint16_t value) {
  const uint16_t before = load_be16(ip + offset);
  store_be16(ip + offset, value);
  store_be16(ip + 10, checksum_update(load_be16(ip + 10), before, value));
}

// A word at an odd offset stands in the sum with its bytes turned round.
uint16_t as_summed(uint32_t offset, uint16_t word) { return (offset & 1) != 0 ? std::byteswap(word) : word; }

}  // namespace

void set_tos(Packet& packet, uint8_t tos) {
  uint8_t* const ip = packet.data();
  if (packet.family == Family::Ipv4) {
    set_ipv4_word(ip, 0, static_cast<uint16_t>(ip[0] << 8 | tos));
  } else {
    store_be16(ip, static_cast<uint16_t>((load_be16(ip) & 0xf00f) | tos << 4));
  }
}

void set_length(Packet& packet) {
  uint8_t* const ip = packet.data();
  if (packet.family == Family::Ipv4) return set_ipv4_word(ip, 2, static_cast<uint16_t>(packet.length));
  const uint32_t payload = packet.length > kIpv6Header ? packet.length - kIpv6Header : 0;
  store_be16(ip + 4, payload > 65535 ? 0 : static_cast<uint16_t>(payload));
}

void set_transport_word(Packet& packet, uint32_t offset, uint16_t value) {
  uint8_t* const header = packet.transport(offset + 2);
  if (header == nullptr) return;
  const uint16_t before = load_be16(header + offset);
  store_be16(header + offset, value);
  if (packet.protocol == kSctp) return set_transport_checksum(packet);

  const uint32_t place = checksum_place(packet.protocol, packet.family);
  if (place == 0 || offset == place || packet.transport(place + 2) == nullptr) return;
  const uint16_t old_sum = load_be16(header + place);
  if (packet.protocol == kUdp && old_sum == 0) return;
  uint16_t sum = checksum_update(old_sum, as_summed(offset, before), as_summed(offset, value));
  if (packet.protocol == kUdp && sum == 0) sum = 0xffff;
  store_be16(header + place, sum);
}

}  // namespace sallyport
