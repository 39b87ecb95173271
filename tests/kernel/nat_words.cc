// What is said in conversations through NAT that have no helper.

#include "kernel/nat_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "kernel/draw.h"
#include "kernel/renaming.h"
#include "sallyport/bytes.h"
#include "wire/checksum.h"
#include "wire/fragment.h"
#include "wire/parse.h"

namespace sallyport::kernel {
namespace {

Packet parsed(const std::vector<uint8_t>& bytes) {
  Packet packet = test::raw(bytes);
  static_cast<void>(parse(packet));
  return packet;
}

uint8_t interface_of(const Seen& seen) { return seen.out == "ta" ? 0 : 1; }

bool is_ipv6(const Way& way) { return way.from.family == Family::Ipv6; }

std::string text_of(const Way& way, bool ports) {
  if (!ports) return way.from.text() + " > " + way.to.text();
  const std::string_view form = is_ipv6(way) ? "[{}]:{} > [{}]:{}" : "{}:{} > {}:{}";
  return fmt::format(fmt::runtime(form), way.from.text(), way.from_port, way.to.text(), way.to_port);
}

test::Bytes gre_of(const Way& way, const Said& said) {
  // PPTP's: version 1, PPP, a length, a call.
  test::Bytes bytes = test::hex("3001 880b 0018");
  bytes.resize(40);
  store_be16(bytes.data() + 6, said.answer ? way.to_port : way.from_port);
  return bytes;
}

test::Bytes transport_of(const Way& way, const Said& said) {
  if (way.protocol == kGre) return gre_of(way, said);
  test::Bytes bytes(40, 0);
  store_be16(bytes.data(), way.from_port);
  store_be16(bytes.data() + 2, way.to_port);
  if (way.protocol == kUdplite) {
    // How much of it the checksum covers: all, the header, a part.
    constexpr uint16_t kCovered[] = {0, 8, 20};
    store_be16(bytes.data() + 4, kCovered[said.payload % std::size(kCovered)]);
  }
  if (way.protocol == kSctp) {
    constexpr uint32_t kTag = 77;
    bytes.resize(32);
    bytes[12] = said.answer ? 2 : 1;
    bytes[15] = 20;
    store_be32(bytes.data() + 4, said.answer ? kTag : 0);
    store_be32(bytes.data() + 16, kTag);
  }
  return bytes;
}

Packet packet_of(const Way& way, const Said& said) {
  const bool v6 = is_ipv6(way);
  const std::string payload(said.payload, 'p');
  const std::string ports = text_of(way, true), hosts = text_of(way, false);
  switch (way.protocol) {
    case kTcp: {
      const test::TcpFields fields = {.sequence = said.sequence, .acknowledgement = said.ack};
      return v6 ? test::tcp6(ports, said.flags, payload, fields) : test::tcp4(ports, said.flags, payload, fields);
    }
    case kUdp:
      return v6 ? test::udp6(ports, payload) : test::udp4(ports, payload);
    case kIcmp: {
      const uint32_t rest = static_cast<uint32_t>(said.answer ? way.to_port : way.from_port) << 16 | 1;
      return v6 ? test::icmp6(hosts, said.answer ? 129 : 128, 0, rest, payload)
                : test::icmp4(hosts, said.answer ? 0 : 8, 0, rest, payload);
    }
    default: {
      const test::Bytes bytes = transport_of(way, said);
      return v6 ? test::ip6(hosts, way.protocol, bytes) : test::ip4(hosts, way.protocol, bytes);
    }
  }
}

// In IPv6 who cuts a packet up names its pieces as it likes: who quotes one leaves that out.
void forget_identification(std::string& piece) {
  constexpr size_t kNext = 6, kPlace = 44;
  const bool is_piece = piece.size() >= kPlace + 4 && piece[kNext] == kFragment;
  if (is_piece) piece.replace(kPlace, 4, 4, '\0');
}

}  // namespace

Input input_of(const Way& way, const Said& said) { return {0, test::bytes_of(packet_of(way, said))}; }

bool is_mapped(const Way& way, const Seen& left) {
  const std::vector<uint8_t> first = input_of(way, {}).frame;
  const Packet packet = parsed(left.bytes);
  if (packet.protocol != parsed(first).protocol || packet.destination() == way.from) return false;
  const Ids asked = ids_of(first), got = ids_of(left.bytes);
  return packet.source() != way.from || packet.destination() != way.to || asked.source != got.source ||
         asked.destination != got.destination;
}

Input answer_to(const Seen& seen, uint8_t protocol, const Said& said) {
  Packet packet = parsed(seen.bytes);
  Ids ids = ids_of(seen.bytes);
  if (protocol == kGre && packet.transport(8) != nullptr) ids.source = load_be16(packet.transport(8) + 6);
  const Way way = {packet.destination(), packet.source(), ids.destination, ids.source, protocol};
  return {interface_of(seen), test::bytes_of(packet_of(way, said))};
}

Input error_about(const Seen& seen, const ErrorKind& kind) {
  const Packet packet = parsed(seen.bytes);
  const bool v6 = packet.family == Family::Ipv6;
  std::string quoted(seen.bytes.begin(), seen.bytes.end());
  if (v6) forget_identification(quoted);
  if (kind.cut) quoted.resize(std::min<size_t>(quoted.size(), v6 ? 48 : 28));
  const IpAddress from = kind.from_far ? packet.destination() : pool::hosts(packet.family, interface_of(seen))[0];
  const std::string way = from.text() + " > " + packet.source().text();
  const Packet error = v6 ? test::icmp6(way, kind.type, 0, 1400, quoted) : test::icmp4(way, kind.type, 1, 0, quoted);
  return {interface_of(seen), test::bytes_of(error)};
}

bool cut_up(const Input& whole, uint32_t mtu, uint32_t identification, std::vector<Packet>& pieces) {
  Packet packet = parsed(whole.frame);
  if (packet.family == Family::Ipv4) {
    store_be16(packet.data() + 4, static_cast<uint16_t>(identification));
    set_header_checksum(packet);
  }
  if (fragment(packet, mtu, identification, pieces)) return true;
  fmt::print("cannot be cut up into pieces of {} bytes: {}\n", mtu, test::to_hex(whole.frame));
  return false;
}

}  // namespace sallyport::kernel
