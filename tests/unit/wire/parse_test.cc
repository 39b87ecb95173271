// What counts as a packet, and what parsing finds in it.

#include "wire/parse.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/packets.h"
#include "wire/checksum.h"

namespace sallyport {
namespace {

using test::Bytes;

Bytes ipv4_datagram() { return test::bytes_of(test::udp4("192.0.2.1:1000 > 198.51.100.2:53", "abcd")); }
Bytes ipv6_datagram() { return test::bytes_of(test::udp6("[2001:db8::1]:1000 > [2001:db8::2]:53", "abcd")); }

void sum_header(Bytes& bytes) {
  const size_t header = std::min<size_t>((bytes[0] & 15) * 4u, bytes.size());
  store_be16(&bytes[10], 0);
  store_be16(&bytes[10], checksum({bytes.data(), header}));
}

// One byte of a good datagram changed (the checksum made right again unless it is the checksum), then cut.
struct ByteCase {
  const char* name;
  size_t at;
  uint8_t value;
  size_t size;  // bytes kept of 32; 0: all
  Malformed expected;
};

constexpr ByteCase kIpv4Cases[] = {
    {"whole", 8, 64, 0, Malformed::None},
    {"empty payload", 3, 20, 20, Malformed::None},
    {"nothing", 0, 0x45, 1, Malformed::Truncated},
    {"one byte short of a header", 0, 0x45, 19, Malformed::Truncated},
    {"version 5", 0, 0x55, 0, Malformed::Version},
    {"version 0", 0, 0x05, 0, Malformed::Version},
    {"header of 16 bytes", 0, 0x44, 0, Malformed::HeaderLength},
    {"header of no bytes", 0, 0x40, 0, Malformed::HeaderLength},
    {"header longer than the packet", 0, 0x4f, 0, Malformed::HeaderLength},
    {"total length below the fixed header, CVE-2016-10377", 3, 19, 0, Malformed::TotalLength},
    {"total length of zero", 3, 0, 0, Malformed::TotalLength},
    {"total length above what came", 3, 33, 0, Malformed::Truncated},
    {"total length far above what came", 2, 0x80, 0, Malformed::Truncated},
    {"one byte lost", 8, 64, 31, Malformed::Truncated},
    {"total length inside, rest is padding", 3, 28, 0, Malformed::None},
    {"wrong checksum", 11, 0x5a, 0, Malformed::HeaderChecksum},
    {"reserved flag", 6, 0x80, 0, Malformed::None},
    {"time to live of zero", 8, 0, 0, Malformed::None},
};

TEST(Parse, JudgesIpv4HeadersAsTheKernelDoes) {
  for (const ByteCase& c : kIpv4Cases) {
    SCOPED_TRACE(c.name);
    Bytes bytes = ipv4_datagram();
    bytes[c.at] = c.value;
    if (c.at != 11) sum_header(bytes);
    if (c.size != 0) bytes.resize(c.size);
    Packet packet = test::raw(bytes);
    EXPECT_EQ(malformed_name(parse(packet)), malformed_name(c.expected));
  }
}

TEST(Parse, RefusesNothingAtAll) {
  Packet packet = test::raw({});
  EXPECT_EQ(parse(packet), Malformed::Truncated);
}

TEST(Parse, HeaderLongerThanTotalLengthIsRefused) {
  Packet packet = test::with_ip_options(test::udp4("192.0.2.1:1 > 192.0.2.2:2", "12345678"), test::hex("01010101"));
  packet.data()[3] = 23;
  set_header_checksum(packet);
  EXPECT_EQ(parse(packet), Malformed::TotalLength);
}

TEST(Parse, SaysWhatAnIpv4HeaderSays) {
  Packet packet = test::raw(ipv4_datagram());
  ASSERT_EQ(parse(packet), Malformed::None);
  EXPECT_EQ(packet.family, Family::Ipv4);
  EXPECT_EQ(packet.protocol, kUdp);
  EXPECT_EQ(packet.length, 32u);
  EXPECT_EQ(packet.transport_offset, 20);
  EXPECT_EQ(packet.transport_state, Transport::Present);
  EXPECT_EQ(packet.fragment_offset, 0);
  EXPECT_FALSE(packet.more_fragments);
}

struct FragmentCase {
  uint16_t word;
  Transport state;
  uint16_t offset;
  bool more;
};
constexpr FragmentCase kFragmentCases[] = {
    {0x4000, Transport::Present, 0, false},           {0x2000, Transport::Present, 0, true},
    {0x2001, Transport::LaterFragment, 8, true},      {0x0002, Transport::LaterFragment, 16, false},
    {0x1fff, Transport::LaterFragment, 65528, false}, {0xe000, Transport::Present, 0, true},
};

TEST(Parse, ReadsIpv4FragmentFieldsWithAndWithoutOptions) {
  for (const FragmentCase& c : kFragmentCases) {
    for (const bool options : {false, true}) {
      Packet packet = test::udp4("192.0.2.1:1 > 192.0.2.2:2", "12345678");
      if (options) packet = test::with_ip_options(std::move(packet), test::hex("01010101"));
      store_be16(packet.data() + 6, c.word);
      set_header_checksum(packet);
      ASSERT_EQ(parse(packet), Malformed::None);
      EXPECT_EQ(packet.transport_state, c.state);
      EXPECT_EQ(packet.fragment_offset, c.offset);
      EXPECT_EQ(packet.more_fragments, c.more);
      EXPECT_EQ(packet.transport_offset, options ? 24 : 20);
    }
  }
}

TEST(Parse, CutsLinkLayerPaddingOff) {  // CVE-2020-35498
  Packet packet = test::ethernet(ipv4_datagram(), 0x0800, 60);
  ASSERT_EQ(packet.captured(), 46u);
  ASSERT_EQ(parse(packet), Malformed::None);
  EXPECT_EQ(packet.captured(), 32u);
  EXPECT_EQ(packet.length, 32u);
}

TEST(Parse, BelievesTheLinkLayerAboutTheVersion) {
  for (const bool ipv6 : {false, true}) {
    const Bytes bytes = ipv6 ? ipv6_datagram() : ipv4_datagram();
    const uint16_t right = ipv6 ? 0x86dd : 0x0800, wrong = ipv6 ? 0x0800 : 0x86dd;
    Packet good = test::ethernet(bytes, right);
    Packet bad = test::ethernet(bytes, wrong);
    EXPECT_EQ(parse(good), Malformed::None);
    EXPECT_EQ(parse(bad), Malformed::Version);
  }
}

TEST(Parse, AcceptsWhatOnlyTheSnapLengthCut) {
  for (const bool ipv6 : {false, true}) {
    Bytes bytes = ipv6 ? ipv6_datagram() : ipv4_datagram();
    const auto whole = static_cast<uint32_t>(bytes.size());
    bytes.resize(whole - 6);
    Packet cut = test::raw(bytes, whole);
    ASSERT_EQ(parse(cut), Malformed::None);
    EXPECT_EQ(cut.length, whole);
    EXPECT_EQ(cut.captured(), whole - 6);
    Packet still_short = test::raw(bytes, whole - 1);
    EXPECT_EQ(parse(still_short), Malformed::Truncated);
  }
}

constexpr ByteCase kIpv6Cases[] = {
    {"whole", 7, 64, 0, Malformed::None},
    {"one byte short of a header", 7, 64, 39, Malformed::Truncated},
    {"version 5", 0, 0x50, 0, Malformed::Version},
    {"payload length above what came", 5, 13, 0, Malformed::Truncated},
    {"one byte lost", 7, 64, 51, Malformed::Truncated},
    {"payload length inside, rest is padding", 5, 8, 0, Malformed::None},
    {"no payload", 5, 0, 0, Malformed::None},
    {"multicast source", 8, 0xff, 0, Malformed::Address},
    {"hop limit of zero", 7, 0, 0, Malformed::None},
};

TEST(Parse, JudgesIpv6HeadersAsTheKernelDoes) {
  for (const ByteCase& c : kIpv6Cases) {
    SCOPED_TRACE(c.name);
    Bytes bytes = ipv6_datagram();
    bytes[c.at] = c.value;
    if (c.size != 0) bytes.resize(c.size);
    Packet packet = test::raw(bytes);
    EXPECT_EQ(malformed_name(parse(packet)), malformed_name(c.expected));
  }
}

struct AddressCase {
  const char* source;
  const char* destination;
  Malformed on_wire;
  Malformed on_loopback;
};
constexpr AddressCase kAddressCases[] = {
    {"2001:db8::1", "2001:db8::2", Malformed::None, Malformed::None},
    {"::1", "2001:db8::2", Malformed::Address, Malformed::None},
    {"2001:db8::1", "::1", Malformed::Address, Malformed::None},
    {"::", "ff02::1", Malformed::None, Malformed::None},
    {"2001:db8::1", "ff01::1", Malformed::Address, Malformed::None},
    {"2001:db8::1", "ff00::1", Malformed::Address, Malformed::Address},
    {"2001:db8::1", "ff30::1", Malformed::Address, Malformed::Address},
    {"ff02::1", "2001:db8::2", Malformed::Address, Malformed::Address},
    {"::ffff:192.0.2.1", "2001:db8::2", Malformed::None, Malformed::None},
    {"2001:db8::1", "::ffff:192.0.2.1", Malformed::None, Malformed::None},
};

TEST(Parse, RefusesIpv6AddressesThatNoWireMayCarry) {
  for (const AddressCase& c : kAddressCases) {
    SCOPED_TRACE(std::string(c.source) + " > " + c.destination);
    Bytes bytes = ipv6_datagram();
    std::memcpy(&bytes[8], parse_address(c.source)->bytes.data(), 16);
    std::memcpy(&bytes[24], parse_address(c.destination)->bytes.data(), 16);
    Packet wire = test::raw(bytes), loopback = test::raw(bytes);
    EXPECT_EQ(parse(wire), c.on_wire);
    EXPECT_EQ(parse(loopback, Arrival::LoopbackInterface), c.on_loopback);
  }
}

// What follows the fixed header, the type that announces it, and what parsing makes of it.
struct ChainCase {
  const char* name;
  uint8_t first;
  const char* bytes;
  Transport state;
  uint8_t protocol;
  uint16_t offset;
  uint16_t fragment_offset;
};
constexpr ChainCase kChainCases[] = {
    {"no next header", 59, "", Transport::Present, 59, 40, 0},
    {"destination options", 60, "1100010400000000 00010002000a0000", Transport::Present, 17, 48, 0},
    {"hop-by-hop, routing, destination options", 0, "2b00010400000000 3c00000000000000 0600010400000000 00",
     Transport::Present, 6, 64, 0},
    {"authentication counts in words", 51, "1104000000000000 0000000000000000 0000000000000000 00", Transport::Present,
     17, 64, 0},
    {"ESP ends the chain", 60, "3200010400000000 00", Transport::Present, 50, 48, 0},
    {"mobility ends the chain", 135, "3b00010400000000", Transport::Present, 135, 40, 0},
    {"first fragment", 44, "1100000100000007 0001000200080000", Transport::Present, 17, 48, 0},
    {"later fragment", 44, "1100000900000007 0001000200080000", Transport::LaterFragment, 17, 40, 8},
    {"later fragment, then destination options: nobody can say", 44, "3c00000900000007 1100010400000000",
     Transport::Missing, 44, 40, 8},
    {"two fragment headers, the second later, CVE-2023-4809", 44, "2c00000100000007 1100001100000007 00",
     Transport::LaterFragment, 17, 48, 16},
    {"fragment header cut off", 44, "110000", Transport::Missing, 44, 0, 0},
    {"routing header not there", 43, "", Transport::Missing, 43, 0, 0},
    {"one byte of destination options", 60, "11", Transport::Missing, 60, 0, 0},
    {"options longer than the packet: the transport lies beyond the end", 60, "11ff010400000000", Transport::Present,
     17, 2088, 0},
    {"authentication of the least length", 51, "1100000000000000", Transport::Present, 17, 48, 0},
};

TEST(Parse, WalksIpv6ExtensionHeadersAsRulesSeeThem) {
  for (const ChainCase& c : kChainCases) {
    SCOPED_TRACE(c.name);
    Bytes bytes = ipv6_datagram();
    const Bytes chain = test::hex(c.bytes);
    bytes.resize(40);
    bytes.insert(bytes.end(), chain.begin(), chain.end());
    bytes[6] = c.first;
    store_be16(&bytes[4], static_cast<uint16_t>(chain.size()));
    Packet packet = test::raw(bytes);
    ASSERT_EQ(malformed_name(parse(packet)), "none");
    EXPECT_EQ(packet.transport_state, c.state);
    EXPECT_EQ(packet.protocol, c.protocol);
    EXPECT_EQ(packet.fragment_offset, c.fragment_offset);
    if (c.state != Transport::Missing) {
      EXPECT_EQ(packet.transport_offset, c.offset);
    }
  }
}

TEST(Parse, AChainOfManyHeadersEnds) {
  Bytes bytes = ipv6_datagram();
  bytes.resize(40);
  bytes[6] = kDestinationOptions;
  while (bytes.size() < 65000) bytes.insert(bytes.end(), {kDestinationOptions, 0, 1, 4, 0, 0, 0, 0});
  store_be16(&bytes[4], static_cast<uint16_t>(bytes.size() - 40));
  Packet packet = test::raw(bytes);
  ASSERT_EQ(parse(packet), Malformed::None);
  EXPECT_EQ(packet.transport_state, Transport::Missing);
}

TEST(Parse, AChainMayPointFarBeyondThePacket) {
  Bytes bytes = ipv6_datagram();
  bytes.resize(40);
  bytes[6] = kDestinationOptions;
  while (bytes.size() < 65000) bytes.insert(bytes.end(), {kDestinationOptions, 0, 1, 4, 0, 0, 0, 0});
  bytes[bytes.size() - 8] = kTcp;
  bytes[bytes.size() - 7] = 0xff;
  store_be16(&bytes[4], static_cast<uint16_t>(bytes.size() - 40));
  Packet packet = test::raw(bytes);
  ASSERT_EQ(parse(packet), Malformed::None);
  EXPECT_EQ(packet.transport_state, Transport::Present);
  EXPECT_EQ(packet.protocol, kTcp);
  EXPECT_EQ(packet.transport(1), nullptr);
}

// Hop-by-hop options behind the header's first two bytes. What the kernel (6.18) said of each.
struct OptionsCase {
  const char* name;
  const char* bytes;
  Malformed expected;
};
constexpr OptionsCase kOptionsCases[] = {
    {"PadN", "010400000000", Malformed::None},
    {"six Pad1", "000000000000", Malformed::None},
    {"seven bytes of padding", "05020000 01050000000000 3e0100", Malformed::None},
    {"eight bytes of padding", "05020000 0106000000000000 3e00", Malformed::Options},
    {"eight Pad1 and PadN", "000000000000 0100 000000000000", Malformed::Options},
    {"PadN that is not zero", "010400000001", Malformed::Options},
    {"router alert", "050200000100", Malformed::None},
    {"router alert of three bytes", "050300000000", Malformed::Options},
    {"eight options", "3e003e003e003e003e003e003e003e00 010400000000", Malformed::None},
    {"nine options", "3e003e003e003e003e003e003e003e003e00 01020000", Malformed::Options},
    {"option longer than the header", "3e0500000000", Malformed::Options},
    {"one byte left for an option", "3e030000003e", Malformed::Options},
    {"unknown, to be skipped", "3e0401020304", Malformed::None},
    {"unknown, to be dropped", "7e0401020304", Malformed::Options},
    {"unknown, to be reported", "be0401020304", Malformed::Options},
    {"unknown, to be reported unless multicast", "fe0401020304", Malformed::Options},
    {"CALIPSO", "0708000000010000 ffff 01020000", Malformed::Options},
    {"IOAM at a multiple of four", "0000 31020102", Malformed::None},
    {"IOAM elsewhere", "310401020304", Malformed::Options},
    {"jumbo beside a payload length", "c20400011170", Malformed::Options},
};

TEST(Parse, ReadsHopByHopOptionsBeforeRulesDo) {
  for (const OptionsCase& c : kOptionsCases) {
    SCOPED_TRACE(c.name);
    Bytes bytes = ipv6_datagram();
    Bytes options = test::hex(c.bytes);
    ASSERT_EQ(options.size() % 8, 6u);
    options.insert(options.begin(), {kUdp, static_cast<uint8_t>(options.size() / 8)});
    bytes[6] = kHopByHop;
    bytes.insert(bytes.begin() + 40, options.begin(), options.end());
    store_be16(&bytes[4], static_cast<uint16_t>(bytes.size() - 40));
    Packet packet = test::raw(bytes);
    EXPECT_EQ(malformed_name(parse(packet)), malformed_name(c.expected));
    if (c.expected == Malformed::None) {
      EXPECT_EQ(packet.transport_offset, 40 + options.size());
    }
  }
}

Bytes with_hop_by_hop(uint16_t payload_length, const char* options, size_t payload) {
  Bytes bytes = ipv6_datagram();
  bytes.resize(40);
  bytes[6] = kHopByHop;
  const Bytes chain = test::hex(options);
  bytes.insert(bytes.end(), chain.begin(), chain.end());
  bytes.resize(40 + payload);
  store_be16(&bytes[4], payload_length);
  return bytes;
}

TEST(Parse, TakesTheLengthOfAJumboPayloadFromItsOption) {  // 70,000 = 0x11170
  Packet whole = test::raw(with_hop_by_hop(0, "1100c20400011170", 70003));
  ASSERT_EQ(parse(whole), Malformed::None);
  EXPECT_EQ(whole.length, 70040u);
  EXPECT_EQ(whole.captured(), 70040u);
  Packet too_short = test::raw(with_hop_by_hop(0, "1100c20400011170", 69999));
  EXPECT_EQ(parse(too_short), Malformed::Options);
  Packet not_large = test::raw(with_hop_by_hop(0, "1100c2040000ffff", 65535));
  EXPECT_EQ(parse(not_large), Malformed::Options);
}

TEST(Parse, ALengthOfZeroWithHopByHopOptionsIsTheFrames) {
  Packet packet = test::raw(with_hop_by_hop(0, "1100010400000000", 20));
  ASSERT_EQ(parse(packet), Malformed::None);
  EXPECT_EQ(packet.length, 60u);
}

TEST(Parse, HopByHopOptionsThatAreNotAllThere) {
  const Bytes longer = with_hop_by_hop(8, "1105010400000000", 8);
  Packet short_packet = test::raw(longer);
  EXPECT_EQ(parse(short_packet), Malformed::Options);
  Bytes bytes = with_hop_by_hop(56, "1105010400000000", 56);
  bytes.resize(60);
  Packet cut = test::raw(bytes, 96);
  ASSERT_EQ(parse(cut), Malformed::None);
  EXPECT_EQ(cut.transport_offset, 88);
  EXPECT_EQ(cut.transport(1), nullptr);
}

}  // namespace
}  // namespace sallyport
