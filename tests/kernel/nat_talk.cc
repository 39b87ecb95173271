// Two hosts that talk through NAT.

#include "kernel/nat_talk.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/world.h"
#include "wire/parse.h"

namespace sallyport::kernel {
namespace {

std::string way_of(const Speaker& from) {
  const bool v6 = from.own.family == Family::Ipv6;
  return fmt::format(fmt::runtime(v6 ? "[{}]:{} > [{}]:{}" : "{}:{} > {}:{}"), from.own.text(), from.own_port,
                     from.peer.text(), from.peer_port);
}

Packet parsed(const Seen& seen) {
  Packet packet = test::raw(seen.bytes);
  static_cast<void>(parse(packet));
  return packet;
}

uint8_t interface_named(std::string_view name) {
  for (size_t i = 0; i < kWorldInterfaces.size(); ++i) {
    if (kWorldInterfaces[i].name == name) return static_cast<uint8_t>(i);
  }
  return 0;
}

std::string payload_of(const Packet& packet, uint32_t header) {
  const uint32_t whole = packet.transport_length();
  const uint8_t* const bytes = whole > header ? packet.transport(whole) : nullptr;
  return bytes != nullptr ? std::string(bytes + header, bytes + whole) : std::string();
}

uint32_t header_of(const Packet& packet) {
  const uint8_t* const tcp = packet.protocol == kTcp ? packet.transport(20) : nullptr;
  return tcp != nullptr ? (tcp[12] >> 4) * 4u : 8;
}

void hear(Speaker& who, const Seen& seen) {
  const Packet packet = parsed(seen);
  who.heard = payload_of(packet, header_of(packet));
  const uint8_t* const tcp = packet.protocol == kTcp ? packet.transport(20) : nullptr;
  if (tcp == nullptr) return;
  constexpr uint8_t kCounts = test::kSyn | test::kFin;
  const uint32_t begin = load_be32(tcp + 4);
  const uint32_t end = begin + static_cast<uint32_t>(who.heard.size()) + ((tcp[13] & kCounts) != 0 ? 1 : 0);
  who.begins.push_back(begin);
  if (static_cast<int32_t>(end - who.received) > 0 || (tcp[13] & test::kSyn) != 0) who.received = end;
}

}  // namespace

Packet NatTalk::tcp(const Speaker& from, uint8_t flags, std::string_view text, std::string_view options) const {
  test::TcpFields fields = {.sequence = from.next, .window = 65535, .options = options};
  if ((flags & test::kAck) != 0) fields.acknowledgement = from.received;
  return draw.v6() ? test::tcp6(way_of(from), flags, text, fields) : test::tcp4(way_of(from), flags, text, fields);
}

Packet NatTalk::udp(const Speaker& from, std::string_view text) const {
  return draw.v6() ? test::udp6(way_of(from), text) : test::udp4(way_of(from), text);
}

std::optional<Seen> NatTalk::put(const Speaker& from, const Packet& packet) {
  if (!wire.same || wire.over) return std::nullopt;
  return wire.pass({from.interface, test::bytes_of(packet)}, wire.same);
}

// The other is whom the first packet reached, and sees where that seems to come from.
bool NatTalk::meet(const Speaker& first, const Packet& packet) {
  speakers = {first, Speaker()};
  const auto seen = put(first, packet);
  if (!seen) return false;
  const Packet arrived = parsed(*seen);
  const uint8_t* const header = arrived.transport(8);
  if (arrived.protocol != packet.protocol || header == nullptr) return false;
  speakers[1] = {.interface = interface_named(seen->out),
                 .own = arrived.destination(),
                 .peer = arrived.source(),
                 .own_port = load_be16(header + 2),
                 .peer_port = load_be16(header),
                 .next = draw.chance(10) ? 0xfffffff0 : draw.word()};
  hear(speakers[1], *seen);
  return true;
}

bool NatTalk::connect(const Speaker& first) {
  Speaker one = first;
  one.next = draw.chance(10) ? 0xffffffc0 : draw.word();
  if (!meet(one, tcp(one, test::kSyn, {}))) return false;
  ++speakers[0].next;
  say_segment(1, test::kSyn | test::kAck, {}, false);
  ++speakers[1].next;
  say_segment(0, test::kAck, {}, false);
  return wire.same;
}

bool NatTalk::begin_udp(const Speaker& first, std::string_view text) { return meet(first, udp(first, text)); }

void NatTalk::say_udp(uint8_t from, std::string_view text) {
  const auto seen = put(speakers[from], udp(speakers[from], text));
  Speaker& to = speakers[1 - from];
  to.heard.clear();
  if (seen) hear(to, *seen);
}

bool NatTalk::say_gre(uint8_t from, const test::Bytes& bytes) {
  const Speaker& who = speakers[from];
  return put(who, test::ip4(who.own.text() + " > " + who.peer.text(), kGre, bytes)).has_value();
}

void NatTalk::say_segment(uint8_t from, uint8_t flags, std::string_view text, bool lost) {
  Speaker& who = speakers[from];
  Speaker& to = speakers[1 - from];
  const Packet packet = tcp(who, flags, text);
  who.next += static_cast<uint32_t>(text.size());
  if (!text.empty()) who.sent.push_back({who.interface, test::bytes_of(packet)});
  to.heard.clear();
  if (lost) return;
  if (const auto seen = put(who, packet)) hear(to, *seen);
}

void NatTalk::say(uint8_t from, std::string_view text) {
  const bool lost = draw.chance(4);
  if (text.size() > 1 && draw.chance(6)) {
    const uint32_t cut = draw.between(1, static_cast<uint32_t>(text.size()) - 1);
    say_segment(from, test::kAck, text.substr(0, cut), lost);
    text.remove_prefix(cut);
  }
  say_segment(from, test::kAck | test::kPsh, text, lost);
}

// Up to three blocks between places where segments began, in the receiver's own numbers.
std::string NatTalk::blocks_of(const Speaker& who) const {
  std::string blocks;
  for (uint32_t i = 1 + draw.below(3); i > 0; --i) {
    blocks += fmt::format("{:08x}{:08x}", who.begins[draw.below(static_cast<uint32_t>(who.begins.size()))],
                          draw.chance(80) ? who.received : who.received + draw.below(200));
  }
  const size_t bytes = blocks.size() / 2 + 2;
  return draw.chance(50) ? fmt::format("010105{:02x}{}", bytes, blocks) : fmt::format("05{:02x}{}0101", bytes, blocks);
}

void NatTalk::acknowledge(uint8_t from) {
  const Speaker& who = speakers[from];
  if (who.begins.empty()) return;
  const bool selective = draw.chance(70);
  const auto seen = put(who, tcp(who, test::kAck, {}, selective ? blocks_of(who) : std::string()));
  if (seen && selective) wire.tally.count("selective acknowledgements");
}

void NatTalk::repeat(uint8_t from) {
  const Speaker& who = speakers[from];
  if (who.sent.empty() || !wire.same || wire.over) return;
  const Input& again = who.sent[draw.below(static_cast<uint32_t>(who.sent.size()))];
  const auto seen = wire.pass(again, wire.same);
  if (!seen) return;
  wire.tally.count("repeated segments");
  hear(speakers[1 - from], *seen);
}

}  // namespace sallyport::kernel
