// When REJECT says something, to whom and as whom. The answers' bytes are in recorded_test.cc.

#include <gtest/gtest.h>

#include "support/packets.h"
#include "unit/target/one_rule.h"
#include "wire/checksum.h"
#include "wire/parse.h"

namespace sallyport::test {
namespace {

struct AnswerCase {
  const char* name;
  Hook hook;
  const char* rule;
  Packet (*packet)();
  const char* answer;  // "SOURCE > DESTINATION", empty for none
};

Packet udp_to(const char* destination) { return udp4("10.1.0.5:1000 > " + std::string(destination) + ":53", "hello"); }
Packet tcp_with(uint8_t flags, const char* destination = "10.2.0.7") {
  return tcp4("10.1.0.5:1000 > " + std::string(destination) + ":80", flags);
}
Packet broken(Packet packet) {
  packet.data()[packet.captured() - 1] ^= 1;
  return packet;
}
Packet trusted(Packet packet) {
  packet.checksum_trusted = true;
  return packet;
}
Packet of_type(Packet packet, PacketType type) {
  packet.type = type;
  return packet;
}

const AnswerCase kAnswerCases[] = {
    {"forwarded", Hook::Forward, "-j REJECT", [] { return udp_to("10.2.0.7"); }, "10.1.0.1 > 10.1.0.5"},
    {"a broadcast", Hook::Input, "-j REJECT", [] { return udp_to("10.1.255.255"); }, ""},
    {"a group", Hook::Input, "-j REJECT", [] { return udp_to("224.0.0.1"); }, ""},
    {"a unicast address in a broadcast frame", Hook::Input, "-j REJECT",
     [] { return of_type(udp_to("10.1.0.1"), PacketType::Broadcast); }, ""},
    {"a wrong checksum", Hook::Forward, "-j REJECT", [] { return broken(udp_to("10.2.0.7")); }, ""},
    {"an ICMP error", Hook::Forward, "-j REJECT", [] { return icmp4("10.1.0.5 > 10.2.0.7", 3, 1, 0, "quoted"); }, ""},
    {"an ICMP query", Hook::Forward, "-j REJECT", [] { return icmp4("10.1.0.5 > 10.2.0.7", 8, 0, 0, "ping"); },
     "10.1.0.1 > 10.1.0.5"},
    {"a reset", Hook::Forward, "-p tcp -j REJECT --reject-with tcp-reset", [] { return tcp_with(kSyn); },
     "10.2.0.7 > 10.1.0.5"},
    {"a reset to a reset", Hook::Forward, "-p tcp -j REJECT --reject-with tcp-reset",
     [] { return tcp_with(kRst | kAck); }, ""},
    {"a reset to a wrong checksum", Hook::Forward, "-p tcp -j REJECT --reject-with tcp-reset",
     [] { return broken(tcp_with(kSyn)); }, ""},
    {"a reset as a broadcast address", Hook::Input, "-p tcp -j REJECT --reject-with tcp-reset",
     [] { return tcp_with(kSyn, "10.1.255.255"); }, ""},
    {"a reset to a frame for all", Hook::Forward, "-p tcp -j REJECT --reject-with tcp-reset",
     [] { return of_type(tcp_with(kSyn), PacketType::Broadcast); }, "10.2.0.7 > 10.1.0.5"},
};

TEST(Reject, AnswersOnlyWhereItMay) {
  for (const AnswerCase& one : kAnswerCases) {
    SCOPED_TRACE(one.name);
    OneRule rule(Family::Ipv4, "filter", one.hook, one.rule);
    Packet packet = one.packet();
    EXPECT_EQ(rule.run(packet), Verdict::drop());
    std::string answer;
    for (const Packet& made : rule.answers) answer += made.source().text() + " > " + made.destination().text();
    EXPECT_EQ(answer, one.answer);
    for (const Packet& made : rule.answers) {
      EXPECT_EQ(transport_checksum_state(made), ChecksumState::Right);
      EXPECT_EQ(checksum(made.bytes().first(20)), 0);
    }
  }
}

const AnswerCase kAnswerCases6[] = {
    {"forwarded", Hook::Forward, "-j REJECT", [] { return udp6("[fd01::5]:1000 > [fd02::7]:53"); },
     "fd01::1 > fd01::5"},
    {"a group", Hook::Input, "-j REJECT", [] { return udp6("[fd01::5]:1000 > [ff02::1]:53"); }, ""},
    {"no next header", Hook::Forward, "-j REJECT",
     [] { return trusted(ip6("fd01::5 > fd02::7", kNoNextHeader, hex("01"))); }, ""},
    {"an ICMPv6 error", Hook::Forward, "-j REJECT", [] { return icmp6("fd01::5 > fd02::7", 1, 0, 0, "quoted"); }, ""},
    {"a reset", Hook::Forward, "-p tcp -j REJECT --reject-with tcp-reset",
     [] { return tcp6("[fd01::5]:1000 > [fd02::7]:80", kSyn); }, "fd02::7 > fd01::5"},
    {"a reset to a group", Hook::Input, "-p tcp -j REJECT --reject-with tcp-reset",
     [] { return tcp6("[fd01::5]:1000 > [ff02::1]:80", kSyn); }, ""},
    {"a reset to nobody", Hook::Forward, "-p tcp -j REJECT --reject-with tcp-reset",
     [] { return tcp6("[::]:1000 > [fd02::7]:80", kSyn); }, ""},
    {"a reset to a mapped address", Hook::Forward, "-p tcp -j REJECT --reject-with tcp-reset",
     [] { return tcp6("[::ffff:10.1.0.5]:1000 > [fd02::7]:80", kSyn); }, ""},
};

TEST(Reject, AnswersOnlyWhereItMayInIpv6) {
  for (const AnswerCase& one : kAnswerCases6) {
    SCOPED_TRACE(one.name);
    OneRule rule(Family::Ipv6, "filter", one.hook, one.rule);
    Packet packet = one.packet();
    EXPECT_EQ(rule.run(packet), Verdict::drop());
    std::string answer;
    for (const Packet& made : rule.answers) answer += made.source().text() + " > " + made.destination().text();
    EXPECT_EQ(answer, one.answer);
    for (const Packet& made : rule.answers) EXPECT_EQ(transport_checksum_state(made), ChecksumState::Right);
  }
}

TEST(Reject, KeepsToTheLimitsOfIcmpButNotForResets) {
  OneRule unreachable(Family::Ipv4, "filter", Hook::Forward, "-j REJECT");
  unreachable.errors_allowed = false;
  Packet packet = udp_to("10.2.0.7");
  EXPECT_EQ(unreachable.run(packet), Verdict::drop());
  EXPECT_TRUE(unreachable.answers.empty());

  OneRule reset(Family::Ipv4, "filter", Hook::Forward, "-p tcp -j REJECT --reject-with tcp-reset");
  reset.errors_allowed = false;
  Packet syn = tcp_with(kSyn);
  EXPECT_EQ(reset.run(syn), Verdict::drop());
  EXPECT_EQ(reset.answers.size(), 1u);
}

// The kernel sums the IPv4 header too. A record-route option that was filled in on the way spoils that sum.
TEST(Reject, IsSilentWhenTheHeadersOwnChecksumIsOff) {
  OneRule rule(Family::Ipv4, "filter", Hook::Forward, "-j REJECT");
  Packet packet = udp_to("10.2.0.7");
  packet.data()[4] ^= 1;
  rule.run(packet);
  EXPECT_TRUE(rule.answers.empty());
}

}  // namespace
}  // namespace sallyport::test
