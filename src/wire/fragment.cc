// Pieces of a packet that is larger than the way out takes. Counterparts: ip_do_fragment(), ip_options_fragment() in
// net/ipv4; ip6_fragment() in net/ipv6/ip6_output.c. RFC 791, RFC 8200 4.5.

#include "wire/fragment.h"

#include <algorithm>

#include "wire/checksum.h"
#include "wire/extension.h"

namespace sallyport {
namespace {

constexpr uint32_t kIpv4Header = 20;
constexpr uint32_t kIpv6Header = 40;
constexpr uint32_t kFragmentHeader = 8;
constexpr uint16_t kDontFragment = 0x4000;
constexpr uint16_t kMoreFragments = 0x2000;
constexpr uint32_t kUnit = 8;  // bytes that an offset counts
constexpr uint8_t kEndOfOptions = 0, kNoOperation = 1, kCopied = 0x80;

// Where the payload lies that is cut, and how much of it a piece takes at most.
struct Cut {
  uint32_t header = 0;    // bytes that each piece repeats
  uint32_t overhead = 0;  // bytes that each piece has beside the payload
  uint32_t room = 0;      // payload bytes in a piece that is not the last: a multiple of 8
  uint32_t last_room = 0;
};

bool plan(const Packet& packet, uint32_t header, uint32_t overhead, uint32_t mtu, Cut& cut) {
  cut = {.header = header, .overhead = overhead};
  if (packet.captured() < packet.length || header > packet.captured() || mtu < overhead + kUnit) return false;
  cut.last_room = mtu - overhead;
  cut.room = cut.last_room & ~(kUnit - 1);
  return true;
}

// A packet with room for `bytes`, the link header of `whole` in front and its facts.
Packet start_piece(const Packet& whole, uint32_t header, uint32_t bytes) {
  const auto link = whole.link_header();
  Packet piece;
  piece.assign({link.data() != nullptr ? link.data() : whole.data(), link.size() + header},
               static_cast<uint32_t>(link.size()));
  static_cast<PacketFacts&>(piece) = whole;
  piece.length = header;
  piece.insert(header, bytes - header);
  piece.link_original_length = static_cast<uint32_t>(link.size()) + bytes;
  piece.largest_fragment = 0;
  return piece;
}

// Options without the copy flag belong to the first piece alone (RFC 791 3.1).
void blank_uncopied_options(uint8_t* ip, uint32_t header) {
  for (uint32_t at = kIpv4Header; at < header;) {
    if (ip[at] == kEndOfOptions) return;
    if (ip[at] == kNoOperation) {
      ++at;
      continue;
    }
    const uint32_t left = header - at;
    if (left < 2 || ip[at + 1] < 2 || ip[at + 1] > left) return;
    const uint32_t bytes = ip[at + 1];
    if ((ip[at] & kCopied) == 0) std::memset(ip + at, kNoOperation, bytes);
    at += bytes;
  }
}

bool fragment_ipv4(const Packet& packet, uint32_t mtu, std::vector<Packet>& pieces) {
  const uint32_t header = (packet.data()[0] & 15) * 4u;
  Cut cut;
  if (!plan(packet, header, header, mtu, cut)) return false;
  const uint16_t word = load_be16(packet.data() + 6);
  const uint32_t start = static_cast<uint16_t>(word << 3);
  const uint32_t payload = packet.length - header;
  for (uint32_t done = 0; done < payload || done == 0;) {
    const bool last = payload - done <= cut.last_room;
    const uint32_t taken = last ? payload - done : cut.room;
    Packet piece = start_piece(packet, header, header + taken);
    uint8_t* const ip = piece.data();
    std::memcpy(ip + header, packet.data() + header + done, taken);
    if (done != 0) blank_uncopied_options(ip, header);
    const uint32_t offset = start + done;
    const bool more = !last || (word & kMoreFragments) != 0;
    store_be16(ip + 2, static_cast<uint16_t>(header + taken));
    store_be16(ip + 6, static_cast<uint16_t>((word & kDontFragment) | (more ? kMoreFragments : 0) | offset / kUnit));
    piece.fragment_offset = static_cast<uint16_t>(offset);
    piece.more_fragments = more;
    piece.transport_state = offset == 0 ? Transport::Present : Transport::LaterFragment;
    set_header_checksum(piece);
    pieces.push_back(std::move(piece));
    if (last) break;
    done += taken;
  }
  return true;
}

bool fragment_ipv6(const Packet& packet, uint32_t mtu, uint32_t identification, std::vector<Packet>& pieces) {
  const auto end = find_unfragmentable_end(packet);
  Cut cut;
  if (!end || !plan(packet, end->offset, end->offset + kFragmentHeader, mtu, cut)) return false;
  const uint8_t next = packet.data()[end->next_header_at];
  const uint32_t payload = packet.length - cut.header;
  if (payload > 65535) return false;
  for (uint32_t done = 0;;) {
    const bool last = payload - done <= cut.last_room;
    const uint32_t taken = last ? payload - done : cut.room;
    Packet piece = start_piece(packet, cut.header, cut.overhead + taken);
    uint8_t* const ip = piece.data();
    ip[end->next_header_at] = kFragment;
    store_be16(ip + 4, static_cast<uint16_t>(cut.overhead + taken - kIpv6Header));
    uint8_t* const header = ip + cut.header;
    header[0] = next;
    store_be16(header + 2, static_cast<uint16_t>(done | (last ? 0 : 1)));
    store_be32(header + 4, identification);
    std::memcpy(header + kFragmentHeader, packet.data() + cut.header + done, taken);
    const TransportPlace place = find_transport(piece);
    piece.protocol = place.protocol;
    piece.transport_state = place.state;
    piece.transport_offset = place.offset;
    piece.fragment_offset = place.fragment_offset;
    piece.more_fragments = place.more_fragments;
    pieces.push_back(std::move(piece));
    if (last) return true;
    done += taken;
  }
}

}  // namespace

bool fragment(const Packet& packet, uint32_t mtu, uint32_t identification, std::vector<Packet>& pieces) {
  return packet.family == Family::Ipv4 ? fragment_ipv4(packet, mtu, pieces)
                                       : fragment_ipv6(packet, mtu, identification, pieces);
}

}  // namespace sallyport
