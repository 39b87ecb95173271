// The fragments of one datagram. Counterparts: ip_frag_queue(), ip_frag_reasm() in net/ipv4/ip_fragment.c,
// nf_ct_frag6_queue(), nf_ct_frag6_reasm() in net/ipv6/netfilter/nf_conntrack_reasm.c, inet_frag_queue_insert() in
// net/ipv4/inet_fragment.c. RFC 791 3.2, RFC 3168 5.3 (ECN), RFC 5722 (overlaps), RFC 8200 4.5.

#include "wire/datagram.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "wire/checksum.h"
#include "wire/extension.h"

namespace sallyport {
namespace {

constexpr uint32_t kIpv6Header = 40;
constexpr uint32_t kFragmentHeader = 8;
constexpr uint32_t kLargest = 65535;
constexpr uint16_t kDontFragment = 0x4000;
constexpr uint32_t kLeastStorage = 2048;  // what a Packet allocates at least

constexpr uint8_t kNotEct = 1u << 0, kCe = 1u << 3;
constexpr uint8_t kCongestion = 3;

// A datagram is marked if one of its fragments was; none may come from a sender without ECN if another does not.
bool ecn_is_possible(uint8_t seen) { return (seen & kNotEct) == 0 || seen == kNotEct; }
uint8_t joined_ecn(uint8_t seen) { return (seen & kCe) != 0 ? kCongestion : 0; }

uint64_t memory_of(const Packet& packet) {
  const auto size = static_cast<uint32_t>(packet.link_header().size()) + packet.captured();
  return std::max(std::bit_ceil(size), kLeastStorage);
}

bool may_not_be_cut(const Packet& packet) {
  return packet.family == Family::Ipv4 && (load_be16(packet.data() + 6) & kDontFragment) != 0;
}

}  // namespace

bool Datagram::agrees_on_end(const FragmentSpan& span) {
  if (!span.more) {
    if (span.end < length_ || (last_seen_ && span.end != length_)) return false;
    last_seen_ = true;
    length_ = span.end;
  } else if (span.end > length_) {
    if (last_seen_) return false;
    length_ = span.end;
  }
  return span.end != span.offset;
}

Datagram::Fit Datagram::add(Packet& packet, FragmentSpan span) {
  if (span.more) span.end &= ~7u;
  if (!agrees_on_end(span)) return Fit::Contradicts;
  return insert(packet, span);
}

Datagram::Fit Datagram::insert(Packet& packet, const FragmentSpan& span) {
  if (!runs_.empty()) {
    Run& last = std::prev(runs_.end())->second;
    if (last.end < span.end) {
      if (span.offset < last.end) return Fit::Overlaps;
      if (span.offset == last.end) {
        last.end = span.end;
        keep(last.pieces, packet, span);
        return Fit::Added;
      }
    } else {
      const auto next = runs_.upper_bound(span.offset);
      if (next != runs_.begin()) {
        const Run& before = std::prev(next)->second;
        if (span.end <= before.end) return Fit::Duplicate;
        if (span.offset < before.end) return Fit::Overlaps;
      }
      if (next != runs_.end() && next->first < span.end) return Fit::Overlaps;
    }
  }
  Run& fresh = runs_[span.offset];
  fresh.end = span.end;
  keep(fresh.pieces, packet, span);
  return Fit::Added;
}

void Datagram::keep(std::vector<Piece>& pieces, Packet& packet, const FragmentSpan& span) {
  received_ += span.end - span.offset;
  first_seen_ |= span.offset == 0;
  ecn_seen_ |= static_cast<uint8_t>(1u << (packet.tos() & 3));
  const uint32_t size = span.header + span.end - span.offset;
  largest_ = std::max(largest_, size);
  if (may_not_be_cut(packet)) largest_uncuttable_ = std::max(largest_uncuttable_, size);
  bytes_ += memory_of(packet) + sizeof(Piece);
  pieces.push_back({std::move(packet), span});
}

// Stops where the capture has no more.
void Datagram::append_payloads(Packet& whole) const {
  const uint32_t header = whole.captured();
  whole.insert(header, length_);
  uint32_t at = header;
  for (const auto& [offset, run] : runs_) {
    for (const Piece& piece : run.pieces) {
      const uint32_t payload = piece.span.end - piece.span.offset;
      const uint32_t present = std::min(payload, piece.packet.captured() - piece.span.header);
      std::memcpy(whole.data() + at, piece.packet.data() + piece.span.header, present);
      at += present;
      if (present != payload) return whole.truncate(at);
    }
  }
}

// Nothing is judged anew: the fragments were when they came, and the kernel looks no second time.
void Datagram::set_ipv4_header(Packet& whole, uint8_t ecn) const {
  uint8_t* const ip = whole.data();
  ip[1] |= ecn;
  store_be16(ip + 2, static_cast<uint16_t>(whole.length));
  store_be16(ip + 6, largest_ == largest_uncuttable_ ? kDontFragment : 0);
  set_header_checksum(whole);
  whole.more_fragments = false;
}

void Datagram::set_ipv6_header(Packet& whole, uint8_t ecn) const {
  const Piece& first = runs_.begin()->second.pieces.front();
  uint8_t* const ip = whole.data();
  store_be16(ip, static_cast<uint16_t>(load_be16(ip) | ecn << 4));
  store_be16(ip + 4, static_cast<uint16_t>(whole.length - kIpv6Header));
  ip[first.span.next_header_at] = first.packet.data()[first.span.header - kFragmentHeader];
  set_transport(whole);
}

Datagram::Join Datagram::join(const PacketFacts& last, Packet& whole) const {
  const Piece& first = runs_.begin()->second.pieces.front();
  const bool ipv4 = first.packet.family == Family::Ipv4;
  const uint32_t header = first.span.header - (ipv4 ? 0 : kFragmentHeader);
  if (!ecn_is_possible(ecn_seen_)) return Join::BadEcn;
  if (length_ + header - (ipv4 ? 0 : kIpv6Header) > kLargest) return Join::TooLarge;

  const auto link = first.packet.link_header();
  Packet joined;
  joined.assign({link.data(), link.size() + header}, static_cast<uint32_t>(link.size()));
  append_payloads(joined);
  const uint32_t length = header + length_;
  static_cast<PacketFacts&>(joined) = first.packet;
  joined.length = length;
  joined.link_original_length = static_cast<uint32_t>(link.size()) + length;
  joined.in = last.in;
  joined.time = last.time;
  joined.number = last.number;
  joined.largest_fragment = largest_;
  for (const auto& [offset, run] : runs_) {
    for (const Piece& piece : run.pieces) {
      if (piece.span.offset != 0) {
        joined.later_fragments.push_back(static_cast<uint16_t>(piece.span.end - piece.span.offset));
      }
    }
  }
  const uint8_t ecn = joined_ecn(ecn_seen_);
  ipv4 ? set_ipv4_header(joined, ecn) : set_ipv6_header(joined, ecn);
  whole = std::move(joined);
  return Join::Done;
}

Packet Datagram::release(uint32_t offset) {
  for (Piece& piece : std::prev(runs_.upper_bound(offset))->second.pieces) {
    if (piece.span.offset == offset) return std::move(piece.packet);
  }
  return {};
}

// The largest sizes stay, as in the kernel.
void Datagram::restart() {
  runs_.clear();
  length_ = received_ = 0;
  bytes_ = 0;
  ecn_seen_ = 0;
  first_seen_ = last_seen_ = false;
}

}  // namespace sallyport
