// The Internet checksum and the transports' use of it. RFC 1071, RFC 1624, RFC 3828 (UDP-Lite), RFC 9260 (SCTP's
// CRC32c).

#include "wire/checksum.h"

#include <array>
#include <cstring>

namespace sallyport {
namespace {

constexpr size_t kNoChecksumField = SIZE_MAX;

// Where the transport header keeps its checksum.
size_t checksum_field(uint8_t protocol, Family family) {
  switch (protocol) {
    case kTcp:
      return 16;
    case kUdp:
    case kUdplite:
    case kDccp:
      return 6;
    case kSctp:
      return 8;
    case kIcmp:
      return family == Family::Ipv4 ? 2 : kNoChecksumField;
    case kIcmp6:
      return family == Family::Ipv6 ? 2 : kNoChecksumField;
    default:
      return kNoChecksumField;
  }
}

constexpr std::array<uint32_t, 256> crc32c_table() {
  std::array<uint32_t, 256> table = {};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0x82f63b78u : 0u);
    table[i] = value;
  }
  return table;
}

// SCTP's checksum, as it lies in the packet (little-endian), with its own field taken as zero.
uint32_t sctp_checksum(std::span<const uint8_t> bytes) {
  static constexpr std::array<uint32_t, 256> kTable = crc32c_table();
  uint32_t crc = 0xffffffffu;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const uint8_t byte = i >= 8 && i < 12 ? 0 : bytes[i];
    crc = kTable[(crc ^ byte) & 0xff] ^ (crc >> 8);
  }
  return ~crc;
}

// The part of the transport packet that its checksum covers; empty where the header says what cannot be.
std::span<const uint8_t> covered(const Packet& packet, std::span<const uint8_t> transport) {
  if (packet.protocol == kUdplite) {
    const uint16_t coverage = load_be16(transport.data() + 4);
    if (coverage == 0) return transport;
    return coverage < 8 || coverage > transport.size() ? std::span<const uint8_t>{} : transport.first(coverage);
  }
  if (packet.protocol == kDccp && transport.size() > 12) {
    const unsigned coverage = transport[5] & 0xfu;
    if (coverage == 0) return transport;
    const size_t bytes = transport[4] * 4u + (coverage - 1) * 4u;
    return bytes < transport.size() ? transport.first(bytes) : transport;
  }
  return transport;
}

// The whole transport packet when all of it is there.
std::span<const uint8_t> whole_transport(const Packet& packet) {
  if (packet.transport_state != Transport::Present || packet.more_fragments || packet.captured() < packet.length ||
      packet.transport_offset > packet.length) {
    return {};
  }
  return packet.bytes().subspan(packet.transport_offset);
}

uint32_t sum_of(const Packet& packet, std::span<const uint8_t> transport) {
  const bool pseudo = packet.protocol != kIcmp;
  const auto size = static_cast<uint32_t>(transport.size());
  return checksum_add(covered(packet, transport), pseudo ? pseudo_header_sum(packet, packet.protocol, size) : 0);
}

}  // namespace

uint32_t checksum_add(std::span<const uint8_t> bytes, uint32_t sum) {
  // Sums words as they lie; the end-around carry makes the byte order of the sum a matter of one swap at the end.
  uint64_t total = 0;
  const uint8_t* at = bytes.data();
  size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) {
    uint64_t word;
    std::memcpy(&word, at, sizeof word);
    total += (word & 0xffffffffu) + (word >> 32);
  }
  if (left >= 4) {
    total += load_raw32(at);
    at += 4;
    left -= 4;
  }
  if (left >= 2) {
    uint16_t word;
    std::memcpy(&word, at, sizeof word);
    total += word;
    at += 2;
    left -= 2;
  }
  if (left == 1) total += *at;
  while (total >> 16 != 0) total = (total & 0xffff) + (total >> 16);
  const uint32_t folded = std::byteswap(static_cast<uint16_t>(total));
  const uint64_t both = uint64_t{sum} + folded;
  return static_cast<uint32_t>((both & 0xffffffffu) + (both >> 32));
}

uint16_t checksum_finish(uint32_t sum) {
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

uint16_t checksum(std::span<const uint8_t> bytes) { return checksum_finish(checksum_add(bytes)); }

uint16_t checksum_update(uint16_t checksum, uint16_t old_word, uint16_t new_word) {
  uint32_t sum = static_cast<uint16_t>(~checksum);
  sum += static_cast<uint16_t>(~old_word);
  sum += new_word;
  return checksum_finish(sum);
}

uint32_t pseudo_header_sum(const Packet& packet, uint8_t protocol, uint32_t transport_bytes) {
  uint32_t sum = checksum_add({packet.source_bytes(), 2 * address_bytes(packet.family)});
  sum += protocol;
  sum += transport_bytes >> 16;
  return sum + (transport_bytes & 0xffff);
}

void set_header_checksum(Packet& packet) {
  if (packet.family != Family::Ipv4) return;
  const uint32_t header_bytes = (packet.data()[0] & 0xfu) * 4;
  uint8_t* header = packet.at(0, header_bytes);
  if (header == nullptr || header_bytes < 20) return;
  store_be16(header + 10, 0);
  store_be16(header + 10, checksum({header, header_bytes}));
}

void set_transport_checksum(Packet& packet) {
  const std::span<const uint8_t> transport = whole_transport(packet);
  const size_t field = checksum_field(packet.protocol, packet.family);
  if (field == kNoChecksumField || transport.size() < field + 4) return;
  uint8_t* stored = packet.at(packet.transport_offset + static_cast<uint32_t>(field), 2);
  if (packet.protocol == kSctp) {
    const uint32_t crc = sctp_checksum(transport);
    std::memcpy(stored, &crc, sizeof crc);
    return;
  }
  store_be16(stored, 0);
  uint16_t value = checksum_finish(sum_of(packet, transport));
  if (value == 0 && (packet.protocol == kUdp || packet.protocol == kUdplite)) value = 0xffff;
  store_be16(stored, value);
}

ChecksumState transport_checksum_state(const Packet& packet) {
  const std::span<const uint8_t> transport = whole_transport(packet);
  const size_t field = checksum_field(packet.protocol, packet.family);
  if (field == kNoChecksumField || transport.size() < field + 2) return ChecksumState::Unknown;
  if (packet.protocol == kSctp) {
    if (transport.size() < 12) return ChecksumState::Unknown;
    uint32_t stored;
    std::memcpy(&stored, transport.data() + field, sizeof stored);
    return stored == sctp_checksum(transport) ? ChecksumState::Right : ChecksumState::Wrong;
  }
  if (packet.protocol == kUdp) {
    if (load_be16(transport.data() + field) == 0) return ChecksumState::Absent;
    const uint16_t length = load_be16(transport.data() + 4);
    if (length < 8 || length > transport.size()) return ChecksumState::Wrong;
    const uint32_t sum = pseudo_header_sum(packet, kUdp, length);
    return checksum_finish(checksum_add(transport.first(length), sum)) == 0 ? ChecksumState::Right
                                                                            : ChecksumState::Wrong;
  }
  if (covered(packet, transport).empty()) return ChecksumState::Wrong;
  return checksum_finish(sum_of(packet, transport)) == 0 ? ChecksumState::Right : ChecksumState::Wrong;
}

}  // namespace sallyport
