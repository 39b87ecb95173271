// Where the headers of a packet lie, and their checksums (RFC 1071, RFC 3309). This shares no code with the engine's
// own reader and checksums: it is what they are judged by.

#include <algorithm>

#include "sallyport/bytes.h"
#include "scenario/packet_text.h"

namespace sallyport::scenario {
namespace {

constexpr uint32_t kIpv4Header = 20, kIpv6Header = 40, kFragmentHeader = 8;

std::optional<Layout> layout4(std::span<const uint8_t> packet) {
  if (packet.size() < kIpv4Header) return {};
  const uint32_t header = (packet[0] & 15u) * 4;
  if (header < kIpv4Header || header > packet.size()) return {};
  const uint16_t fragment = load_be16(&packet[6]);
  Layout layout = {.family = Family::Ipv4, .protocol = packet[9], .transport = header};
  layout.said_length = load_be16(&packet[2]);
  layout.fragment_begin = (fragment & 0x1fffu) * 8;
  layout.more_fragments = (fragment & 0x2000) != 0;
  layout.fragment = layout.more_fragments || layout.fragment_begin != 0;
  layout.fragment_id = load_be16(&packet[4]);
  return layout;
}

std::optional<Layout> layout6(std::span<const uint8_t> packet) {
  if (packet.size() < kIpv6Header) return {};
  Layout layout = {.family = Family::Ipv6, .protocol = packet[6], .transport = kIpv6Header};
  layout.said_length = kIpv6Header + load_be16(&packet[4]);
  while (layout.fragment_begin == 0) {
    const bool extension = layout.protocol == kHopByHop || layout.protocol == kRouting ||
                           layout.protocol == kDestinationOptions || layout.protocol == kFragment;
    if (!extension || layout.transport + kFragmentHeader > packet.size()) break;
    const uint8_t* const header = &packet[layout.transport];
    uint32_t bytes = (header[1] + 1u) * 8;
    if (layout.protocol == kFragment) {
      bytes = kFragmentHeader;
      layout.fragment = true;
      layout.fragment_begin = load_be16(header + 2) & 0xfff8u;
      layout.more_fragments = (header[3] & 1) != 0;
      layout.fragment_id = load_be32(header + 4);
    }
    if (layout.transport + bytes > packet.size()) break;
    layout.protocol = header[0];
    layout.transport += bytes;
  }
  return layout;
}

uint32_t sum_of(std::span<const uint8_t> bytes, uint32_t sum) {
  for (size_t i = 0; i < bytes.size(); ++i) sum += i % 2 == 0 ? uint32_t{bytes[i]} << 8 : bytes[i];
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return sum;
}

uint32_t crc32c(std::span<const uint8_t> bytes) {
  constexpr uint32_t kPolynomial = 0x82f63b78;
  uint32_t crc = 0xffffffff;
  for (const uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
  }
  return ~crc;
}

// Where a protocol's Internet checksum lies; 0: it has none.
uint32_t checksum_at(const Layout& layout) {
  switch (layout.protocol) {
    case kTcp:
      return 16;
    case kUdp:
    case kUdplite:
      return 6;
    case kIcmp:
      return layout.family == Family::Ipv4 ? 2 : 0;
    case kIcmp6:
      return layout.family == Family::Ipv6 ? 2 : 0;
    default:
      return 0;
  }
}

// The sum over pseudo-header and what the checksum covers, the checksum's own field included.
uint32_t transport_sum(std::span<const uint8_t> packet, const Layout& layout) {
  const std::span<const uint8_t> transport = packet.subspan(layout.transport, layout.end - layout.transport);
  const bool plain = layout.protocol == kIcmp;
  uint32_t sum = 0;
  if (!plain) {
    sum = sum_of(layout.family == Family::Ipv4 ? packet.subspan(12, 8) : packet.subspan(8, 32), 0);
    sum += layout.protocol + static_cast<uint32_t>(transport.size());
  }
  size_t covered = transport.size();
  if (layout.protocol == kUdplite && load_be16(&transport[4]) != 0) {
    covered = std::min<size_t>(covered, load_be16(&transport[4]));
  }
  return sum_of(transport.first(covered), sum);
}

// Everything that a checksum covers is there.
bool is_all_there(const Layout& layout) { return !layout.fragment && layout.end == layout.said_length; }

}  // namespace

std::optional<Layout> layout_of(std::span<const uint8_t> packet) {
  if (packet.empty()) return {};
  const uint8_t version = packet[0] >> 4;
  auto layout = version == 4 ? layout4(packet) : version == 6 ? layout6(packet) : std::nullopt;
  if (!layout) return {};
  layout->end = std::min(static_cast<uint32_t>(packet.size()), layout->said_length);
  if (layout->end < layout->transport) return {};
  return layout;
}

uint64_t read_bits(std::span<const uint8_t> bytes, uint32_t bit, unsigned count) {
  uint64_t value = 0;
  for (unsigned i = 0; i < count; ++i, ++bit) value = value << 1 | (bytes[bit / 8] >> (7 - bit % 8) & 1u);
  return value;
}

void write_bits(std::span<uint8_t> bytes, uint32_t bit, unsigned count, uint64_t value) {
  for (unsigned i = 0; i < count; ++i, ++bit) {
    const auto mask = static_cast<uint8_t>(0x80 >> bit % 8);
    const bool on = (value >> (count - 1 - i) & 1) != 0;
    bytes[bit / 8] = static_cast<uint8_t>(on ? bytes[bit / 8] | mask : bytes[bit / 8] & ~mask);
  }
}

void fill_header_checksum(std::span<uint8_t> packet) {
  store_be16(&packet[10], 0);
  store_be16(&packet[10], static_cast<uint16_t>(~sum_of(packet.first((packet[0] & size_t{15}) * 4), 0)));
}

bool header_checksum_right(std::span<const uint8_t> packet) {
  return sum_of(packet.first((packet[0] & size_t{15}) * 4), 0) == 0xffff;
}

void fill_transport_checksum(std::span<uint8_t> packet, const Layout& layout) {
  const uint32_t at = checksum_at(layout);
  const uint32_t room = layout.end - layout.transport;
  uint8_t* const transport = packet.data() + layout.transport;
  if (layout.protocol == kSctp && room >= 12) {
    std::memset(transport + 8, 0, 4);
    const uint32_t crc = crc32c({transport, room});
    std::memcpy(transport + 8, &crc, 4);  // the one checksum that travels in little-endian order
  }
  if (at == 0 || room < at + 2 || room < transport_header_bytes(packet, layout)) return;
  store_be16(transport + at, 0);
  uint16_t sum = static_cast<uint16_t>(~transport_sum(packet, layout));
  if (sum == 0 && (layout.protocol == kUdp || layout.protocol == kUdplite)) sum = 0xffff;
  store_be16(transport + at, sum);
}

bool transport_checksum_right(std::span<const uint8_t> packet, const Layout& layout) {
  const uint32_t at = checksum_at(layout);
  const uint32_t room = layout.end - layout.transport;
  if (!is_all_there(layout)) return true;
  const uint8_t* const transport = packet.data() + layout.transport;
  if (layout.protocol == kSctp && room >= 12) {
    std::vector<uint8_t> copy(transport, transport + room);
    std::memset(copy.data() + 8, 0, 4);
    const uint32_t crc = crc32c(copy);
    return std::memcmp(&crc, transport + 8, 4) == 0;
  }
  if (at == 0 || room < 8 || room < at + 2) return true;
  if (layout.protocol == kUdp && load_be16(transport + at) == 0) return true;
  return transport_sum(packet, layout) == 0xffff;
}

uint32_t transport_header_bytes(std::span<const uint8_t> packet, const Layout& layout) {
  const uint32_t room = layout.end - layout.transport;
  if (layout.fragment_begin != 0) return 0;
  const uint8_t* const transport = packet.data() + layout.transport;
  uint32_t bytes = 0;
  switch (layout.protocol) {
    case kTcp:
      if (room < 20) return 0;
      bytes = std::max((transport[12] >> 4) * 4u, 20u);
      break;
    case kUdp:
    case kUdplite:
    case kIcmp:
    case kIcmp6:
      bytes = 8;
      break;
    case kSctp:
      bytes = 12;
      break;
    case kGre:
      if (room < 4) return 0;
      bytes = (transport[1] & 7) == 1 ? 8 : 4;
      break;
    default:
      return 0;
  }
  return bytes <= room ? bytes : 0;
}

}  // namespace sallyport::scenario
