// Pieces of a packet that is larger than the way out takes. Counterparts: ip_do_fragment(), ip_options_fragment() in
// net/ipv4; ip6_fragment() in net/ipv6/ip6_output.c. RFC 791, RFC 8200 4.5.
//
// Differs from the kernel: there, a reassembled packet that was made one stretch of memory again on its way (by TCPMSS,
// SCTP's checksum, or a copy taken of it) forgets the pieces it came in; here it does so only when its length has
// changed.

#include "wire/fragment.h"

#include <algorithm>
#include <numeric>

#include "wire/checksum.h"
#include "wire/extension.h"

namespace sallyport {
namespace {

constexpr uint32_t kIpv4Header = 20;
constexpr uint32_t kIpv6Header = 40;
constexpr uint32_t kFragmentHeader = 8;
constexpr uint32_t kLeastIpv6Mtu = 1280;
constexpr uint16_t kDontFragment = 0x4000;
constexpr uint16_t kMoreFragments = 0x2000;
constexpr uint32_t kUnit = 8;  // bytes that an offset counts
constexpr uint8_t kEndOfOptions = 0, kNoOperation = 1, kCopied = 0x80;

// How the payload is cut.
struct Cut {
  uint32_t header = 0;    // bytes that each piece repeats
  uint32_t overhead = 0;  // bytes that each piece has beside the payload
  uint32_t payload = 0;   // in all
  uint32_t room = 0;      // for payload in a piece
  bool as_it_came = false;
  uint32_t first = 0;  // payload of the first piece, if so
};

bool plan(const Packet& packet, uint32_t header, uint32_t overhead, uint32_t mtu, Cut& cut) {
  if (header > packet.captured() || header > packet.length || mtu < overhead + kUnit) return false;
  cut = {.header = header, .overhead = overhead, .payload = packet.length - header, .room = mtu - overhead};
  const auto& later = packet.later_fragments;
  const uint32_t behind_first = std::accumulate(later.begin(), later.end(), 0u);
  if (later.empty() || behind_first >= cut.payload) return true;
  cut.first = cut.payload - behind_first;
  cut.as_it_came = cut.first <= cut.room && cut.first % kUnit == 0 && std::ranges::max(later) <= cut.room;
  return true;
}

// Payload bytes of piece `index`, `done` being those of the pieces before it.
uint32_t piece_payload(const Packet& packet, const Cut& cut, size_t index, uint32_t done) {
  if (cut.as_it_came) return index == 0 ? cut.first : packet.later_fragments[index - 1];
  const uint32_t left = cut.payload - done;
  return left <= cut.room ? left : cut.room & ~(kUnit - 1);
}

// A piece with all bytes but its own headers' fields: link header, repeated header, room for what comes between, and
// as much of the payload as is there.
Packet start_piece(const Packet& whole, const Cut& cut, uint32_t done, uint32_t taken) {
  const auto link = whole.link_header();
  const uint32_t from = cut.header + done;
  const uint32_t present = from < whole.captured() ? std::min(taken, whole.captured() - from) : 0;
  Packet piece;
  piece.assign({whole.data() - link.size(), link.size() + cut.header}, static_cast<uint32_t>(link.size()));
  piece.insert(cut.header, cut.overhead - cut.header + present);
  std::memcpy(piece.data() + cut.overhead, whole.data() + std::min(from, whole.captured()), present);
  static_cast<PacketFacts&>(piece) = whole;
  piece.length = cut.overhead + taken;
  piece.link_original_length = static_cast<uint32_t>(link.size()) + piece.length;
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

// `word` is the whole packet's fragment field.
void finish_ipv4(Packet& piece, const Cut& cut, uint32_t done, bool last, uint16_t word) {
  uint8_t* const ip = piece.data();
  // What was a later fragment already has only those that go with it, so nothing is looked for there.
  if (done != 0 && static_cast<uint16_t>(word << 3) == 0) blank_uncopied_options(ip, cut.header);
  const uint32_t offset = static_cast<uint16_t>(word << 3) + done;
  const bool more = !last || (word & kMoreFragments) != 0;
  const uint16_t dont_fragment = cut.as_it_came ? 0 : word & kDontFragment;
  // An offset beyond the largest runs over into the flag before it, as in the kernel: the piece is what it says then.
  const auto field = static_cast<uint16_t>(dont_fragment | (more ? kMoreFragments : 0) | offset / kUnit);
  store_be16(ip + 2, static_cast<uint16_t>(piece.length));
  store_be16(ip + 6, field);
  piece.fragment_offset = static_cast<uint16_t>(field << 3);
  piece.more_fragments = (field & kMoreFragments) != 0;
  piece.transport_state = piece.fragment_offset == 0 ? Transport::Present : Transport::LaterFragment;
  set_header_checksum(piece);
}

void finish_ipv6(Packet& piece, const Cut& cut, uint32_t done, bool last, uint32_t next_header_at,
                 uint32_t identification) {
  uint8_t* const ip = piece.data();
  uint8_t* const header = ip + cut.header;
  header[0] = ip[next_header_at];
  ip[next_header_at] = kFragment;
  store_be16(header + 2, static_cast<uint16_t>(done | (last ? 0 : 1)));
  store_be32(header + 4, identification);
  store_be16(ip + 4, static_cast<uint16_t>(piece.length - kIpv6Header));
  set_transport(piece);
}

// Calls `finish(piece, done, last)` for each piece in turn.
template <class Finish>
void cut_up(const Packet& packet, const Cut& cut, std::vector<Packet>& pieces, const Finish& finish) {
  uint32_t done = 0;
  for (size_t index = 0; index == 0 || done < cut.payload; ++index) {
    const uint32_t taken = piece_payload(packet, cut, index, done);
    Packet piece = start_piece(packet, cut, done, taken);
    finish(piece, done, done + taken == cut.payload);
    pieces.push_back(std::move(piece));
    done += taken;
  }
}

bool fragment_ipv4(const Packet& packet, uint32_t mtu, std::vector<Packet>& pieces) {
  const uint32_t header = (packet.data()[0] & 15) * 4u;
  Cut cut;
  if (!plan(packet, header, header, mtu, cut)) return false;
  const uint16_t word = load_be16(packet.data() + 6);
  cut_up(packet, cut, pieces,
         [&](Packet& piece, uint32_t done, bool last) { finish_ipv4(piece, cut, done, last, word); });
  return true;
}

bool fragment_ipv6(const Packet& packet, uint32_t mtu, uint32_t identification, std::vector<Packet>& pieces) {
  const auto end = find_unfragmentable_end(packet);
  Cut cut;
  if (!end || !plan(packet, end->offset, end->offset + kFragmentHeader, mtu, cut)) return false;
  if (cut.payload > 65535) return false;
  cut_up(packet, cut, pieces, [&](Packet& piece, uint32_t done, bool last) {
    finish_ipv6(piece, cut, done, last, end->next_header_at, identification);
  });
  return true;
}

DeparturePlan plan_ipv4(const Packet& packet, uint32_t mtu) {
  const uint32_t largest = packet.largest_fragment;
  if (packet.length <= mtu && largest == 0) return {Departure::Whole, mtu};
  const bool may_cut = (load_be16(packet.data() + 6) & kDontFragment) == 0;
  if (!may_cut && (largest == 0 || largest > mtu)) return {Departure::TooLarge, mtu};
  return {Departure::InPieces, largest != 0 ? std::min(largest, mtu) : mtu};
}

DeparturePlan plan_ipv6(const Packet& packet, uint32_t mtu) {
  const uint32_t largest = packet.largest_fragment;
  if (packet.length <= mtu && (largest == 0 || packet.length <= largest)) return {Departure::Whole, mtu};
  if (largest == 0 || largest > mtu) return {Departure::TooLarge, mtu};
  return {Departure::InPieces, std::max(largest, kLeastIpv6Mtu)};
}

}  // namespace

DeparturePlan plan_departure(const Packet& packet, uint32_t mtu) {
  return packet.family == Family::Ipv4 ? plan_ipv4(packet, mtu) : plan_ipv6(packet, mtu);
}

bool fragment(const Packet& packet, uint32_t mtu, uint32_t identification, std::vector<Packet>& pieces) {
  return packet.family == Family::Ipv4 ? fragment_ipv4(packet, mtu, pieces)
                                       : fragment_ipv6(packet, mtu, identification, pieces);
}

}  // namespace sallyport
