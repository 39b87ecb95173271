// Headers changed in place, checksums kept right (RFC 1624).

#include "wire/edit.h"

#include "wire/checksum.h"

namespace sallyport {
namespace {

constexpr size_t kIpv4Checksum = 10;

// Writes a 16-bit word of the IPv4 header and follows with the header's checksum.
void set_header_word(uint8_t* header, size_t offset, uint16_t value) {
  const uint16_t old = load_be16(header + offset);
  store_be16(header + offset, value);
  store_be16(header + kIpv4Checksum, checksum_update(load_be16(header + kIpv4Checksum), old, value));
}

}  // namespace

void set_ttl(Packet& packet, uint8_t ttl) {
  uint8_t* header = packet.data();
  if (packet.family == Family::Ipv6) {
    header[7] = ttl;
    return;
  }
  set_header_word(header, 8, static_cast<uint16_t>(ttl << 8 | header[9]));
}

void set_tos(Packet& packet, uint8_t tos) {
  uint8_t* header = packet.data();
  if (packet.family == Family::Ipv6) {
    header[0] = static_cast<uint8_t>((header[0] & 0xf0) | tos >> 4);
    header[1] = static_cast<uint8_t>((header[1] & 0x0f) | (tos & 0x0f) << 4);
    return;
  }
  set_header_word(header, 0, static_cast<uint16_t>(header[0] << 8 | tos));
}

void set_length(Packet& packet) {
  uint8_t* header = packet.data();
  if (packet.family == Family::Ipv6) {
    store_be16(header + 4, static_cast<uint16_t>(packet.length - 40));
    return;
  }
  set_header_word(header, 2, static_cast<uint16_t>(packet.length));
}

void set_transport_word(Packet& packet, uint32_t offset, uint16_t value) {
  uint8_t* word = packet.transport(offset + 2);
  if (word == nullptr) return;
  const uint16_t old = load_be16(word + offset);
  store_be16(word + offset, value);
  const uint32_t field = packet.protocol == kTcp                                                              ? 16
                         : packet.protocol == kUdp || packet.protocol == kUdplite || packet.protocol == kDccp ? 6
                         : packet.protocol == kIcmp || packet.protocol == kIcmp6                              ? 2
                                                                                                              : 0;
  uint8_t* stored = field != 0 ? packet.transport(field + 2) : nullptr;
  if (stored == nullptr) return;
  const uint16_t checksum = load_be16(stored + field);
  if (packet.protocol == kUdp && checksum == 0) return;
  uint16_t updated = checksum_update(checksum, old, value);
  if (packet.protocol == kUdp && updated == 0) updated = 0xffff;
  store_be16(stored + field, updated);
}

}  // namespace sallyport
