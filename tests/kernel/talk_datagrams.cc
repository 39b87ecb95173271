// UDP, UDP-Lite, ICMP queries, and protocols that have no tracker of their own.

#include <fmt/format.h>

#include "kernel/talks.h"
#include "wire/checksum.h"

namespace sallyport::kernel {
namespace {

// Says something a few times, with an error about it now and then.
template <class Say>
void several(Talker& talker, Say&& say) {
  const uint32_t length = talker.draw.between(1, 12);
  for (uint32_t i = 0; i < length; ++i) {
    say();
    if (talker.draw.chance(8)) talker.say_error();
  }
}

// As the sender means it, or as the kernel verifies it: with UDP's number in the pseudo-header.
uint16_t udplite_checksum(const Talker& talker, uint8_t from, std::span<const uint8_t> bytes, uint32_t covered,
                          uint8_t protocol) {
  uint32_t sum = protocol + static_cast<uint32_t>(bytes.size());
  for (const uint8_t end : {from, other_end(from)}) {
    sum += checksum_add(talker.addresses[end].view());
  }
  return checksum_finish(checksum_add(bytes.first(covered), sum));
}

// A ping of the router itself (which does not answer), and a redirect that quotes the answer.
void redirect_router(Talker& talker) {
  Draw& draw = talker.draw;
  const std::string host = talker.addresses[kA].text();
  constexpr std::string_view kRouter = "2001:db8:1::1";
  const uint32_t rest = static_cast<uint32_t>(talker.ports[kA]) << 16;
  talker.say(kA, test::icmp6(fmt::format("{} > {}", host, kRouter), 128, 0, rest, "ping"));
  const auto id = draw.chance(90) ? rest : rest + 0x10000;
  const test::Bytes answer = test::bytes_of(test::icmp6(fmt::format("{} > {}", kRouter, host), 129, 0, id, "ping"));
  std::string quoted(answer.begin(), answer.end());
  quoted.resize(draw.chance(85) ? 56 : 8 * draw.below(8));
  // The better router and the destination, then the quote in an option, or another option.
  std::string body(32, '\1');
  if (draw.chance(95)) {
    const char units = draw.chance(90) ? static_cast<char>(quoted.size() / 8 + 1) : '\0';
    body += std::string{draw.chance(90) ? '\4' : '\2', units, 0, 0, 0, 0, 0, 0} + quoted;
  }
  if (draw.chance(5)) body.resize(draw.below(static_cast<uint32_t>(body.size())));
  const std::string_view from = draw.chance(90) ? "fe80::1234:5678" : "2001:db8:1::99";
  const std::string_view to = draw.chance(90) ? kRouter : "fe80::a";
  talker.say(kA, test::icmp6(fmt::format("{} > {}", from, to), 137, draw.chance(90) ? 0 : 1, 0, body,
                             {.ttl = static_cast<uint8_t>(draw.chance(90) ? 255 : 64)}));
}

}  // namespace

void talk_udp(Talker& talker) {
  several(talker, [&] {
    const uint8_t from = talker.silent() ? kA : static_cast<uint8_t>(talker.draw.below(2));
    talker.say_udp(from, talker.flow(from), std::string(talker.draw.pick<size_t>({0, 1, 7, 7, 200}), 'u'));
  });
}

void talk_udplite(Talker& talker) {
  several(talker, [&] {
    const auto from = static_cast<uint8_t>(talker.draw.below(2));
    test::Bytes bytes(24, 0);
    store_be16(&bytes[0], talker.ports[from]);
    store_be16(&bytes[2], talker.ports[other_end(from)]);
    const auto coverage = talker.draw.pick<uint16_t>({0, 8, 12, 24, 7, 25});
    store_be16(&bytes[4], coverage);
    const uint32_t covered = coverage == 0 || coverage > bytes.size() ? 24 : coverage;
    const auto protocol = talker.draw.pick<uint8_t>({kUdp, kUdp, kUdplite, 0});
    // 0: what the packet maker fills in.
    if (protocol != 0) store_be16(&bytes[6], udplite_checksum(talker, from, bytes, covered, protocol));
    const uint16_t meant = load_be16(&bytes[6]);
    const std::string way = talker.bare_flow(from);
    Packet packet = talker.v6() ? test::ip6(way, kUdplite, bytes) : test::ip4(way, kUdplite, bytes);
    if (protocol != 0) store_be16(packet.transport(8) + 6, meant);
    talker.say(from, std::move(packet));
  });
}

void talk_icmp(Talker& talker) {
  if (talker.v6() && talker.draw.chance(25)) return redirect_router(talker);
  several(talker, [&] {
    Draw& draw = talker.draw;
    const auto from = static_cast<uint8_t>(draw.below(2));
    const uint32_t rest = static_cast<uint32_t>(talker.ports[0]) << 16 | draw.below(3);
    const uint8_t code = draw.chance(90) ? 0 : 1;
    const std::string way = talker.bare_flow(from);
    if (talker.v6()) {
      talker.say(from,
                 test::icmp6(way, draw.pick<uint8_t>({128, 128, 129, 139, 140, 130, 143, 200}), code, rest, "ping"));
    } else {
      talker.say(from,
                 test::icmp4(way, draw.pick<uint8_t>({8, 8, 0, 13, 14, 15, 16, 17, 18, 10, 30}), code, rest, "ping"));
    }
  });
}

void talk_untracked(Talker& talker) {
  const auto protocol = talker.draw.pick<uint8_t>({kGre, kGre, 200, kDccp});
  several(talker, [&] {
    test::Bytes bytes(talker.draw.chance(90) ? 24 : talker.draw.below(16), 0);
    const auto from = static_cast<uint8_t>(talker.draw.below(2));
    if (protocol == kGre && bytes.size() >= 8) {
      // Version 0; or 1 with a key, as PPTP's.
      bytes[0] = talker.draw.pick<uint8_t>({0, 0x20, 0x30});
      bytes[1] = talker.draw.pick<uint8_t>({0, 1, 0x81, 2});
      store_be16(&bytes[2], talker.draw.chance(90) ? 0x880b : 0x0800);
      store_be16(&bytes[6], talker.ports[from]);
    }
    talker.say_ip(from, protocol, bytes);
  });
}

}  // namespace sallyport::kernel
