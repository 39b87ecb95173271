// The matches that compare one field of the IP header or of what is known beside it.

#include "unit/match/match_case.h"

namespace sallyport::test {
namespace {

constexpr std::string_view kFlow = "192.0.2.5:4000 > 198.51.100.2:443";
constexpr std::string_view kFlow6 = "[2001:db8::5]:4000 > [2001:db8::2]:443";

Packet plain() { return udp4(kFlow); }
Packet plain6() { return udp6(kFlow6); }
Packet with_tos(uint8_t tos) { return udp4(kFlow, {}, {.tos = tos}); }
Packet with_tos6(uint8_t tos) { return udp6(kFlow6, {}, {.tos = tos}); }
Packet with_ttl(uint8_t ttl) { return udp4(kFlow, {}, {.ttl = ttl}); }
Packet with_hop_limit(uint8_t limit) { return udp6(kFlow6, {}, {.ttl = limit}); }

Packet with_mark(uint32_t mark) {
  Packet packet = plain();
  packet.mark = mark;
  return packet;
}

Packet of_type(PacketType type, Packet packet = plain()) {
  packet.type = type;
  return packet;
}

TEST(TtlMatch, ComparesTheTimeToLive) {
  const MatchCase cases[] = {
      {"-m ttl --ttl-eq 64", with_ttl(64), kYes}, {"-m ttl --ttl-eq 64", with_ttl(63), kNo},
      {"-m ttl ! --ttl 64", with_ttl(63), kYes},  {"-m ttl --ttl-lt 10", with_ttl(9), kYes},
      {"-m ttl --ttl-lt 10", with_ttl(10), kNo},  {"-m ttl --ttl-gt 10", with_ttl(11), kYes},
      {"-m ttl --ttl-gt 10", with_ttl(10), kNo},
  };
  expect_judged(cases);
}

TEST(HlMatch, ComparesTheHopLimit) {
  const MatchCase cases[] = {
      {"-m hl --hl-eq 64", with_hop_limit(64), kYes}, {"-m hl ! --hl 64", with_hop_limit(64), kNo},
      {"-m hl --hl-lt 10", with_hop_limit(9), kYes},  {"-m hl --hl-lt 10", with_hop_limit(10), kNo},
      {"-m hl --hl-gt 10", with_hop_limit(11), kYes}, {"-m hl --hl-gt 10", with_hop_limit(10), kNo},
  };
  expect_judged(cases);
}

TEST(TosMatch, ComparesUnderTheMask) {
  const MatchCase cases[] = {
      {"-m tos --tos 0x10", with_tos(0x10), kYes},           {"-m tos --tos 0x10", with_tos(0x11), kNo},
      {"-m tos --tos Minimize-Delay", with_tos(0xd0), kYes}, {"-m tos ! --tos Minimize-Delay", with_tos(0xd0), kNo},
      {"-m tos --tos 0xff/0x00", with_tos(0xff), kNo},       {"-m tos --tos 0x10", with_tos6(0x10), kYes},
      {"-m tos --tos 0x01/0x0f", with_tos6(0xf1), kYes},
  };
  expect_judged(cases);
}

TEST(DscpMatch, ComparesTheCodePoint) {
  const MatchCase cases[] = {
      {"-m dscp --dscp-class EF", with_tos(0xb8), kYes},  {"-m dscp --dscp-class EF", with_tos(0xbb), kYes},
      {"-m dscp --dscp 0x2f", with_tos(0xb8), kNo},       {"-m dscp ! --dscp 0", with_tos(3), kNo},
      {"-m dscp --dscp-class AF11", with_tos6(40), kYes},
  };
  expect_judged(cases);
}

TEST(EcnMatch, ComparesTheBitsOfIpAndTcp) {
  const auto tcp = [](uint8_t flags, uint8_t tos = 0) { return tcp4(kFlow, flags, {}, {}, {.tos = tos}); };
  const MatchCase cases[] = {
      {"-m ecn --ecn-ip-ect 2", with_tos(0xfe), kYes},
      {"-m ecn --ecn-ip-ect 2", with_tos(3), kNo},
      {"-m ecn ! --ecn-ip-ect 3", with_tos(3), kNo},
      {"-m ecn --ecn-ip-ect 1", with_tos6(1), kYes},
      {"-p tcp -m ecn --ecn-tcp-ece", tcp(kEce | kAck), kYes},
      {"-p tcp -m ecn --ecn-tcp-ece", tcp(kCwr | kAck), kNo},
      {"-p tcp -m ecn --ecn-tcp-cwr", tcp(kCwr | kAck), kYes},
      {"-p tcp -m ecn ! --ecn-tcp-cwr", tcp(kCwr | kAck), kNo},
      {"-p tcp -m ecn --ecn-tcp-cwr ! --ecn-tcp-ece", tcp(kCwr), kYes},
      {"-p tcp -m ecn --ecn-tcp-cwr ! --ecn-tcp-ece", tcp(kCwr | kEce), kNo},
      {"-p tcp -m ecn --ecn-tcp-cwr --ecn-ip-ect 1", tcp(kCwr, 1), kYes},
      {"-p tcp -m ecn --ecn-tcp-cwr --ecn-ip-ect 1", tcp(kCwr, 2), kNo},
      // Cut off is no reason to drop here, and a later fragment's bytes pass for a header.
      {"-p tcp -m ecn ! --ecn-tcp-cwr", cut_to(tcp(kAck), 19), kNo},
      {"-p tcp -m ecn --ecn-tcp-cwr", as_fragment(tcp(kCwr), 800, false), kYes},
  };
  expect_judged(cases);
}

TEST(LengthMatch, CountsTheIpPacket) {
  const MatchCase cases[] = {
      {"-m length --length 28", plain(), kYes},          {"-m length --length 29:", plain(), kNo},
      {"-m length ! --length 29:", plain(), kYes},       {"-m length --length 28:28", plain(), kYes},
      {"-m length --length 48", plain6(), kYes},         {"-m length --length 8", plain6(), kNo},
      {"-m length --length 29", udp4(kFlow, "x"), kYes},
  };
  expect_judged(cases);
}

TEST(MarkMatch, ComparesUnderTheMask) {
  const MatchCase cases[] = {
      {"-m mark --mark 0x5", with_mark(5), kYes},           {"-m mark --mark 0x5", with_mark(0x105), kNo},
      {"-m mark --mark 0x5/0xff", with_mark(0x105), kYes},  {"-m mark ! --mark 0x5/0xff", with_mark(0x105), kNo},
      {"-m mark --mark 0x105/0xff", with_mark(0x105), kNo}, {"-m mark --mark 0", with_mark(0), kYes},
  };
  expect_judged(cases);
}

TEST(PkttypeMatch, ComparesTheFramesKind) {
  const MatchCase cases[] = {
      {"-m pkttype --pkt-type unicast", of_type(PacketType::Unicast), kYes},
      {"-m pkttype --pkt-type unicast", of_type(PacketType::OtherHost), kNo},
      {"-m pkttype ! --pkt-type broadcast", of_type(PacketType::Multicast), kYes},
      {"-m pkttype --pkt-type broadcast", of_type(PacketType::Loopback), kYes},
      {"-m pkttype --pkt-type multicast", of_type(PacketType::Loopback, udp4("192.0.2.1:1 > 224.0.0.5:2")), kYes},
      {"-m pkttype --pkt-type multicast", of_type(PacketType::Loopback, plain6()), kYes},
  };
  expect_judged(cases);
}

TEST(IprangeMatch, HoldsBetweenTwoAddresses) {
  const MatchCase cases[] = {
      {"-m iprange --src-range 192.0.2.1-192.0.2.5", plain(), kYes},
      {"-m iprange --src-range 192.0.2.6-192.0.2.9", plain(), kNo},
      {"-m iprange ! --src-range 192.0.2.6-192.0.2.9", plain(), kYes},
      {"-m iprange --src-range 192.0.1.255-192.0.3.0", plain(), kYes},
      {"-m iprange --src-range 192.0.2.9-192.0.2.1", plain(), kNo},
      {"-m iprange ! --src-range 192.0.2.9-192.0.2.1", plain(), kYes},
      {"-m iprange --src-range 192.0.2.5 --dst-range 198.51.100.3-198.51.100.9", plain(), kNo},
      {"-m iprange --dst-range 198.51.100.2", plain(), kYes},
      {"-m iprange --src-range 2001:db8::1-2001:db8::5", plain6(), kYes},
      {"-m iprange ! --dst-range 2001:db8::-2001:db8:ffff::", plain6(), kNo},
  };
  expect_judged(cases);
}

TEST(CommentMatch, HoldsAlways) { EXPECT_EQ(judge("-m comment --comment \"a note\"", plain()), kYes); }

TEST(MacMatch, ComparesTheSenderOfAnEthernetFrame) {
  const auto framed = [](std::string_view link_header) {
    Bytes frame = hex(link_header);
    const auto network = static_cast<uint32_t>(frame.size());
    const Packet inner = plain();
    frame.insert(frame.end(), inner.bytes().begin(), inner.bytes().end());
    Packet packet;
    packet.assign(frame, network);
    static_cast<PacketFacts&>(packet) = inner;
    return packet;
  };
  constexpr std::string_view kEthernet = "020000000001 020000000002 0800";
  constexpr std::string_view kVlan = "020000000001 020000000002 81000064 0800";
  constexpr std::string_view kCooked = "0000 0001 0006 020000000002 0000 0800";
  const MatchCase cases[] = {
      {"-m mac --mac-source 02:00:00:00:00:02", framed(kEthernet), kYes},
      {"-m mac --mac-source 02:00:00:00:00:01", framed(kEthernet), kNo},
      {"-m mac ! --mac-source 02:00:00:00:00:01", framed(kEthernet), kYes},
      {"-m mac --mac-source 02:00:00:00:00:02", framed(kVlan), kYes},
      {"-m mac ! --mac-source 02:00:00:00:00:01", framed(kCooked), kNo},
      {"-m mac ! --mac-source 02:00:00:00:00:01", plain(), kNo},
  };
  expect_judged(cases);
}

}  // namespace
}  // namespace sallyport::test
