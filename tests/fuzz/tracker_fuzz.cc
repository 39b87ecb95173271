// Any bytes as packets of two hosts through connection tracking: TCP, SCTP, UDP, UDP-Lite, ICMP, GRE and their errors.
// Each packet: a byte for protocol and direction, one for how much time went by and whether the checksum is made right,
// one for its length, then what follows the IP header.

#include <vector>

#include "conntrack/conntrack_module.h"
#include "conntrack/listing.h"
#include "fuzz/fuzz_input.h"
#include "sallyport/host.h"
#include "support/packets.h"
#include "wire/checksum.h"

namespace sallyport {
namespace {

using fuzz::require;

constexpr uint8_t kProtocols[] = {kTcp, kSctp, kUdp, kUdplite, kIcmp, kGre, kIcmp6, kDccp};

const HostModel& model() {
  static const HostModel kModel = [] {
    HostModel made;
    made.finish();
    return made;
  }();
  return kModel;
}

Packet packet_of(Family family, uint8_t protocol, bool reply, std::span<const uint8_t> bytes, bool right_checksum) {
  const std::string_view there = family == Family::Ipv4 ? "192.0.2.1 > 198.51.100.2" : "2001:db8::1 > 2001:db8::2";
  const std::string_view back = family == Family::Ipv4 ? "198.51.100.2 > 192.0.2.1" : "2001:db8::2 > 2001:db8::1";
  Packet packet = family == Family::Ipv4 ? test::ip4(reply ? back : there, protocol, bytes)
                                         : test::ip6(reply ? back : there, protocol, bytes);
  if (!right_checksum && !bytes.empty()) packet.bytes().back() ^= 1;
  return packet;
}

void follow(Family family, fuzz::Input& input) {
  ConntrackModule conntrack(model(), {1, 2}, {3, 4});
  Clock clock;
  clock.advance_to(kSecond);
  HookContext context;
  context.clock = &clock;
  context.router = &model();
  while (!input.empty()) {
    const uint8_t what = input.byte(), how = input.byte();
    const auto bytes = input.take(input.byte());
    clock.advance_to(clock.now() + (how >> 1) * kSecond);
    Packet packet =
        packet_of(family, kProtocols[what / 2 % std::size(kProtocols)], (what & 1) != 0, bytes, how % 4 != 0);
    context.hook = Hook::Prerouting;
    const Verdict seen = conntrack.handle(packet, context);
    const PacketState state = packet_state(packet);
    const bool has_none = state == PacketState::Invalid || state == PacketState::Untracked;
    require((packet.connection == nullptr) == has_none);
    if (seen.kind == Verdict::Kind::Accept) {
      context.hook = Hook::Postrouting;
      conntrack.confirm(packet, context);
    }
    conntrack.table().reclaim();
    for (const Connection* connection : conntrack.table().list(clock.now())) {
      require(connection->has(kStatusConfirmed) && connection->deadline > clock.now());
    }
    list_connections(conntrack.table(), clock.now(), conntrack.timeouts(), {});
  }
}

}  // namespace
}  // namespace sallyport

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sallyport;
  fuzz::Input input(data, size);
  follow(input.byte() % 2 == 0 ? Family::Ipv4 : Family::Ipv6, input);
  return 0;
}
