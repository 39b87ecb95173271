// Sums over headers and payloads. RFC 1071; what each transport covers: RFC 9293 (TCP), 768 (UDP), 3828 (UDP-Lite), 792
// and 4443 (ICMP), 4340 (DCCP), 9260 (SCTP).

#include "wire/checksum.h"

#include <optional>

#include "wire/crc32c.h"
#include "wire/word_sum.h"

namespace sallyport {
namespace {

constexpr uint32_t kIpv4Header = 20;
constexpr uint32_t kSctpHeader = 12;
constexpr uint32_t kSctpChecksum = 8;

// A sum of words as they lie, down to one word in host order.
uint32_t folded(uint64_t sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return std::byteswap(static_cast<uint16_t>(sum));
}

// The two addresses stand next to each other in either header.
uint64_t address_sum(const Packet& packet) {
  uint64_t sum = 0;
  const uint8_t* const addresses = packet.source_bytes();
  for (size_t i = 0; i < 2 * address_bytes(packet.family); i += 4) sum += load_raw32(addresses + i);
  return sum;
}

// Of TCP and UDP, whose sum covers all of `all` and the pseudo-header: right where they add up to nothing but ones.
bool adds_up(const Packet& packet, std::span<const uint8_t> all) {
  const auto size = static_cast<uint32_t>(all.size());
  const uint64_t numbers = std::byteswap(uint32_t{packet.protocol}) + uint64_t{std::byteswap(size)};
  return folded(address_sum(packet) + numbers + word_sum(all)) == 0xffff;
}

// How many bytes of the transport part the Internet checksum covers. UDP-Lite and DCCP may leave a part of the payload
// out; nothing where that is below the header or beyond the packet, which is an error.
std::optional<uint32_t> covered_bytes(const Packet& packet, std::span<const uint8_t> all) {
  const auto size = static_cast<uint32_t>(all.size());
  uint32_t covered = size;
  if (packet.protocol == kUdplite) {
    const uint32_t coverage = load_be16(all.data() + 4);
    if (coverage != 0) covered = coverage;
    if (covered < 8) return std::nullopt;
  } else if (packet.protocol == kDccp) {
    const uint32_t coverage = all[5] & 15;
    if (coverage != 0) covered = all[4] * 4u + (coverage - 1) * 4;
  }
  if (covered > size) return std::nullopt;
  return covered;
}

// Everything behind the IP headers, if it is all there and not a piece; else empty.
std::span<const uint8_t> whole_transport(const Packet& packet) {
  if (packet.transport_state != Transport::Present || packet.more_fragments) return {};
  const uint32_t length = packet.transport_length();
  const uint8_t* const first = packet.at(packet.transport_offset, length);
  return first == nullptr ? std::span<const uint8_t>{} : std::span<const uint8_t>{first, length};
}

// What must be there to read the checksum and how far it reaches.
uint32_t least_header(uint32_t place) { return place == 0 ? kSctpHeader : place + 2 > 8 ? place + 2 : 8; }

// Over the first `covered` bytes of `all`; the pseudo-header counts them all.
uint16_t checksum_of(const Packet& packet, std::span<const uint8_t> all, uint32_t covered) {
  const bool pseudo_header = packet.protocol != kIcmp;
  const auto size = static_cast<uint32_t>(all.size());
  return checksum_finish(
      checksum_add(all.first(covered), pseudo_header ? pseudo_header_sum(packet, packet.protocol, size) : 0));
}

// As the four bytes lie in the packet: least significant first.
uint32_t sctp_checksum(std::span<const uint8_t> bytes) {
  static constexpr uint8_t kZero[4] = {};
  uint32_t crc = crc32c_add(bytes.first(kSctpChecksum), ~0u);
  crc = crc32c_add(kZero, crc);
  return ~crc32c_add(bytes.subspan(kSctpHeader), crc);
}

}  // namespace

uint32_t checksum_add(std::span<const uint8_t> bytes, uint32_t sum) {
  return (sum & 0xffff) + (sum >> 16) + folded(word_sum(bytes));
}

uint32_t pseudo_header_sum(const Packet& packet, uint8_t protocol, uint32_t transport_bytes) {
  return folded(address_sum(packet)) + protocol + (transport_bytes >> 16) + (transport_bytes & 0xffff);
}

void set_header_checksum(Packet& packet) {
  if (packet.family != Family::Ipv4) return;
  uint8_t* const ip = packet.at(0, kIpv4Header);
  if (ip == nullptr) return;
  const uint32_t header = (ip[0] & 15) * 4u;
  if (header < kIpv4Header || packet.at(0, header) == nullptr) return;
  store_be16(ip + 10, 0);
  store_be16(ip + 10, checksum({ip, header}));
}

void set_transport_checksum(Packet& packet) {
  const auto all = whole_transport(packet);
  const uint32_t place = checksum_place(packet.protocol, packet.family);
  if ((place == 0 && packet.protocol != kSctp) || all.size() < least_header(place)) return;
  uint8_t* const header = packet.data() + packet.transport_offset;
  if (place == 0) {
    const uint32_t crc = sctp_checksum(all);
    std::memcpy(header + kSctpChecksum, &crc, sizeof crc);
    return;
  }
  const auto covered = covered_bytes(packet, all);
  if (!covered) return;
  store_be16(header + place, 0);
  uint16_t value = checksum_of(packet, all, *covered);
  const bool zero_means_none = packet.protocol == kUdp || packet.protocol == kUdplite;
  if (value == 0 && zero_means_none) value = 0xffff;
  store_be16(header + place, value);
}

ChecksumState transport_checksum_state(const Packet& packet) {
  const auto all = whole_transport(packet);
  const bool udp = packet.protocol == kUdp;
  if ((udp || packet.protocol == kTcp) && all.size() >= (udp ? 8u : 18u)) [[likely]] {
    if (udp && load_be16(all.data() + 6) == 0) return ChecksumState::Absent;
    return adds_up(packet, all) ? ChecksumState::Right : ChecksumState::Wrong;
  }
  const uint32_t place = checksum_place(packet.protocol, packet.family);
  if ((place == 0 && packet.protocol != kSctp) || all.size() < least_header(place)) {
    return ChecksumState::Unknown;
  }
  if (place == 0) {
    return sctp_checksum(all) == load_raw32(all.data() + kSctpChecksum) ? ChecksumState::Right : ChecksumState::Wrong;
  }
  const auto covered = covered_bytes(packet, all);
  return covered && checksum_of(packet, all, *covered) == 0 ? ChecksumState::Right : ChecksumState::Wrong;
}

}  // namespace sallyport
