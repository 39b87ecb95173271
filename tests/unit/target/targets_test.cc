// What the recorded packets do not show: marks, traces, NFLOG, the queue, the MTUs of TCPMSS, headers that are cut.

#include <gtest/gtest.h>

#include "support/packets.h"
#include "unit/target/one_rule.h"
#include "wire/checksum.h"
#include "wire/parse.h"

namespace sallyport::test {
namespace {

struct MarkCase {
  const char* options;
  uint32_t before;
  uint32_t after;
};
constexpr MarkCase kMarkCases[] = {
    {"--set-mark 0x5", 0xffffffff, 0x5},        {"--set-mark 0x5/0xf0", 0xffffffff, 0xffffff0f},
    {"--set-xmark 0x5/0xf0", 0x000000ff, 0x0a}, {"--and-mark 0xf0", 0x1234, 0x30},
    {"--or-mark 0xf0", 0x1204, 0x12f4},         {"--xor-mark 0xff", 0x0f, 0xf0},
};

TEST(Mark, ClearsAndFlipsBits) {
  for (const MarkCase& one : kMarkCases) {
    OneRule rule(Family::Ipv4, "mangle", Hook::Forward, std::string("-j MARK ") + one.options);
    Packet packet = udp4("10.1.0.5:1 > 10.2.0.7:2");
    packet.mark = one.before;
    rule.run(packet);
    EXPECT_EQ(packet.mark, one.after) << one.options;
  }
}

TEST(Trace, MarksThePacketAndLetsItGo) {
  OneRule rule(Family::Ipv4, "raw", Hook::Prerouting, "-p udp -j TRACE");
  Packet packet = udp4("10.1.0.5:1 > 10.2.0.7:2"), other = tcp4("10.1.0.5:1 > 10.2.0.7:2", kSyn);
  EXPECT_EQ(rule.run(packet), Verdict::accept());
  EXPECT_EQ(rule.run(other), Verdict::accept());
  EXPECT_TRUE(packet.traced);
  EXPECT_FALSE(other.traced);
}

TEST(Queue, AsksQueueZeroWithoutBypass) {
  OneRule rule(Family::Ipv4, "filter", Hook::Forward, "-j QUEUE");
  Packet packet = udp4("10.1.0.5:1 > 10.2.0.7:2");
  EXPECT_EQ(rule.run(packet), Verdict::queued(0, false));
}

TEST(Nflog, HandsThePacketToItsGroup) {
  const std::pair<const char*, LogRecord> kCases[] = {
      {"-j NFLOG", {0, "", kWholePacket}},
      {"-j NFLOG --nflog-group 7 --nflog-prefix \"a b\" --nflog-size 64", {7, "a b", 64}},
      {"-j NFLOG --nflog-size 0", {0, "", 0}},
      {"-j NFLOG --nflog-range 64 --nflog-threshold 5", {0, "", kWholePacket}},
  };
  for (const auto& [text, record] : kCases) {
    OneRule rule(Family::Ipv6, "filter", Hook::Forward, text);
    Packet packet = udp6("[fd01::5]:1 > [fd02::7]:2");
    EXPECT_EQ(rule.run(packet), Verdict::accept());
    EXPECT_EQ(rule.records, std::vector<LogRecord>{record}) << text;
  }
}

// The MSS option's value, or -1.
int mss_of(const Packet& packet) {
  const uint8_t* const tcp = packet.transport(24);
  return tcp != nullptr && tcp[20] == 2 ? load_be16(tcp + 22) : -1;
}

struct ClampCase {
  const char* name;
  const char* flow;
  uint16_t path_mtu;
  bool paired;
  int mss;
};
constexpr ClampCase kClampCases[] = {
    {"the way on is the narrow one", "10.1.0.5:1 > 10.2.0.7:2", 1300, false, 1260},
    {"the way back is, by ta", "10.1.0.5:1 > 10.2.0.7:2", 9000, false, 1360},
    {"the way back is, by tb", "10.2.0.5:1 > 10.2.0.7:2", 9000, false, 1260},
    {"a pair's way back is the one that the packet came by", "10.2.0.5:1 > 10.2.0.7:2", 9000, true, 1360},
    {"no way back", "192.0.2.1:1 > 10.2.0.7:2", 9000, false, 8960},
    {"IPv6 headers are larger", "[fd01::5]:1 > [fd02::7]:2", 1300, false, 1240},
};

TEST(Tcpmss, ClampsToTheNarrowerOfBothWays) {
  for (const ClampCase& one : kClampCases) {
    SCOPED_TRACE(one.name);
    const Family family = one.flow[0] == '[' ? Family::Ipv6 : Family::Ipv4;
    OneRule rule(family, "mangle", Hook::Forward, "-p tcp --syn -j TCPMSS --clamp-mss-to-pmtu");
    const TcpFields fields{.options = "020423f0"};  // 9200
    Packet packet = family == Family::Ipv4 ? tcp4(one.flow, kSyn, "", fields) : tcp6(one.flow, kSyn, "", fields);
    packet.path_mtu = one.path_mtu;
    packet.paired = one.paired;
    EXPECT_EQ(rule.run(packet), Verdict::accept());
    EXPECT_EQ(mss_of(packet), one.mss);
    EXPECT_EQ(transport_checksum_state(packet), ChecksumState::Right);
  }
}

TEST(Tcpmss, NeverRaisesAValue) {
  OneRule rule(Family::Ipv4, "mangle", Hook::Forward, "-p tcp --syn -j TCPMSS --set-mss 1400");
  for (const auto& [options, mss] : {std::pair{"02040200", 512}, {"02040578", 1400}, {"020405b4", 1400}}) {
    Packet packet = tcp4("10.1.0.5:1 > 10.2.0.7:2", kSyn, "", {.options = options});
    rule.run(packet);
    EXPECT_EQ(mss_of(packet), mss);
    EXPECT_EQ(transport_checksum_state(packet), ChecksumState::Right);
  }
}

// CVE-2004-0626: an option of length zero must not stop the scan.
TEST(Tcpmss, StepsOverAnOptionWithoutLength) {
  OneRule rule(Family::Ipv4, "mangle", Hook::Forward, "-p tcp --syn -j TCPMSS --set-mss 1000");
  Packet packet = tcp4("10.1.0.5:1 > 10.2.0.7:2", kSyn, "", {.options = "03000101020405b4"});
  EXPECT_EQ(rule.run(packet), Verdict::accept());
  EXPECT_EQ(to_hex(packet.bytes().subspan(40)), "03000101020403e8");
}

TEST(Tcpmss, DropsWhenThePathCarriesNoSegment) {
  OneRule rule(Family::Ipv4, "mangle", Hook::Forward, "-p tcp --syn -j TCPMSS --clamp-mss-to-pmtu");
  Packet packet = tcp4("10.1.0.5:1 > 10.2.0.7:2", kSyn);
  packet.path_mtu = 40;
  EXPECT_EQ(rule.run(packet), Verdict::drop());
}

TEST(Tcpmss, AddsTheOptionInFrontOfTheOthersAndCountsIt) {
  OneRule rule(Family::Ipv4, "mangle", Hook::Forward, "-p tcp --syn -j TCPMSS --set-mss 1400");
  Packet packet = tcp4("10.1.0.5:1 > 10.2.0.7:2", kSyn, "", {.options = "01030307"});
  EXPECT_EQ(rule.run(packet), Verdict::accept());
  EXPECT_EQ(to_hex(packet.bytes().subspan(40)), "0204021801030307");
  EXPECT_EQ(packet.length, 48u);
  EXPECT_EQ(load_be16(packet.data() + 2), 48);
  EXPECT_EQ(checksum(packet.bytes().first(20)), 0);
  EXPECT_EQ(transport_checksum_state(packet), ChecksumState::Right);
}

// CVE-2017-18017: a data offset below the header's own size, or beyond the packet.
TEST(Tcpmss, DropsAHeaderThatClaimsAnotherSize) {
  for (const int words : {0, 4, 6, 15}) {
    OneRule rule(Family::Ipv4, "mangle", Hook::Forward, "-p tcp --tcp-flags SYN SYN -j TCPMSS --set-mss 1000");
    Packet packet = tcp4("10.1.0.5:1 > 10.2.0.7:2", kSyn);
    packet.data()[32] = static_cast<uint8_t>(words << 4);
    EXPECT_EQ(rule.run(packet), Verdict::drop()) << words;
  }
}

TEST(Ecn, DropsWhatHasNoWholeTcpHeader) {
  OneRule rule(Family::Ipv4, "mangle", Hook::Forward, "-p tcp -j ECN --ecn-tcp-remove");
  Packet packet = ip4("10.1.0.5 > 10.2.0.7", kTcp, hex("0001000200000000000000005002"));
  EXPECT_EQ(rule.run(packet), Verdict::drop());
}

TEST(Checksum, LeavesAWrongChecksumAsItCame) {
  OneRule rule(Family::Ipv4, "mangle", Hook::Forward, "-j CHECKSUM --checksum-fill");
  Packet packet = udp4("10.1.0.5:1 > 10.2.0.7:2", "data");
  packet.data()[26] ^= 0x55;
  const Bytes before = bytes_of(packet);
  EXPECT_EQ(rule.run(packet), Verdict::accept());
  EXPECT_EQ(bytes_of(packet), before);
}

}  // namespace
}  // namespace sallyport::test
