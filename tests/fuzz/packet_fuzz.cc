// Any bytes as a packet: parsed, read, summed up, changed, answered and cut. The first two bytes choose the link header
// and how much the snap length cut; the third an MTU.

#include <cstdlib>
#include <vector>

#include "fuzz/fuzz_input.h"
#include "wire/build.h"
#include "wire/checksum.h"
#include "wire/edit.h"
#include "wire/fragment.h"
#include "wire/packet_dump.h"
#include "wire/parse.h"

namespace sallyport {
namespace {

using fuzz::require;

// Keeps the optimiser from dropping reads.
volatile uint32_t read_bytes;

void read_everything(const Packet& packet) {
  uint32_t sum = 0;
  for (const uint8_t byte : packet.bytes()) sum += byte;
  for (const uint8_t byte : packet.link_header()) sum += byte;
  for (const uint32_t size : {1u, 8u, 20u, 60u}) {
    if (const uint8_t* const header = packet.transport(size)) sum += header[size - 1];
  }
  sum += packet.tos() + packet.ttl() + static_cast<uint32_t>(packet.source().text().size());
  sum += static_cast<uint32_t>(packet.destination().text().size()) + packet.transport_length();
  read_bytes = sum;
  DumpLine line;
  dump_packet(line, packet, 0xff);
}

void check_facts(const Packet& packet) {
  require(packet.captured() <= packet.length);
  require(packet.length >= (packet.family == Family::Ipv4 ? 20u : 40u));
  require((packet.transport_state == Transport::LaterFragment) <= (packet.fragment_offset != 0));
  require(packet.transport(packet.captured() + 1) == nullptr);
}

void answer(const Packet& packet) {
  if (!may_answer_with_icmp_error(packet)) return;
  Packet error = build_icmp_error(packet, packet.family == Family::Ipv4 ? 3 : 1, 0, 0);
  require(error.length <= (packet.family == Family::Ipv4 ? 576u : 1280u));
  require(transport_checksum_state(error) == ChecksumState::Right);
  require(!may_answer_with_icmp_error(error));
}

void change(Packet& packet, uint8_t value) {
  const ChecksumState before = transport_checksum_state(packet);
  set_ttl(packet, value);
  set_tos(packet, static_cast<uint8_t>(~value));
  require(packet.ttl() == value && packet.tos() == static_cast<uint8_t>(~value));
  if (before == ChecksumState::Right && packet.protocol != kUdplite && packet.protocol != kDccp) {
    set_transport_word(packet, 0, value);
    require(transport_checksum_state(packet) == ChecksumState::Right);
  }
  set_transport_checksum(packet);
  const ChecksumState after = transport_checksum_state(packet);
  require(after != ChecksumState::Wrong || packet.protocol == kUdplite || packet.protocol == kDccp);
  Packet again;
  again.assign(packet.bytes(), 0);
  again.link_original_length = packet.length;
  require(parse(again, Arrival::LoopbackInterface) == Malformed::None);
}

void cut(const Packet& packet, uint32_t mtu) {
  std::vector<Packet> pieces;
  if (!fragment(packet, mtu, 7, pieces)) return require(pieces.empty());
  for (Packet& piece : pieces) {
    require(piece.length <= mtu || mtu < 68);
    require(piece.captured() <= piece.length);
    check_facts(piece);
    const Transport state = piece.transport_state;
    const uint16_t offset = piece.fragment_offset;
    const Malformed reason = parse(piece, Arrival::LoopbackInterface);
    require(reason == Malformed::None);
    require(piece.transport_state == state && piece.fragment_offset == offset);
  }
}

void try_packet(const uint8_t* data, size_t size) {
  constexpr uint16_t kLinkTypes[] = {101, 1, 113, 276};
  constexpr uint32_t kLinkHeaders[] = {0, 14, 16, 20};
  fuzz::Input input(data, size);
  const uint8_t choice = input.byte();
  const uint32_t lost = input.byte();
  const uint8_t mtu = input.byte();
  const auto frame = input.rest();
  Packet packet;
  packet.assign(frame, kLinkHeaders[choice & 3]);
  packet.link_type = kLinkTypes[choice & 3];
  packet.link_original_length += lost;
  const Arrival arrival = (choice & 4) != 0 ? Arrival::LoopbackInterface : Arrival::Wire;
  require(!malformed_name(parse(packet, arrival)).empty());
  if (parse(packet, arrival) != Malformed::None) return;
  check_facts(packet);
  read_everything(packet);
  require(plan_departure(packet, 1500).piece_mtu >= 1);
  answer(packet);
  cut(packet, mtu * 8u);
  cut(packet, 1500);
  change(packet, choice);
}

}  // namespace
}  // namespace sallyport

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sallyport::try_packet(data, size);
  return 0;
}
