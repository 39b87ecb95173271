// Any bytes as what two hosts say on a connection that has a helper. The first byte chooses helper, family, and whether
// the connection is mapped; then segments follow, each with a byte for its direction and for whether it goes on where
// the last one ended, and a byte for its
// length (of SIP in units of four).

#include <algorithm>
#include <vector>

#include "conntrack/connection_table.h"
#include "conntrack/expectation.h"
#include "conntrack/pptp_calls.h"
#include "conntrack/sequence_shift.h"
#include "conntrack/tuple.h"
#include "fuzz/fuzz_input.h"
#include "nat/nat_module.h"
#include "support/packets.h"
#include "wire/checksum.h"
#include "wire/parse.h"

namespace sallyport {
namespace {

using fuzz::require;

struct Chosen {
  std::string_view name;
  uint8_t protocol;
};
constexpr Chosen kHelpers[] = {{"ftp", kTcp}, {"tftp", kUdp}, {"irc", kTcp},       {"sip", kTcp},
                               {"sip", kUdp}, {"pptp", kTcp}, {"netbios-ns", kUdp}};
constexpr SipHashKey kKey = {1, 2};
constexpr uint64_t kMostExpected = 8;

Packet packet_of(const Chosen& helper, Family family, Direction direction, std::string_view payload,
                 uint32_t sequence) {
  const bool forward = direction == Direction::Original;
  const test::TcpFields fields = {.sequence = sequence};
  if (family == Family::Ipv4) {
    const std::string_view flow = forward ? "192.0.2.1:40000 > 198.51.100.2:21" : "198.51.100.2:21 > 192.0.2.1:40000";
    return helper.protocol == kTcp ? test::tcp4(flow, test::kAck, payload, fields) : test::udp4(flow, payload);
  }
  const std::string_view flow =
      forward ? "[2001:db8::1]:40000 > [2001:db8::2]:21" : "[2001:db8::2]:21 > [2001:db8::1]:40000";
  return helper.protocol == kTcp ? test::tcp6(flow, test::kAck, payload, fields) : test::udp6(flow, payload);
}

void talk(const Chosen& chosen, Family family, bool mapped, std::string_view said) {
  const Helper* helper = find_helper(chosen.name, family, chosen.protocol);
  if (helper == nullptr) return;
  ConnectionTable table(100, kKey);
  ExpectationTable expectations(kMostExpected, kKey);
  table.listen(expectations);
  PptpCalls calls(table, expectations, kKey);
  const HookContext hook;
  const Tuple tuple = *tuple_of(packet_of(chosen, family, Direction::Original, "", 0), 0);
  Random random(1);
  NatModule nat(table, random, kKey);
  Connection& connection = *table.create(tuple, *inverted(tuple), 0);
  if (mapped) {
    Tuple reply = *inverted(tuple);
    std::ranges::fill(std::span(reply.destination).first(address_bytes(family)), uint8_t{0xcb});
    table.set_reply(connection, reply);
  }
  connection.deadline = kSecond;
  require(table.confirm(connection, 0));
  table.extra(connection).helper = helper;
  uint32_t next[2] = {};
  while (said.size() > 2) {
    const auto direction = static_cast<Direction>(said[0] & 1);
    if ((said[0] & 2) != 0) next[said[0] & 1] += static_cast<uint8_t>(said[0]);
    const size_t unit = chosen.name == "sip" ? 4 : 1;
    const size_t length = std::min<size_t>(static_cast<uint8_t>(said[1]) * unit, said.size() - 2);
    Packet packet = packet_of(chosen, family, direction, said.substr(2, length), next[said[0] & 1]);
    next[said[0] & 1] += static_cast<uint32_t>(length);
    said.remove_prefix(2 + length);
    set_packet_state(packet, PacketState::Established, direction);
    const HelperContext context = {.state = PacketState::Established,
                                   .direction = direction,
                                   .expecter = &expectations,
                                   .nat = mapped ? &nat : nullptr,
                                   .calls = &calls,
                                   .hook = &hook};
    const bool passes = helper->look(packet, connection, context);
    if (passes) {
      Packet again;
      again.assign(packet.bytes(), 0);
      require(parse(again) == Malformed::None && again.length == packet.length);
      require(transport_checksum_state(again) != ChecksumState::Wrong);
      if (connection.has(kStatusSequenceShifted)) require(shift_sequence(packet, connection, direction));
    }
    require(expectations.size() <= kMostExpected && calls.size() <= 2);
    if (chosen.name == "ftp" || chosen.name == "tftp") require(expectations.size() <= 1);
  }
  if (helper->ended != nullptr) helper->ended(connection, {.expecter = &expectations, .calls = &calls});
  require(calls.size() == 0);
  table.kill(connection);
  table.reclaim();
  require(expectations.empty());
}

}  // namespace
}  // namespace sallyport

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sallyport;
  if (size < 2) return 0;
  const std::string_view said(reinterpret_cast<const char*>(data) + 1, size - 1);
  talk(kHelpers[(data[0] & 127) / 2 % std::size(kHelpers)], data[0] % 2 == 0 ? Family::Ipv4 : Family::Ipv6,
       data[0] >= 128, said);
  return 0;
}
