// A packet cut to an MTU. Counterpart of ip_do_fragment() and ip6_fragment() in net/ipv4/ip_output.c and
// net/ipv6/ip6_output.c; RFC 791, RFC 8200 4.5.

#include "wire/fragment.h"

#include <algorithm>
#include <utility>

#include "wire/checksum.h"
#include "wire/parse.h"

namespace sallyport {
namespace {

constexpr uint16_t kMoreFragments = 0x2000;
constexpr uint16_t kOffsetMask = 0x1fff;
constexpr uint32_t kFragmentHeader = 8;

struct Cut {
  uint32_t header_bytes;  // repeated in front of each piece, without the fragment header
  uint32_t piece_bytes;   // of payload in each piece but the last; a multiple of 8
};

// One piece: the first `header_bytes` (behind the link header), room for `extra` bytes, and the payload's part.
Packet piece_of(const Packet& packet, const Cut& cut, uint32_t extra, uint32_t from, uint32_t count) {
  const auto link = packet.link_header();
  Packet piece;
  piece.assign({link.data(), link.size() + cut.header_bytes}, static_cast<uint32_t>(link.size()));
  piece.insert(cut.header_bytes, extra + count);
  std::copy_n(packet.data() + cut.header_bytes + from, count, piece.data() + cut.header_bytes + extra);
  const uint32_t length = piece.length;
  static_cast<PacketFacts&>(piece) = packet;
  piece.length = length;
  piece.largest_fragment = 0;
  piece.link_original_length = static_cast<uint32_t>(link.size()) + length;
  return piece;
}

// Options without the copy flag belong to the first piece only.
void blank_uncopied_options(Packet& piece, uint32_t header_bytes) {
  uint8_t* header = piece.data();
  for (uint32_t at = 20; at < header_bytes;) {
    const uint8_t option = header[at];
    if (option == 0) return;
    if (option == 1) {
      ++at;
      continue;
    }
    if (at + 1 >= header_bytes || header[at + 1] < 2 || header[at + 1] > header_bytes - at) return;
    const uint32_t size = header[at + 1];
    if ((option & 0x80) == 0) std::fill_n(header + at, size, uint8_t{1});
    at += size;
  }
}

void finish_ipv4(Packet& piece, const Cut& cut, uint32_t from, bool more, uint16_t original) {
  if (from != 0) blank_uncopied_options(piece, cut.header_bytes);
  uint8_t* header = piece.data();
  store_be16(header + 2, static_cast<uint16_t>(piece.length));
  const uint32_t offset = (original & kOffsetMask) + from / 8;
  const bool more_flag = more || (original & kMoreFragments) != 0;
  store_be16(header + 6, static_cast<uint16_t>((original & 0x4000) | (more_flag ? kMoreFragments : 0) | offset));
  set_header_checksum(piece);
}

// Where IPv6's fragment header goes: behind what every router reads (hop-by-hop, and destination options before a
// routing header, and that). Answers the offset of the byte that names the next header.
uint32_t unfragmentable_part(const Packet& packet, uint32_t& name_at) {
  uint32_t offset = 40;
  name_at = 6;
  uint8_t next = packet.data()[6];
  uint32_t end = offset;
  uint32_t end_name = name_at;
  while (next == kHopByHop || next == kRouting || next == kDestinationOptions) {
    const uint8_t* header = packet.at(offset, 8);
    if (header == nullptr) break;
    const uint32_t size = (header[1] + 1u) * 8;
    const bool counts = next != kDestinationOptions;
    name_at = offset;
    next = header[0];
    offset += size;
    if (counts) {
      end = offset;
      end_name = name_at;
    }
  }
  name_at = end_name;
  return end;
}

void finish_ipv6(Packet& piece, const Cut& cut, uint32_t name_at, uint32_t from, bool more, uint32_t identification) {
  uint8_t* fragment_header = piece.data() + cut.header_bytes;
  fragment_header[0] = std::exchange(piece.data()[name_at], kFragment);
  store_be16(fragment_header + 2, static_cast<uint16_t>(from | (more ? 1 : 0)));
  store_be32(fragment_header + 4, identification);
  store_be16(piece.data() + 4, static_cast<uint16_t>(piece.length - 40));
}

}  // namespace

bool fragment(const Packet& packet, uint32_t mtu, uint32_t identification, std::vector<Packet>& pieces) {
  const bool v6 = packet.family == Family::Ipv6;
  uint32_t name_at = 0;
  const uint32_t header_bytes = v6 ? unfragmentable_part(packet, name_at) : (packet.data()[0] & 0xfu) * 4;
  const uint32_t extra = v6 ? kFragmentHeader : 0;
  const uint32_t end = std::min(packet.length, packet.captured());
  if (mtu < header_bytes + extra + 8 || end < header_bytes) return false;
  const Cut cut = {header_bytes, (mtu - header_bytes - extra) & ~7u};
  const uint32_t payload = end - header_bytes;
  const uint16_t original = v6 ? 0 : load_be16(packet.data() + 6);
  uint32_t from = 0;
  do {
    const uint32_t left = payload - from;
    // The last piece may fill the MTU to the last byte.
    const bool last = left <= mtu - header_bytes - extra;
    const uint32_t count = last ? left : cut.piece_bytes;
    Packet piece = piece_of(packet, cut, extra, from, count);
    if (v6) {
      finish_ipv6(piece, cut, name_at, from, !last, identification);
    } else {
      finish_ipv4(piece, cut, from, !last, original);
    }
    parse(piece);
    pieces.push_back(std::move(piece));
    from += count;
  } while (from < payload);
  return true;
}

}  // namespace sallyport
