// Two hosts that talk through the world's router.

#include "kernel/talker.h"

#include <fmt/format.h>

#include <algorithm>

#include "wire/checksum.h"
#include "wire/fragment.h"

namespace sallyport::kernel {
namespace {

// Whole extension headers, the type of the first: hop-by-hop and destination options, the two together, a routing
// header without segments left, a fragment header of a packet that is whole. Its number is none that a datagram in
// pieces has: of such a one the kernel may still hold some when the engine is a new one.
struct Extension {
  uint8_t type;
  std::string_view bytes;  // hex
};
constexpr Extension kExtensions[] = {{kHopByHop, "0000010400000000"},
                                     {kDestinationOptions, "0000010400000000"},
                                     {kHopByHop, "3c000104000000000000010400000000"},
                                     {kRouting, "0000040000000000"},
                                     {kFragment, "00000000ffffffff"}};

}  // namespace

Talker::Talker(Draw& with, uint32_t number) : draw(with) {
  for (const uint8_t end : {kA, kB}) addresses[end] = draw.pick(pool::hosts(draw.family(), end));
  for (uint32_t& sequence : next) sequence = draw.chance(10) ? 0xfffffff0 : draw.word();
  ports = {static_cast<uint16_t>(1024 + number % 60000),
           draw.pick({uint16_t{22}, uint16_t{53}, uint16_t{80}, uint16_t{443}})};
}

std::string Talker::place(uint8_t end, uint16_t port) const {
  const std::string address = addresses[end].text();
  return v6() ? fmt::format("[{}]:{}", address, port) : fmt::format("{}:{}", address, port);
}

void Talker::say(uint8_t from, Packet packet) {
  if (v6() && draw.chance(5)) {
    const Extension& extension = draw.pick(kExtensions);
    packet = test::with_extension(std::move(packet), extension.type, test::hex(extension.bytes));
  }
  if (draw.chance(2) && packet.transport_offset + 4u < packet.captured()) {
    packet.bytes().back() ^= 1;  // a wrong checksum
  }
  // The kernel makes a SIP message one stretch of memory, which then leaves in other pieces than it came in.
  const bool whole = v6() && ports[kB] == 5060;
  if (!whole && draw.chance(4)) return say_in_fragments(from, std::move(packet));
  said_.push_back({from, test::bytes_of(packet)});
  if (draw.chance(5)) said_.push_back(said_.back());  // twice
}

// In or out of order; the first may be lost, or any be there twice. That another is lost the kernel would tell the
// sender much later, when nobody listens.
void Talker::say_in_fragments(uint8_t from, Packet packet) {
  const uint32_t identification = draw.next_identification();
  if (!v6()) {
    store_be16(packet.data() + 4, static_cast<uint16_t>(identification));
    set_header_checksum(packet);
  }
  std::vector<Packet> pieces;
  const uint32_t header = v6() ? 48 : 20, payload = packet.captured() - (v6() ? 40 : 20);
  // The same with an SCTP header.
  const uint32_t least = v6() && packet.protocol == kSctp ? 32 : 8;
  const uint32_t step = draw.chance(50) ? least : std::max<uint32_t>(least, payload / 3 & ~7u);
  if (payload / step > 20 || !fragment(packet, header + step, identification, pieces)) {
    said_.push_back({from, test::bytes_of(packet)});
    return;
  }
  if (pieces.size() > 1 && draw.chance(30)) std::ranges::reverse(pieces);
  const bool first_lost = draw.chance(4);
  for (Packet& piece : pieces) {
    if (piece.fragment_offset == 0 && first_lost) continue;
    said_.push_back({from, test::bytes_of(piece)});
    // The first again behind the whole is the first of another, of which the kernel would tell, too, a minute later.
    const bool begins_another = piece.fragment_offset == 0 && &piece == &pieces.back();
    if (!begins_another && draw.chance(2)) said_.push_back(said_.back());
  }
}

void Talker::say_tcp(uint8_t from, const std::string& way, uint8_t flags, std::string_view payload,
                     const test::TcpFields& fields) {
  say(from, v6() ? test::tcp6(way, flags, payload, fields) : test::tcp4(way, flags, payload, fields));
}

void Talker::say_udp(uint8_t from, const std::string& way, std::string_view payload) {
  say(from, v6() ? test::udp6(way, payload) : test::udp4(way, payload));
}

void Talker::say_ip(uint8_t from, uint8_t protocol, std::span<const uint8_t> transport) {
  const std::string way = bare_flow(from);
  say(from, v6() ? test::ip6(way, protocol, transport) : test::ip4(way, protocol, transport));
}

void Talker::connect() {
  say_text(kA, "", test::kSyn);
  say_text(kB, "", test::kSyn | test::kAck);
  say_text(kA, "", test::kAck);
}

void Talker::say_text(uint8_t from, std::string text, uint8_t flags) {
  const auto send = [&](const std::string& part) {
    test::TcpFields fields = {.sequence = next[from], .window = 65535};
    if ((flags & test::kAck) != 0) fields.acknowledgement = next[other_end(from)];
    next[from] += static_cast<uint32_t>(part.size()) + ((flags & (test::kSyn | test::kFin)) != 0 ? 1 : 0);
    if (!draw.chance(2)) say_tcp(from, flow(from), flags, part, fields);
  };
  if (text.size() > 1 && draw.chance(6)) {
    const uint32_t cut = draw.between(1, static_cast<uint32_t>(text.size()) - 1);
    send(text.substr(0, cut));
    text.erase(0, cut);
  }
  send(text);
}

void Talker::connect_apart(uint8_t from, uint16_t source, uint16_t port) {
  using namespace test;
  const uint8_t to = other_end(from);
  const std::string there = place(from, source) + " > " + place(to, port);
  const std::string back = place(to, port) + " > " + place(from, source);
  const uint32_t sequence = draw.word(), answer = draw.word();
  say_tcp(from, there, kSyn, {}, {.sequence = sequence, .window = 65535});
  say_tcp(to, back, kSyn | kAck, {}, {.sequence = answer, .acknowledgement = sequence + 1, .window = 65535});
  say_tcp(from, there, kAck, {}, {.sequence = sequence + 1, .acknowledgement = answer + 1, .window = 65535});
}

uint32_t Talker::displaced(uint32_t right) {
  if (draw.chance(70)) return right;
  return right + draw.pick<uint32_t>({1, 0u - 1, 2, 100, 0u - 100, draw.below(3000), 0u - draw.below(3000), 65535,
                                      65536, 0u - 65535, 0u - 66001, 70000, 0u - 70000, 10000000, draw.word()});
}

void Talker::say_error() {
  if (said_.empty()) return;
  const Input& about = said_[draw.below(static_cast<uint32_t>(said_.size()))];
  std::string quoted(about.frame.begin(), about.frame.end());
  if (draw.chance(20)) quoted.resize(draw.below(static_cast<uint32_t>(quoted.size()) + 1));
  if (draw.chance(10) && quoted.size() > 24) quoted[21] = static_cast<char>(quoted[21] ^ 1);
  if (quoted.size() > 1100) quoted.resize(1100);
  const uint8_t from = draw.chance(90) ? other_end(about.interface) : about.interface;
  const std::string way = bare_flow(from);
  const uint8_t code = static_cast<uint8_t>(draw.below(4));
  if (!v6()) return say(from, test::icmp4(way, draw.pick<uint8_t>({3, 4, 5, 11, 12}), code, 0, quoted));
  say(from, test::icmp6(way, draw.pick<uint8_t>({1, 2, 3, 4, 100, 127, 137}), code, 0, quoted));
}

}  // namespace sallyport::kernel
