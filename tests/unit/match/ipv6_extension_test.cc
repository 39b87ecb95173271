// The matches that look for one IPv6 extension header: frag, hbh, dst, rt, ipv6header, mh, and eui64.

#include "unit/match/match_case.h"

namespace sallyport::test {
namespace {

Packet plain() { return udp6("[2001:db8::1]:1 > [2001:db8::2]:2"); }
Packet with(uint8_t type, std::string_view header) { return with_extension(plain(), type, hex(header)); }

// The packet's first `present` bytes behind the fixed header.
Packet cut(Packet packet, uint32_t present) {
  packet.truncate(40 + present);
  return packet;
}

TEST(FragMatch, ComparesTheFragmentHeader) {
  const auto fragment = [](std::string_view offset) {
    return with(kFragment, "1100" + std::string(offset) + "00000007");
  };
  const MatchCase cases[] = {
      {"-m frag", fragment("0001"), kYes},
      {"-m frag", plain(), kNo},
      {"-m frag --fragid 7", fragment("0001"), kYes},
      {"-m frag ! --fragid 5:7", fragment("0001"), kNo},
      {"-m frag --fragfirst --fragmore", fragment("0001"), kYes},
      {"-m frag --fragfirst", fragment("0009"), kNo},
      {"-m frag --fragmore", fragment("0008"), kNo},
      {"-m frag --fraglast", fragment("0008"), kYes},
      {"-m frag --fraglast", fragment("0009"), kNo},
      {"-m frag --fragres", fragment("0001"), kYes},
      {"-m frag --fragres", fragment("0005"), kNo},
      {"-m frag --fraglen 99", fragment("0001"), kYes},
      {"-m frag", cut(fragment("0001"), 7), kDropped},
      {"-m frag", cut(fragment("0001"), 8), kYes},
  };
  expect_judged(cases);
}

TEST(OptionHeaderMatches, CompareLengthAndFirstOptions) {
  // Router alert (type 5, two bytes), then two bytes of padding.
  constexpr std::string_view kAlert = "1100 05020000 0100";
  const MatchCase cases[] = {
      {"-m hbh", with(kHopByHop, kAlert), kYes},
      {"-m dst", with(kHopByHop, kAlert), kNo},
      {"-m dst", with(kDestinationOptions, kAlert), kYes},
      {"-m hbh --hbh-len 8", with(kHopByHop, kAlert), kYes},
      {"-m hbh ! --hbh-len 8", with(kHopByHop, kAlert), kNo},
      {"-m hbh --hbh-len 0", with(kHopByHop, kAlert), kNo},
      {"-m hbh --hbh-opts 5", with(kHopByHop, kAlert), kYes},
      {"-m hbh --hbh-opts 5:2,1:0", with(kHopByHop, kAlert), kYes},
      {"-m hbh --hbh-opts 5:3", with(kHopByHop, kAlert), kNo},
      {"-m hbh --hbh-opts 1", with(kHopByHop, kAlert), kNo},
      {"-m hbh --hbh-opts 5,1,1", with(kHopByHop, kAlert), kNo},
      {"-m dst --dst-opts 0,0,1:2", with(kDestinationOptions, "1100 0000 01020000"), kYes},
      {"-m dst", cut(with(kDestinationOptions, kAlert), 7), kDropped},
      {"-m dst", cut(with(kDestinationOptions, kAlert), 1), kDropped},
  };
  expect_judged(cases);
}

TEST(RtMatch, ComparesTheRoutingHeader) {
  const auto routing = [](std::string_view reserved = "00000000") {
    return with(kRouting, "11040001" + std::string(reserved) +
                              "20010db8000000000000000000000005"
                              "20010db8000000000000000000000006");
  };
  const MatchCase cases[] = {
      {"-m rt", routing(), kYes},
      {"-m rt", plain(), kNo},
      {"-m rt --rt-type 0", routing(), kYes},
      {"-m rt ! --rt-type 0", routing(), kNo},
      {"-m rt --rt-segsleft 1:2", routing(), kYes},
      {"-m rt --rt-segsleft 2:3", routing(), kNo},
      {"-m rt --rt-len 40", routing(), kYes},
      {"-m rt ! --rt-len 40", routing(), kNo},
      {"-m rt --rt-type 0 --rt-0-res", routing(), kYes},
      {"-m rt --rt-type 0 --rt-0-res", routing("00000001"), kNo},
      {"-m rt --rt-type 0 --rt-0-addrs 2001:db8::5,2001:db8::6", routing(), kYes},
      {"-m rt --rt-type 0 --rt-0-addrs 2001:db8::5", routing(), kNo},
      {"-m rt --rt-type 0 --rt-0-addrs 2001:db8::6 --rt-0-not-strict", routing(), kYes},
      {"-m rt --rt-type 0 --rt-0-addrs 2001:db8::6,2001:db8::5 --rt-0-not-strict", routing(), kNo},
      {"-m rt", cut(routing(), 39), kDropped},
      {"-m frag", cut(routing(), 3), kDropped},
  };
  expect_judged(cases);
}

TEST(Ipv6headerMatch, ComparesTheSetOfHeaders) {
  constexpr std::string_view kPadding = "1100 01040000 0000";
  const MatchCase cases[] = {
      {"-m ipv6header --header prot", plain(), kYes},
      {"-m ipv6header --header dst", plain(), kNo},
      {"-m ipv6header ! --header dst", plain(), kYes},
      {"-m ipv6header --header dst,prot", with(kDestinationOptions, kPadding), kYes},
      {"-m ipv6header --header dst", with(kDestinationOptions, kPadding), kNo},
      {"-m ipv6header --header dst --soft", with(kDestinationOptions, kPadding), kYes},
      {"-m ipv6header ! --header dst --soft", with(kDestinationOptions, kPadding), kNo},
      {"-m ipv6header ! --header frag,ah --soft", with(kDestinationOptions, kPadding), kYes},
      {"-m ipv6header --header none", ip6("2001:db8::1 > 2001:db8::2", kNoNextHeader, {}), kYes},
      {"-m ipv6header --header esp", ip6("2001:db8::1 > 2001:db8::2", kEsp, hex("00000001 00000001")), kYes},
      {"-m ipv6header ! --header frag", cut(with(kDestinationOptions, kPadding), 1), kNo},
  };
  expect_judged(cases);
}

TEST(MhMatch, ComparesTheType) {
  const auto mobility = [](std::string_view header) {
    return ip6("2001:db8::1 > 2001:db8::2", kMobility, hex(header));
  };
  const MatchCase cases[] = {
      {"-p mh --mh-type binding-update", mobility("3b000500 0000"), kYes},
      {"-p mh --mh-type 1:4", mobility("3b000500 0000"), kNo},
      {"-p mh ! --mh-type 1:4", mobility("3b000500 0000"), kYes},
      {"-p mh -m mh", mobility("3b000500 0000"), kYes},
      {"-p mh -m mh", mobility("11000500 0000"), kDropped},
      {"-p mh -m mh", mobility("3b000500 00"), kDropped},
  };
  expect_judged(cases);
}

TEST(Eui64Match, ComparesTheAddressWithTheSendersMac) {
  const auto framed = [](std::string_view source) {
    const Packet inner = udp6("[" + std::string(source) + "]:1 > [2001:db8::2]:2");
    Bytes frame = hex("020000000001 021122334455 86dd");
    frame.insert(frame.end(), inner.bytes().begin(), inner.bytes().end());
    Packet packet;
    packet.assign(frame, 14);
    static_cast<PacketFacts&>(packet) = inner;
    return packet;
  };
  const MatchCase cases[] = {
      {"-m eui64", framed("2001:db8::11:22ff:fe33:4455"), kYes},
      {"-m eui64", framed("2001:db8::211:22ff:fe33:4455"), kNo},
      {"-m eui64", plain(), kNo},
  };
  expect_judged(cases);
}

}  // namespace
}  // namespace sallyport::test
