// LOG lines: the kernel's own (tests/golden/log_lines.txt), the link header, levels, options, and text that is not to
// be trusted.

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "support/packets.h"
#include "target/log_line.h"
#include "unit/target/one_rule.h"
#include "wire/parse.h"

namespace sallyport::test {
namespace {

struct Lines final : public LogSink {
  void line(uint8_t, std::string_view text) override { last = text; }
  void packet(uint16_t, std::string_view, uint32_t, const Packet&, const HookContext&) override {}
  std::string last;
};

TEST(LogLine, IsTheKernels) {
  const HostModel host = two_networks();
  HookContext context;
  context.router = &host;
  context.in = kTa;
  std::ifstream file(SALLYPORT_SOURCE_DIR "/tests/golden/log_lines.txt");
  size_t count = 0;
  for (std::string recorded; std::getline(file, recorded);) {
    if (recorded.starts_with("#")) continue;
    std::istringstream words(recorded);
    unsigned flags = 0;
    std::string bytes, line;
    uint32_t mark = 0;
    words >> flags >> bytes >> std::hex >> mark;
    words.get();
    std::getline(words, line);
    Packet packet = raw(hex(bytes));
    packet.family = bytes[0] == '6' ? Family::Ipv6 : Family::Ipv4;
    packet.mark = mark;
    Lines lines;
    log_packet(lines, 4, "", static_cast<uint8_t>(flags), packet, context);
    EXPECT_EQ(lines.last, line) << bytes;
    ++count;
  }
  EXPECT_EQ(count, 188u);
}

struct LinkCase {
  const char* name;
  const char* link;  // hex
  PacketType type;
  const char* plain;    // what MAC= begins with
  const char* decoded;  // with --log-macdecode
};
// The first three were seen in the kernel's log on veth and lo; it takes tags off before it looks.
constexpr LinkCase kLinkCases[] = {
    {"Ethernet", "02000000000a 02000000000b 0800", PacketType::Unicast,
     "MAC=02:00:00:00:00:0a:02:00:00:00:00:0b:08:00 ",
     "MACSRC=02:00:00:00:00:0b MACDST=02:00:00:00:00:0a MACPROTO=0800 "},
    {"a priority tag", "02000000000a 02000000000b 8100 0000 0800", PacketType::Unicast,
     "MAC=02:00:00:00:00:0a:02:00:00:00:00:0b:08:00 ",
     "MACSRC=02:00:00:00:00:0b MACDST=02:00:00:00:00:0a MACPROTO=0800 "},
    {"cooked loopback", "0000 0304 0006 000000000000 0000 0800", PacketType::Unicast,
     "MAC=00:00:00:00:00:00:00:00:00:00:00:00:08:00 ", "MAC=00:00:00:00:00:00:00:00:00:00:00:00:08:00 "},
    {"two tags", "02000000000a 02000000000b 88a8 0005 8100 0006 0800", PacketType::Unicast,
     "MAC=02:00:00:00:00:0a:02:00:00:00:00:0b:08:00 ",
     "MACSRC=02:00:00:00:00:0b MACDST=02:00:00:00:00:0a MACPROTO=0800 "},
    {"cooked Ethernet, to us", "0000 0001 0006 02000000000b 0000 0800", PacketType::Unicast,
     "MAC=02:00:00:00:00:0a:02:00:00:00:00:0b:08:00 ",
     "MACSRC=02:00:00:00:00:0b MACDST=02:00:00:00:00:0a MACPROTO=0800 "},
    {"cooked Ethernet, to all", "0001 0001 0006 02000000000b 0000 0800", PacketType::Broadcast,
     "MAC=ff:ff:ff:ff:ff:ff:02:00:00:00:00:0b:08:00 ",
     "MACSRC=02:00:00:00:00:0b MACDST=ff:ff:ff:ff:ff:ff MACPROTO=0800 "},
    {"cooked 2, to a group", "0800 0000 00000002 0001 02 06 02000000000b 0000", PacketType::Multicast,
     "MAC=01:00:5e:02:00:07:02:00:00:00:00:0b:08:00 ",
     "MACSRC=02:00:00:00:00:0b MACDST=01:00:5e:02:00:07 MACPROTO=0800 "},
    {"cooked PPP", "0000 0200 0000 000000000000 0000 0800", PacketType::Unicast, "MAC= ", "MAC= "},
    {"BSD loopback", "02000000", PacketType::Unicast, "MAC= ", "MAC= "},
    {"none", "", PacketType::Unicast, "MAC= ", "MAC= "},
};

TEST(LogLine, ShowsTheLinkHeaderAsTheInterfaceHasIt) {
  for (const LinkCase& one : kLinkCases) {
    SCOPED_TRACE(one.name);
    for (const bool decode : {false, true}) {
      OneRule rule(Family::Ipv4, "raw", Hook::Prerouting, decode ? "-j LOG --log-macdecode" : "-j LOG");
      Bytes frame = hex(one.link);
      const auto link = static_cast<uint32_t>(frame.size());
      const Packet bare = udp4("10.1.0.5:1000 > 10.130.0.7:53");
      frame.insert(frame.end(), bare.bytes().begin(), bare.bytes().end());
      Packet packet;
      packet.assign(frame, link);
      packet.family = Family::Ipv4;
      ASSERT_EQ(parse(packet), Malformed::None);
      packet.type = one.type;
      rule.run(packet);
      ASSERT_EQ(rule.lines.size(), 1u);
      EXPECT_EQ(rule.lines[0], std::string("<4>IN=ta OUT= ") + (decode ? one.decoded : one.plain) +
                                   "SRC=10.1.0.5 DST=10.130.0.7 LEN=28 TOS=0x00 PREC=0x00 TTL=64 ID=0 PROTO=UDP "
                                   "SPT=1000 DPT=53 LEN=8 ");
    }
  }
}

TEST(Log, NamesTheInterfacesOfTheHookAndTheLevel) {
  struct {
    Hook hook;
    const char* rule;
    const char* begin;
  } constexpr kCases[] = {
      {Hook::Input, "-j LOG --log-level debug --log-prefix \"in: \"", "<7>in: IN=ta OUT= MAC= SRC="},
      {Hook::Forward, "-j LOG --log-prefix x", "<4>xIN=ta OUT=tb MAC= SRC="},
      {Hook::Output, "-j LOG --log-level 0 --log-uid", "<0>IN= OUT=tb SRC="},
  };
  for (const auto& one : kCases) {
    OneRule rule(Family::Ipv4, "filter", one.hook, one.rule);
    Packet packet = udp4("10.1.0.5:1000 > 10.2.0.7:53");
    EXPECT_EQ(rule.run(packet).kind, Verdict::Kind::Accept);
    ASSERT_EQ(rule.lines.size(), 1u);
    EXPECT_TRUE(rule.lines[0].starts_with(one.begin)) << rule.lines[0];
  }
}

TEST(Log, AddsWhatItsOptionsAskFor) {
  const std::pair<const char*, const char*> kCases[] = {
      {"", "SPT=1 DPT=2 WINDOW=64240 RES=0x00 SYN URGP=0 "},
      {"--log-tcp-sequence", "SPT=1 DPT=2 SEQ=1000 ACK=0 WINDOW=64240 RES=0x00 SYN URGP=0 "},
      {"--log-tcp-options", "SPT=1 DPT=2 WINDOW=64240 RES=0x00 SYN URGP=0 OPT (020405B4) "},
      {"--log-ip-options", "DF OPT (94040000) PROTO=TCP SPT=1 DPT=2 WINDOW=64240 RES=0x00 SYN URGP=0 "},
      {"--log-uid", "SPT=1 DPT=2 WINDOW=64240 RES=0x00 SYN URGP=0 "},
  };
  for (const auto& [options, end] : kCases) {
    OneRule rule(Family::Ipv4, "filter", Hook::Forward, std::string("-j LOG ") + options);
    Packet packet = with_ip_options(
        tcp4("10.1.0.5:1 > 10.2.0.7:2", kSyn, "", {.options = "020405b4"}, {.dont_fragment = true}), hex("94040000"));
    rule.run(packet);
    ASSERT_EQ(rule.lines.size(), 1u);
    EXPECT_TRUE(rule.lines[0].ends_with(end)) << options << ": " << rule.lines[0];
  }
}

// CVE-2009-4487: what a log shows must not steer the terminal that shows it.
TEST(Log, EscapesControlCharactersOfPrefixesAndInterfaceNames) {
  HostModel host;
  Interface interface;
  interface.name = {'e', '\x1b', '[', '2', 'J', '\n', 'x'};
  ASSERT_TRUE(host.add_interface(interface));
  host.finish();
  HookContext context;
  context.router = &host;
  context.in = 1;
  Lines lines;
  log_packet(lines, 4, "a\tb\x7f\xc3\xa4 ", 0, udp4("10.1.0.5:1 > 10.2.0.7:2"), context);
  EXPECT_TRUE(lines.last.starts_with("a\\x09b\\x7f\xc3\xa4 IN=e\\x1b[2J\\x0ax OUT= MAC= SRC=10.1.0.5 ")) << lines.last;
}

TEST(Log, EndsALineThatIsTooLongWhereTheKernelDoes) {
  Bytes headers;
  for (int i = 0; i < 150; ++i) {
    const Bytes one = hex("3c00010400000000");  // destination options, nothing in them
    headers.insert(headers.end(), one.begin(), one.end());
  }
  headers.front() = 60;
  Lines lines;
  log_packet(lines, 4, "", kDumpTrace, with_extension(udp6("[fd01::5]:1 > [fd02::7]:2"), 60, headers), {});
  EXPECT_EQ(lines.last.size(), 1016u);
}

}  // namespace
}  // namespace sallyport::test
