// Cutting packets: the pieces' headers, their sizes, and that they join to what was cut.

#include "wire/fragment.h"

#include <gtest/gtest.h>

#include <numeric>

#include "support/packets.h"
#include "wire/checksum.h"
#include "wire/parse.h"

namespace sallyport {
namespace {

using test::Bytes;

std::string counting(size_t size) {
  std::string text(size, 0);
  std::iota(text.begin(), text.end(), 0);
  return text;
}

// "OFFSET+BYTES" of each piece's payload, with "+" behind it where more follow and "D" where it may not be cut.
std::string geometry(const std::vector<Packet>& pieces) {
  std::string text;
  for (const Packet& piece : pieces) {
    Packet again = test::raw(piece.bytes());
    EXPECT_EQ(malformed_name(parse(again)), "none");
    EXPECT_EQ(again.length, piece.length);
    EXPECT_EQ(again.fragment_offset, piece.fragment_offset);
    EXPECT_EQ(again.more_fragments, piece.more_fragments);
    EXPECT_EQ(again.protocol, piece.protocol);
    EXPECT_EQ(again.transport_state, piece.transport_state);
    EXPECT_EQ(again.transport_state == Transport::Missing ? 0 : again.transport_offset,
              piece.transport_state == Transport::Missing ? 0 : piece.transport_offset);
    const bool ipv4 = piece.family == Family::Ipv4;
    const uint32_t header = ipv4 ? (piece.data()[0] & 15) * 4u : 48;
    text += (text.empty() ? "" : " ") + std::to_string(piece.fragment_offset) + ":" +
            std::to_string(piece.length - header) + (piece.more_fragments ? "+" : "") +
            (ipv4 && (piece.data()[6] & 0x40) != 0 ? "D" : "");
  }
  return text;
}

struct SizeCase {
  uint32_t payload;  // behind the IP header
  uint32_t mtu;
  const char* expected;  // "" where it is not possible
};
constexpr SizeCase kIpv4Sizes[] = {
    {2008, 1500, "0:1480+ 1480:528"},
    {1480, 1500, "0:1480"},
    {1481, 1500, "0:1480+ 1480:1"},
    {100, 68, "0:48+ 48:48+ 96:4"},
    {40, 49, "0:24+ 24:16"},
    {29, 49, "0:29"},
    {64, 28, "0:8+ 8:8+ 16:8+ 24:8+ 32:8+ 40:8+ 48:8+ 56:8"},
    {64, 27, ""},
    {64, 20, ""},
    {64, 0, ""},
};

TEST(Fragment, CutsIpv4InUnitsOfEight) {
  for (const SizeCase& c : kIpv4Sizes) {
    const Packet whole = test::udp4("192.0.2.1:1 > 198.51.100.2:2", counting(c.payload - 8), {.identification = 77});
    std::vector<Packet> pieces;
    EXPECT_EQ(fragment(whole, c.mtu, 0, pieces), *c.expected != 0);
    EXPECT_EQ(geometry(pieces), c.expected) << c.payload << " " << c.mtu;
  }
}

constexpr SizeCase kIpv6Sizes[] = {
    {2008, 1500, "0:1448+ 1448:560"},
    {1452, 1500, "0:1452"},
    {1453, 1500, "0:1448+ 1448:5"},
    {1300, 1280, "0:1232+ 1232:68"},
    {64, 56, "0:8+ 8:8+ 16:8+ 24:8+ 32:8+ 40:8+ 48:8+ 56:8"},
    {64, 55, ""},
    {64, 0, ""},
};

TEST(Fragment, CutsIpv6BehindAFragmentHeader) {
  for (const SizeCase& c : kIpv6Sizes) {
    const Packet whole = test::udp6("[2001:db8::1]:1 > [2001:db8::2]:2", counting(c.payload - 8));
    std::vector<Packet> pieces;
    EXPECT_EQ(fragment(whole, c.mtu, 0xabcdef01, pieces), *c.expected != 0);
    EXPECT_EQ(geometry(pieces), c.expected) << c.payload << " " << c.mtu;
    for (const Packet& piece : pieces) {
      EXPECT_EQ(piece.data()[6], kFragment);
      EXPECT_EQ(piece.data()[40], kUdp);
      EXPECT_EQ(load_be32(piece.data() + 44), 0xabcdef01u);
    }
  }
}

TEST(Fragment, ThePiecesJoinToTheWhole) {
  for (const Family family : {Family::Ipv4, Family::Ipv6}) {
    const Packet whole = family == Family::Ipv4 ? test::udp4("192.0.2.1:1 > 198.51.100.2:2", counting(5000))
                                                : test::udp6("[2001:db8::1]:1 > [2001:db8::2]:2", counting(5000));
    std::vector<Packet> pieces;
    ASSERT_TRUE(fragment(whole, 576, 9, pieces));
    Bytes joined;
    for (const Packet& piece : pieces) {
      EXPECT_LE(piece.length, 576u);
      const auto payload = piece.bytes().subspan(family == Family::Ipv4 ? 20 : 48);
      EXPECT_EQ(piece.fragment_offset, joined.size());
      joined.insert(joined.end(), payload.begin(), payload.end());
    }
    const auto original = whole.bytes().subspan(whole.transport_offset);
    EXPECT_EQ(joined, Bytes(original.begin(), original.end()));
  }
}

TEST(Fragment, APieceIsCutAgainAtItsOffset) {
  const Packet whole = test::udp4("192.0.2.1:1 > 198.51.100.2:2", counting(2000), {.dont_fragment = true});
  std::vector<Packet> pieces, smaller;
  ASSERT_TRUE(fragment(whole, 1500, 0, pieces));
  EXPECT_EQ(geometry(pieces), "0:1480+D 1480:528D");
  for (const Packet& piece : pieces) ASSERT_TRUE(fragment(piece, 1020, 0, smaller));
  EXPECT_EQ(geometry(smaller), "0:1000+D 1000:480+D 1480:528D");
}

// The kernel adds offset and flags up likewise.
TEST(Fragment, AnOffsetBeyondTheLargestIsWhatTheHeaderSays) {
  Packet last = test::udp4("192.0.2.1:1 > 198.51.100.2:2", counting(1480 - 8));
  store_be16(last.data() + 6, 0x1fff);
  set_header_checksum(last);
  ASSERT_EQ(parse(last, Arrival::Wire), Malformed::None);
  std::vector<Packet> pieces;
  ASSERT_TRUE(fragment(last, 1400, 0, pieces));
  EXPECT_EQ(geometry(pieces), "65528:1376+ 1368:104+");
  pieces.clear();
  ASSERT_TRUE(fragment(last, 28, 0, pieces));
  EXPECT_EQ(pieces[1].fragment_offset, 0);
  EXPECT_EQ(pieces[1].transport_state, Transport::Present);
  EXPECT_TRUE(pieces[1].more_fragments);
}

// What stands in the options of the first piece and of the later ones.
struct OptionCase {
  const char* name;
  const char* whole;
  const char* later;
};
constexpr OptionCase kOptionCases[] = {
    {"record route is not copied", "0707040000000000", "0101010101010100"},
    {"router alert is copied", "9404000001010101", "9404000001010101"},
    {"one of each", "070704000000009404000000", "010101010101019404000000"},
    {"behind the end nothing counts", "0007040000000000", "0007040000000000"},
    {"a length of zero ends the walk", "0100070004000000", "0100070004000000"},
    {"a length of one ends the walk", "4401070404000000", "4401070404000000"},
    {"a length beyond the header ends the walk", "4409000000000000", "4409000000000000"},
};

TEST(Fragment, LaterPiecesHaveOnlyTheOptionsThatAreCopied) {
  for (const OptionCase& c : kOptionCases) {
    SCOPED_TRACE(c.name);
    const Bytes options = test::hex(c.whole);
    const Packet whole = test::with_ip_options(test::udp4("192.0.2.1:1 > 198.51.100.2:2", counting(200)), options);
    std::vector<Packet> pieces;
    ASSERT_TRUE(fragment(whole, 100, 0, pieces));
    ASSERT_GT(pieces.size(), 2u);
    for (size_t i = 0; i < pieces.size(); ++i) {
      EXPECT_EQ(test::to_hex({pieces[i].data() + 20, options.size()}), i == 0 ? c.whole : c.later);
      EXPECT_EQ(checksum({pieces[i].data(), 20 + options.size()}), 0);
    }
  }
}

TEST(Fragment, ExtensionHeadersThatEveryHopReadsAreRepeated) {
  const Bytes hop_by_hop = test::hex("0000050200000100"), destination = test::hex("0000010400000000");
  const Packet whole =
      test::with_extension(test::with_extension(test::udp6("[2001:db8::1]:1 > [2001:db8::2]:2", counting(200)),
                                                kDestinationOptions, destination),
                           kHopByHop, hop_by_hop);
  std::vector<Packet> pieces;
  ASSERT_TRUE(fragment(whole, 160, 5, pieces));
  ASSERT_EQ(pieces.size(), 3u);
  for (const Packet& piece : pieces) {
    EXPECT_EQ(piece.data()[6], kHopByHop);
    EXPECT_EQ(piece.data()[40], kDestinationOptions);
    EXPECT_EQ(piece.data()[48], kFragment);
    EXPECT_EQ(piece.data()[56], kUdp);
    EXPECT_EQ(load_be16(piece.data() + 4), piece.length - 40);
  }
  EXPECT_EQ(pieces[2].fragment_offset, 192);
}

TEST(Fragment, DestinationOptionsBehindARoutingHeaderArePayload) {
  const Packet whole =
      test::with_extension(test::with_extension(test::udp6("[2001:db8::1]:1 > [2001:db8::2]:2", counting(200)),
                                                kDestinationOptions, test::hex("0000010400000000")),
                           kRouting, test::hex("0000000000000000"));
  std::vector<Packet> pieces;
  ASSERT_TRUE(fragment(whole, 160, 5, pieces));
  EXPECT_EQ(pieces[0].data()[40], kFragment);
  EXPECT_EQ(pieces[0].data()[48], kDestinationOptions);
  EXPECT_EQ(pieces[0].protocol, kUdp);
}

TEST(Fragment, TakesLinkHeaderAndFactsAlong) {
  Packet whole = test::ethernet(test::bytes_of(test::udp4("192.0.2.1:1 > 198.51.100.2:2", counting(500))), 0x0800);
  ASSERT_EQ(parse(whole), Malformed::None);
  whole.mark = 7;
  whole.in = 3;
  whole.out = 4;
  whole.time = 99;
  whole.number = 12;
  whole.largest_fragment = 300;
  std::vector<Packet> pieces;
  ASSERT_TRUE(fragment(whole, 300, 0, pieces));
  ASSERT_EQ(pieces.size(), 2u);
  for (const Packet& piece : pieces) {
    EXPECT_EQ(test::to_hex(piece.link_header()), test::to_hex(whole.link_header()));
    EXPECT_EQ(piece.mark, 7u);
    EXPECT_EQ(piece.in, 3);
    EXPECT_EQ(piece.out, 4);
    EXPECT_EQ(piece.time, 99);
    EXPECT_EQ(piece.number, 12u);
    EXPECT_EQ(piece.largest_fragment, 0u);
    EXPECT_EQ(piece.captured(), piece.length);
    EXPECT_EQ(piece.link_original_length, 14 + piece.length);
  }
}

TEST(Fragment, WhatTheCaptureHasOnlyInPartStaysSo) {
  for (const Family family : {Family::Ipv4, Family::Ipv6}) {
    const std::string payload = counting(500);
    Packet whole = family == Family::Ipv4 ? test::udp4("192.0.2.1:1 > 198.51.100.2:2", payload)
                                          : test::udp6("[2001:db8::1]:1 > [2001:db8::2]:2", payload);
    const uint32_t header = whole.transport_offset;
    const uint32_t overhead = header + (family == Family::Ipv4 ? 0 : 8);
    whole.truncate(header + 300);
    std::vector<Packet> pieces;
    ASSERT_TRUE(fragment(whole, overhead + 200, 0, pieces));
    ASSERT_EQ(pieces.size(), 3u);
    constexpr uint32_t kPresent[] = {200, 100, 0}, kClaimed[] = {200, 200, 108};
    for (size_t i = 0; i < pieces.size(); ++i) {
      EXPECT_EQ(pieces[i].captured(), overhead + kPresent[i]);
      EXPECT_EQ(pieces[i].length, overhead + kClaimed[i]);
      EXPECT_EQ(parse(pieces[i]), Malformed::None);
      EXPECT_EQ(pieces[i].length, overhead + kClaimed[i]);
    }
  }
}

TEST(Fragment, AHeaderThatIsNotThereIsNotCut) {
  Packet whole = test::udp4("192.0.2.1:1 > 198.51.100.2:2", counting(500));
  whole.truncate(19);
  std::vector<Packet> pieces;
  EXPECT_FALSE(fragment(whole, 300, 0, pieces));
  EXPECT_TRUE(pieces.empty());
}

// What came in pieces of `sizes` (the first is what is left) leaves in them where they fit, and never with DF then.
struct CameCase {
  const char* name;
  std::vector<uint16_t> later;
  uint32_t mtu;
  const char* expected;
};
const CameCase kCameCases[] = {
    {"as they came", {200, 1400, 400}, 1420, "0:1000+ 1000:200+ 1200:1400+ 2600:400"},
    {"eight bytes first", {1400, 1592}, 1612, "0:8+ 8:1400+ 1408:1592"},
    {"one is too large", {200, 1400, 400}, 1419, "0:1392+D 1392:1392+D 2784:216D"},
    {"the first is too large", {1000}, 1500, "0:1480+D 1480:1480+D 2960:40D"},
    {"lengthened by four bytes", {200, 1404, 400}, 1500, "0:1480+D 1480:1480+D 2960:40D"},
    {"cut below the pieces", {2000, 2000}, 1500, "0:1480+D 1480:1480+D 2960:40D"},
};

TEST(Fragment, WhatWasReassembledLeavesAsItCame) {
  for (const CameCase& c : kCameCases) {
    SCOPED_TRACE(c.name);
    Packet whole = test::udp4("192.0.2.1:1 > 198.51.100.2:2", counting(2992), {.dont_fragment = true});
    whole.later_fragments = c.later;
    std::vector<Packet> pieces;
    ASSERT_TRUE(fragment(whole, c.mtu, 0, pieces));
    EXPECT_EQ(geometry(pieces), c.expected);
  }
}

// As Linux 6.18 lets them leave by an interface with an MTU of 1500.
struct DepartureCase {
  Family family;
  uint32_t payload;
  bool dont_fragment;
  uint32_t largest;
  Departure departure;
  uint32_t piece_mtu;
};
constexpr DepartureCase kDepartureCases[] = {
    {Family::Ipv4, 1480, false, 0, Departure::Whole, 1500},
    {Family::Ipv4, 1481, false, 0, Departure::InPieces, 1500},
    {Family::Ipv4, 1480, true, 0, Departure::Whole, 1500},
    {Family::Ipv4, 1481, true, 0, Departure::TooLarge, 1500},
    {Family::Ipv4, 3000, true, 1420, Departure::InPieces, 1420},
    {Family::Ipv4, 3000, true, 1501, Departure::TooLarge, 1500},
    {Family::Ipv4, 3000, false, 1501, Departure::InPieces, 1500},
    {Family::Ipv4, 80, false, 60, Departure::InPieces, 60},
    {Family::Ipv6, 1460, false, 0, Departure::Whole, 1500},
    {Family::Ipv6, 1461, false, 0, Departure::TooLarge, 1500},
    {Family::Ipv6, 3000, false, 1400, Departure::InPieces, 1400},
    {Family::Ipv6, 3000, false, 1501, Departure::TooLarge, 1500},
    {Family::Ipv6, 88, false, 96, Departure::InPieces, 1280},
    {Family::Ipv6, 88, false, 136, Departure::Whole, 1500},  // an atomic fragment: it lost its fragment header
};

TEST(PlanDeparture, DecidesAsTheKernelDoes) {
  for (const DepartureCase& c : kDepartureCases) {
    SCOPED_TRACE(std::to_string(c.payload) + " " + std::to_string(c.largest));
    const std::string data = counting(c.payload - 8);
    Packet packet = c.family == Family::Ipv4
                        ? test::udp4("192.0.2.1:1 > 198.51.100.2:2", data, {.dont_fragment = c.dont_fragment})
                        : test::udp6("[2001:db8::1]:1 > [2001:db8::2]:2", data);
    packet.largest_fragment = c.largest;
    const DeparturePlan plan = plan_departure(packet, 1500);
    EXPECT_EQ(plan.departure, c.departure);
    EXPECT_EQ(plan.piece_mtu, c.piece_mtu);
  }
}

}  // namespace
}  // namespace sallyport
