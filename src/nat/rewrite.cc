// Gives a packet other addresses and ids. Counterpart of net/netfilter/nf_nat_proto.c; checksums by RFC 1624.

#include "nat/rewrite.h"

#include <cstring>

#include "conntrack/tuple.h"
#include "wire/checksum.h"
#include "wire/crc32c.h"
#include "wire/edit.h"

namespace sallyport {
namespace {

constexpr uint32_t kIcmpHeader = 8;

// One packet inside the bytes: the whole one, or the one that an ICMP error quotes.
struct Place {
  uint32_t ip = 0;
  uint32_t transport = 0;
  uint8_t protocol = 0;
};

// What changed of the words that a checksum covers.
class Change {
 public:
  void word(uint16_t before, uint16_t after) { sum_ += static_cast<uint16_t>(~before) + uint32_t{after}; }
  void bytes(const uint8_t* before, const uint8_t* after, size_t count) {
    for (size_t i = 0; i < count; i += 2) word(load_be16(before + i), load_be16(after + i));
  }
  void apply(uint8_t* checksum) const {
    store_be16(checksum, checksum_finish(sum_ + static_cast<uint16_t>(~load_be16(checksum))));
  }

 private:
  uint32_t sum_ = 0;
};

// Where the id of that end lies in the transport header; none: `-1`, this protocol (or ICMP type) has none to change.
int id_place(const uint8_t* header, Family family, uint8_t protocol, NatEnd end) {
  switch (protocol) {
    case kTcp:
    case kUdp:
    case kUdplite:
    case kSctp:
      return end == NatEnd::Source ? 0 : 2;
    case kIcmp: {
      const uint8_t type = header[0];
      return family == Family::Ipv4 && (type == 0 || type == 8 || (type >= 13 && type <= 18)) ? 4 : -1;
    }
    case kIcmp6:
      return family == Family::Ipv6 && (header[0] == 128 || header[0] == 129) ? 4 : -1;
    case kGre: {
      constexpr uint8_t kVersionMask = 7, kPptpVersion = 1;
      return end == NatEnd::Destination && (header[1] & kVersionMask) == kPptpVersion ? 6 : -1;
    }
    default:
      return -1;
  }
}

uint16_t id_of(const Tuple& target, uint8_t protocol, NatEnd end) {
  const bool icmp = protocol == kIcmp || protocol == kIcmp6;
  return icmp || end == NatEnd::Source ? target.source_id : target.destination_id;
}

// A CRC cannot be mended from a difference; it is made anew over what is there.
void set_sctp_checksum(Packet& packet, uint32_t transport) {
  constexpr uint32_t kHeader = 12, kPlace = 8;
  if (packet.at(transport, kHeader) == nullptr) return;
  store_be32(packet.data() + transport + kPlace, 0);
  const uint32_t crc = ~crc32c_add(packet.bytes().subspan(transport), ~0u);
  std::memcpy(packet.data() + transport + kPlace, &crc, sizeof crc);
}

void mend_checksum(Packet& packet, const Place& place, const Change& all, const Change& id) {
  const uint32_t at = checksum_place(place.protocol, packet.family);
  // The kernel leaves a TCP header alone that is not whole.
  const uint32_t least = place.protocol == kTcp ? 20 : at + 2;
  if (at == 0 || packet.at(place.transport, least) == nullptr) return;
  uint8_t* const checksum = packet.data() + place.transport + at;
  const bool zero_means_none = place.protocol == kUdp;
  if (zero_means_none && load_be16(checksum) == 0) return;
  (place.protocol == kIcmp ? id : all).apply(checksum);
  const bool never_zero = place.protocol == kUdp || place.protocol == kUdplite;
  if (never_zero && load_be16(checksum) == 0) store_be16(checksum, 0xffff);
}

void rewrite_at(Packet& packet, const Place& place, const Tuple& target, NatEnd end) {
  Change id, all;
  const uint32_t least = place.protocol == kGre || place.protocol == kIcmp || place.protocol == kIcmp6 ? 8 : 4;
  if (uint8_t* const header = packet.at(place.transport, least); header != nullptr) {
    if (const int at = id_place(header, packet.family, place.protocol, end); at >= 0) {
      const uint16_t value = id_of(target, place.protocol, end);
      id.word(load_be16(header + at), value);
      store_be16(header + at, value);
    }
  }
  all = id;
  const size_t size = address_bytes(packet.family);
  uint8_t* const ip = packet.data() + place.ip;
  uint8_t* const address = ip + (packet.family == Family::Ipv4 ? 12 : 8) + (end == NatEnd::Source ? 0 : size);
  const uint8_t* const wanted = end == NatEnd::Source ? target.source.data() : target.destination.data();
  all.bytes(address, wanted, size);
  if (packet.family == Family::Ipv4) {
    Change header;
    header.bytes(address, wanted, size);
    header.apply(ip + 10);
  }
  std::memcpy(address, wanted, size);
  if (place.protocol == kSctp) return set_sctp_checksum(packet, place.transport);
  mend_checksum(packet, place, all, id);
}

}  // namespace

void rewrite(Packet& packet, const Tuple& target, NatEnd end) {
  const bool present = packet.transport_state == Transport::Present;
  rewrite_at(packet, {0, present ? packet.transport_offset : packet.captured(), packet.protocol}, target, end);
  packet.flow_hashed = false;
}

bool replace_payload(Packet& packet, PayloadPart part, std::string_view text) {
  constexpr uint32_t kUdpHeader = 8, kTcpHeader = 20, kUdpLength = 4, kUdpChecksum = 6;
  const bool udp = packet.protocol == kUdp;
  const uint8_t* const header = packet.transport(udp ? kUdpHeader : kTcpHeader);
  if (header == nullptr) return false;
  const uint32_t begin = packet.transport_offset + (udp ? kUdpHeader : (header[12] >> 4) * 4u) + part.begin;
  const auto size = static_cast<uint32_t>(text.size());
  if (packet.at(begin, part.size) == nullptr || packet.length - part.size + size > UINT16_MAX) return false;
  if (size > part.size) {
    packet.insert(begin + part.size, size - part.size);
  } else {
    const uint32_t less = part.size - size, end = begin + part.size;
    std::memmove(packet.data() + end - less, packet.data() + end, packet.captured() - end);
    packet.truncate(packet.captured() - less);
    packet.length -= less;
  }
  std::memcpy(packet.data() + begin, text.data(), size);
  set_length(packet);
  if (udp) {
    uint8_t* const udp_header = packet.transport(kUdpHeader);
    store_be16(udp_header + kUdpLength, static_cast<uint16_t>(packet.transport_length()));
    if (load_be16(udp_header + kUdpChecksum) == 0) return true;
  }
  set_transport_checksum(packet);
  return true;
}

bool rewrite_quoted(Packet& error, const Tuple& target, NatEnd end) {
  const uint32_t quoted = error.transport_offset + kIcmpHeader;
  const auto inner = quoted_transport(error, quoted);
  if (!inner) return false;
  rewrite_at(error, {quoted, inner->offset, inner->protocol}, target, end);
  set_transport_checksum(error);
  return true;
}

}  // namespace sallyport
