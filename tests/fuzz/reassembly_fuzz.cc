// Bytes as a sequence of fragments of a few datagrams, on a grid so coarse that they meet, repeat and overlap often.
// Whatever comes out whole must be a packet that parses and holds exactly what the fragments said; nothing is kept when
// all time is over; memory stays within its limit.

#include <array>
#include <map>
#include <vector>

#include "fuzz/fuzz_input.h"
#include "wire/fragment.h"
#include "wire/parse.h"
#include "wire/reassembly.h"

namespace sallyport {
namespace {

using fuzz::require;

constexpr uint64_t kMemory = 100'000;
constexpr uint64_t kSlack = 70'000;  // the one fragment that may go beyond

// Byte `at` of datagram `identification`: every fragment tells the truth unless it is made to lie.
uint8_t truth(uint32_t identification, uint32_t at) {
  return static_cast<uint8_t>(at * 31 + (at >> 8) + identification);
}

struct Said {
  uint32_t identification = 0;
  uint32_t offset = 0;
  uint32_t bytes = 0;
  bool more = false;
  bool lies = false;
  uint8_t tos = 0;
  uint8_t protocol = 17;
  uint8_t extras = 0;
};

Said read_said(fuzz::Input& input) {
  const uint8_t first = input.byte(), second = input.byte();
  Said said;
  said.identification = first & 3;
  said.more = (first & 4) != 0;
  said.lies = (first & 8) != 0;
  said.tos = static_cast<uint8_t>((first & 0x30) == 0x30 ? input.byte() : 2);
  said.protocol = (first & 0xc0) == 0xc0 ? input.byte() : 17;
  said.offset = (second & 15) * 8u;
  said.bytes = (second >> 4) * 8u;
  if ((second & 0x83) == 0x83) {
    said.offset = input.word() & 0xfff8u;
    said.bytes = input.word() & 0x3fff;
    said.extras = input.byte();
  }
  return said;
}

void append_payload(std::vector<uint8_t>& bytes, const Said& said) {
  for (uint32_t i = 0; i < said.bytes; ++i) {
    bytes.push_back(static_cast<uint8_t>(truth(said.identification, said.offset + i) + (said.lies ? 1 : 0)));
  }
}

std::vector<uint8_t> ipv4_bytes(const Said& said) {
  const uint32_t header = 20 + (said.extras & 3) * 4u;
  std::vector<uint8_t> bytes(header, 1);
  bytes[0] = static_cast<uint8_t>(0x40 | header / 4);
  bytes[1] = said.tos;
  store_be16(&bytes[2], static_cast<uint16_t>(header + said.bytes));
  store_be16(&bytes[4], static_cast<uint16_t>(said.identification));
  store_be16(&bytes[6], static_cast<uint16_t>(said.offset / 8 | (said.more ? 0x2000 : 0) | (said.extras & 4) << 12));
  bytes[8] = 64;
  bytes[9] = said.protocol;
  store_be32(&bytes[12], 0xc0000201);
  store_be32(&bytes[16], 0xc6336402);
  append_payload(bytes, said);
  return bytes;
}

std::vector<uint8_t> ipv6_bytes(const Said& said) {
  std::vector<uint8_t> bytes(40);
  bytes[0] = static_cast<uint8_t>(0x60 | said.tos >> 4);
  bytes[1] = static_cast<uint8_t>(said.tos << 4);
  bytes[6] = kFragment;
  bytes[7] = 64;
  bytes[8] = bytes[24] = 0x20;
  bytes[39] = 2;
  if ((said.extras & 1) != 0) {
    bytes[6] = kDestinationOptions;
    bytes.insert(bytes.end(), {kFragment, 0, 1, 4, 0, 0, 0, 0});
  }
  const std::array<uint8_t, 8> header = {said.protocol,
                                         0,
                                         static_cast<uint8_t>(said.offset >> 8),
                                         static_cast<uint8_t>((said.offset & 0xff) | (said.more ? 1 : 0)),
                                         0,
                                         0,
                                         0,
                                         static_cast<uint8_t>(said.identification)};
  bytes.insert(bytes.end(), header.begin(), header.end());
  append_payload(bytes, said);
  store_be16(&bytes[4], static_cast<uint16_t>(bytes.size() - 40));
  return bytes;
}

void sum_header(std::vector<uint8_t>& bytes) {
  uint32_t sum = 0;
  store_be16(&bytes[10], 0);
  for (size_t i = 0; i < (bytes[0] & 15) * 4u; i += 2) sum += load_be16(&bytes[i]);
  sum = (sum & 0xffff) + (sum >> 16);
  store_be16(&bytes[10], static_cast<uint16_t>(~(sum + (sum >> 16))));
}

// Every byte of the payload was said by some fragment: the truth, or a lie where liars were about.
void check_whole(const Packet& whole, const Said& last, bool liars) {
  require(whole.captured() == whole.length);
  require(!whole.later_fragments.empty() || whole.largest_fragment >= whole.length);
  if (whole.family == Family::Ipv4 || whole.data()[6] != kHopByHop) {  // the options would be judged
    Packet again;
    again.assign(whole.bytes(), 0);
    require(parse(again) == Malformed::None && again.length == whole.length);
    require(again.transport_state == whole.transport_state && again.protocol == whole.protocol);
    require(again.transport_offset == whole.transport_offset && again.fragment_offset == whole.fragment_offset);
  }
  const uint32_t header = whole.family == Family::Ipv4             ? (whole.data()[0] & 15) * 4u
                          : whole.data()[6] == kDestinationOptions ? 48
                                                                   : 40;
  const bool own_options = whole.family == Family::Ipv6 && header == 48 && whole.data()[42] != 1;
  if (own_options) return;  // the payload itself began with such options
  for (uint32_t at = header; at < whole.length; ++at) {
    const uint8_t expected = truth(last.identification, at - header);
    const uint8_t byte = whole.data()[at];
    require(byte == expected || (liars && byte == static_cast<uint8_t>(expected + 1)));
  }
  std::vector<Packet> pieces;
  const DeparturePlan plan = plan_departure(whole, 65535);
  if (plan.departure != Departure::InPieces) return;
  if (!fragment(whole, plan.piece_mtu, 9, pieces)) return;
  uint64_t payload = 0;
  for (const Packet& piece : pieces) payload += piece.length;
  require(payload >= whole.length);
}

void try_sequence(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  const uint8_t choice = input.byte();
  const Family family = (choice & 1) != 0 ? Family::Ipv6 : Family::Ipv4;
  ReassemblyLimits limits = ReassemblyLimits::for_family(family);
  limits.high_bytes = kMemory;
  limits.max_distance = choice >> 4;
  Reassembly reassembly(family, limits, {choice, 1});
  std::array<bool, 4> liars = {};
  Timestamp now = 0;
  for (int sent = 0; !input.empty() && sent < 500; ++sent) {
    const Said said = read_said(input);
    liars[said.identification] |= said.lies;
    std::vector<uint8_t> bytes = family == Family::Ipv4 ? ipv4_bytes(said) : ipv6_bytes(said);
    if (family == Family::Ipv4) sum_header(bytes);
    Packet packet;
    packet.assign(bytes, 0);
    if (parse(packet) != Malformed::None) continue;
    if ((said.extras & 8) != 0) now += kSecond;
    const Gathered gathered = reassembly.add(packet, said.extras >> 7, now);
    if (gathered == Gathered::Whole) check_whole(packet, said, liars[said.identification]);
    require((gathered == Gathered::Held) == (packet.captured() == 0 && packet.data() == nullptr));
    require(reassembly.held_bytes() <= kMemory + kSlack);
  }
  reassembly.expire(now + 100 * kSecond);
  require(reassembly.held_bytes() == 0 && reassembly.held_datagrams() == 0);
}

}  // namespace
}  // namespace sallyport

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sallyport::try_sequence(data, size);
  return 0;
}
