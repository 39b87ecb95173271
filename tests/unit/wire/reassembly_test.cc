// Fragments joined, refused and forgotten. What becomes of each sequence was seen on Linux 6.18, which was sent the
// same.

#include "wire/reassembly.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

#include "support/packets.h"
#include "wire/checksum.h"
#include "wire/fragment.h"
#include "wire/parse.h"

namespace sallyport {
namespace {

using test::Bytes;

constexpr std::array<uint64_t, 2> kKey = {1, 2};

// What a fragment is made of.
struct Piece {
  uint32_t offset = 0;
  uint32_t size = 0;
  bool more = false;
  uint32_t identification = 1;
  uint8_t tos = 0;
  bool dont_fragment = false;
  const char* source = nullptr;
  uint8_t protocol = kUdp;
};

std::string counting(size_t size) {
  std::string text(size, 0);
  std::iota(text.begin(), text.end(), 0);
  return text;
}

// All that lies behind the IP header of the datagram that pieces are taken from.
Bytes payload_of(Family family) {
  const Packet whole = family == Family::Ipv4
                           ? test::udp4("192.0.2.1:1 > 198.51.100.2:2", counting(2992), {.identification = 1})
                           : test::udp6("[2001:db8::1]:1 > [2001:db8::2]:2", counting(2992));
  const auto bytes = whole.bytes().subspan(whole.transport_offset);
  return {bytes.begin(), bytes.end()};
}

Packet parsed(Bytes bytes) {
  Packet packet = test::raw(bytes);
  EXPECT_EQ(malformed_name(parse(packet)), "none");
  return packet;
}

Packet make_ipv4(const Piece& piece, std::span<const uint8_t> payload) {
  const IpAddress source = *parse_address(piece.source != nullptr ? piece.source : "192.0.2.1");
  Bytes bytes(20);
  bytes[0] = 0x45;
  bytes[1] = piece.tos;
  store_be16(&bytes[2], static_cast<uint16_t>(20 + payload.size()));
  store_be16(&bytes[4], static_cast<uint16_t>(piece.identification));
  store_be16(&bytes[6],
             static_cast<uint16_t>(piece.offset / 8 | (piece.more ? 0x2000 : 0) | (piece.dont_fragment ? 0x4000 : 0)));
  bytes[8] = 64;
  bytes[9] = piece.protocol;
  std::memcpy(&bytes[12], source.bytes.data(), 4);
  store_be32(&bytes[16], 0xc6336402);
  store_be16(&bytes[10], checksum(bytes));
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return parsed(bytes);
}

Packet make_ipv6(const Piece& piece, std::span<const uint8_t> payload) {
  Bytes bytes = test::bytes_of(test::ip6("2001:db8::1 > 2001:db8::2", kFragment, {}, {.tos = piece.tos}));
  Bytes header = {piece.protocol, 0, 0, 0, 0, 0, 0, 0};
  store_be16(&header[2], static_cast<uint16_t>(piece.offset | (piece.more ? 1 : 0)));
  store_be32(&header[4], piece.identification);
  bytes.insert(bytes.end(), header.begin(), header.end());
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  store_be16(&bytes[4], static_cast<uint16_t>(bytes.size() - 40));
  return parsed(bytes);
}

Packet make(Family family, const Piece& piece, const Bytes& payload) {
  const std::span<const uint8_t> all(payload);
  const auto part = all.subspan(std::min<size_t>(piece.offset, all.size())).first(piece.size);
  return family == Family::Ipv4 ? make_ipv4(piece, part) : make_ipv6(piece, part);
}

// "0:1000+ 1000:2000": OFFSET:BYTES, with "+" where more follow.
std::vector<Piece> read_pieces(const char* text) {
  std::vector<Piece> pieces;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    Piece piece;
    char colon = 0, plus = 0;
    std::istringstream fields(word);
    fields >> piece.offset >> colon >> piece.size >> plus;
    piece.more = plus == '+';
    pieces.push_back(piece);
  }
  return pieces;
}

constexpr char kLetters[] = {'d', 'h', 'W', 'p'};  // as Gathered counts

struct Joined {
  std::string outcomes = {};
  Packet whole = {};
};

Joined send(Reassembly& reassembly, Family family, const std::vector<Piece>& pieces) {
  const Bytes payload = payload_of(family);
  Joined joined;
  for (const Piece& piece : pieces) {
    Packet packet = make(family, piece, payload);
    const Gathered gathered = reassembly.add(packet, 0, 0);
    joined.outcomes += kLetters[static_cast<size_t>(gathered)];
    if (gathered == Gathered::Whole) joined.whole = std::move(packet);
  }
  return joined;
}

Joined send(Family family, const std::vector<Piece>& pieces) {
  Reassembly reassembly(family, ReassemblyLimits::for_family(family), kKey);
  return send(reassembly, family, pieces);
}

// d: dropped, h: held, W: the whole datagram, p: goes on as it is.
struct SequenceCase {
  const char* name;
  const char* pieces;
  const char* ipv4;
  const char* ipv6;
};
constexpr SequenceCase kSequences[] = {
    {"in order", "0:1000+ 1000:1000+ 2000:1000", "hhW", "hhW"},
    {"backwards", "2000:1000 1000:1000+ 0:1000+", "hhW", "hhW"},
    {"middle last", "2000:1000 0:1000+ 1000:1000+", "hhW", "hhW"},
    {"unequal", "0:1000+ 1000:200+ 1200:1400+ 2600:400", "hhhW", "hhhW"},
    {"eight bytes first", "0:8+ 8:1400+ 1408:1192+ 2600:400", "hhhW", "hhhW"},
    {"sent twice", "0:1000+ 0:1000+ 1000:1000+ 1000:1000+ 2000:1000", "hdhdW", "hdhdW"},
    {"inside a run", "0:1000+ 0:504+ 1000:1000+ 2000:1000", "hdhW", "hdhW"},
    {"across two fragments of a run", "0:1000+ 1000:1000+ 504:1000+ 2000:1000", "hhdW", "hhdW"},
    {"across two runs", "1000:1000+ 0:1000+ 504:1000+ 2000:1000", "hhdh", "hhdh"},
    {"overlaps the end, CVE-2012-4444", "0:1000+ 504:1000+ 1000:1000+ 2000:1000", "hdhh", "hdhh"},
    {"overlaps a beginning", "1000:1000+ 504:600+ 0:1000+ 2000:1000", "hdhh", "hdhh"},
    {"covers what is there", "1000:504+ 504:1496+ 0:1000+ 2000:1000", "hdhh", "hdhh"},
    {"an overlap ends the datagram, which may begin anew", "0:1000+ 504:1000+ 0:1000+ 1000:1000+ 2000:1000", "hdhhW",
     "hdhhW"},
    {"duplicate that says it is the last", "0:1000+ 1000:1000+ 1000:1000 2000:1000", "hhdd", "hhdd"},
    {"two ends", "2000:504 0:1000+ 2000:1000 1000:1000+", "hhdh", "hhdW"},
    {"beyond the end", "2000:504 0:1000+ 2000:1000+ 1000:1000+", "hhdh", "hhdW"},
    {"an end below what is there, CVE-2019-5597", "2000:504+ 0:1000+ 1000:504 1000:1000+", "hhdh", "hhdh"},
    {"a cut unit is cut off in IPv4, ends an IPv6 datagram", "0:1001+ 1000:1000+ 2000:1000", "hhW", "phh"},
    {"a cut unit in the middle", "0:1000+ 1000:1001+ 1000:1000+ 2000:1000", "hhdW", "hphh"},
    {"less than a unit", "0:7+ 0:1000+ 1000:1000+ 2000:1000", "dhhW", "phhW"},
    {"nothing in the middle", "0:1000+ 1000:0+ 1000:1000+ 2000:1000", "hdhh", "hdhW"},
    {"nothing at the end", "0:1000+ 1000:0 1000:1000+ 2000:1000", "hdhh", "hddd"},
    {"nothing at the beginning", "0:0+ 0:1000+ 1000:2000", "dhW", "phW"},
    {"one fragment that is all", "0:3000", "p", "W"},
};

TEST(Reassembly, TakesSequencesAsTheKernelDoes) {
  for (const SequenceCase& c : kSequences) {
    for (const Family family : {Family::Ipv4, Family::Ipv6}) {
      SCOPED_TRACE(std::string(c.name) + (family == Family::Ipv4 ? ", IPv4" : ", IPv6"));
      const Joined joined = send(family, read_pieces(c.pieces));
      EXPECT_EQ(joined.outcomes, family == Family::Ipv4 ? c.ipv4 : c.ipv6);
      if (!joined.outcomes.ends_with('W')) continue;
      const auto bytes = joined.whole.bytes().subspan(joined.whole.transport_offset);
      Bytes expected = payload_of(family);
      expected.resize(bytes.size());
      EXPECT_EQ(Bytes(bytes.begin(), bytes.end()), expected);
    }
  }
}

TEST(Reassembly, TheWholeIsAPacketLikeAnyOther) {
  for (const Family family : {Family::Ipv4, Family::Ipv6}) {
    Joined joined = send(family, read_pieces("1000:1000+ 0:1000+ 2000:1000"));
    ASSERT_EQ(joined.outcomes, "hhW");
    Packet& whole = joined.whole;
    EXPECT_EQ(whole.length, whole.captured());
    EXPECT_EQ(whole.protocol, kUdp);
    EXPECT_EQ(whole.transport_state, Transport::Present);
    EXPECT_FALSE(whole.more_fragments);
    EXPECT_EQ(whole.fragment_offset, 0);
    EXPECT_EQ(whole.transport_offset, family == Family::Ipv4 ? 20 : 40);
    EXPECT_EQ(whole.largest_fragment, family == Family::Ipv4 ? 1020u : 1048u);
    EXPECT_EQ(whole.later_fragments, (std::vector<uint16_t>{1000, 1000}));
    EXPECT_EQ(transport_checksum_state(whole), ChecksumState::Right);
    Packet again = test::raw(whole.bytes());
    EXPECT_EQ(parse(again), Malformed::None);
    EXPECT_EQ(again.length, whole.length);
  }
}

TEST(Reassembly, HeaderAndMarkOfTheFirstInterfaceAndTimeOfWhatCompletes) {
  const Bytes payload = payload_of(Family::Ipv4);
  for (const bool backwards : {false, true}) {
    Reassembly reassembly(Family::Ipv4, {}, kKey);
    Packet first = make(Family::Ipv4, {.size = 1000, .more = true}, payload);
    first.data()[8] = 50;
    set_header_checksum(first);
    first.mark = 5;
    first.in = 1;
    first.time = 100;
    first.number = 10;
    Packet second = make(Family::Ipv4, {.offset = 1000, .size = 2000}, payload);
    second.mark = 6;
    second.in = 2;
    second.time = 200;
    second.number = 20;
    if (backwards) std::swap(first, second);
    ASSERT_EQ(reassembly.add(first, 0, 0), Gathered::Held);
    ASSERT_EQ(reassembly.add(second, 0, 0), Gathered::Whole);
    EXPECT_EQ(second.ttl(), 50);
    EXPECT_EQ(second.mark, 5u);
    EXPECT_EQ(second.in, backwards ? 1 : 2);
    EXPECT_EQ(second.time, backwards ? 100 : 200);
    EXPECT_EQ(second.number, backwards ? 10u : 20u);
  }
}

// DF of each of three fragments, their sizes, and whether the whole has it.
struct DontFragmentCase {
  const char* name;
  std::array<uint32_t, 3> sizes;
  std::array<bool, 3> dont_fragment;
  bool expected;
};
constexpr DontFragmentCase kDontFragmentCases[] = {
    {"none", {1000, 1000, 1000}, {false, false, false}, false},
    {"all", {1000, 1000, 1000}, {true, true, true}, true},
    {"the largest", {1000, 1400, 600}, {false, true, false}, true},
    {"a smaller one", {1000, 1400, 600}, {true, false, false}, false},
    {"one of the largest", {1000, 1000, 1000}, {true, false, false}, true},
};

TEST(Reassembly, TheWholeMayNotBeCutIfItsLargestFragmentWasNot) {
  for (const DontFragmentCase& c : kDontFragmentCases) {
    SCOPED_TRACE(c.name);
    std::vector<Piece> pieces;
    uint32_t offset = 0;
    for (size_t i = 0; i < 3; ++i) {
      pieces.push_back({.offset = offset, .size = c.sizes[i], .more = i != 2, .dont_fragment = c.dont_fragment[i]});
      offset += c.sizes[i];
    }
    const Joined joined = send(Family::Ipv4, pieces);
    ASSERT_EQ(joined.outcomes, "hhW");
    EXPECT_EQ(load_be16(joined.whole.data() + 6), c.expected ? 0x4000 : 0);
  }
}

struct EcnCase {
  std::array<uint8_t, 3> tos;
  int expected;  // TOS of the whole; -1: dropped
};
constexpr EcnCase kEcnCases[] = {
    {{0, 0, 0}, 0},  {{2, 2, 2}, 2},
    {{1, 1, 1}, 1},  {{3, 3, 3}, 3},
    {{2, 3, 2}, 3},  {{1, 3, 1}, 3},
    {{1, 2, 2}, 1},  {{1, 2, 3}, 3},
    {{0, 3, 0}, -1}, {{0, 2, 2}, -1},
    {{0, 1, 1}, -1}, {{3, 0, 0}, -1},
    {{3, 0, 1}, -1}, {{0x48, 0x10, 0xfc}, 0x48},
};

TEST(Reassembly, JoinsCongestionMarksByRfc3168) {
  for (const EcnCase& c : kEcnCases) {
    for (const Family family : {Family::Ipv4, Family::Ipv6}) {
      std::vector<Piece> pieces = read_pieces("0:1000+ 1000:1000+ 2000:1000");
      for (size_t i = 0; i < 3; ++i) pieces[i].tos = c.tos[i];
      const Joined joined = send(family, pieces);
      EXPECT_EQ(joined.outcomes, c.expected < 0 ? "hhd" : "hhW");
      if (c.expected >= 0) {
        EXPECT_EQ(joined.whole.tos(), c.expected);
      }
    }
  }
}

TEST(Reassembly, WhatIsDroppedIsLeftAsItWas) {
  for (const Family family : {Family::Ipv4, Family::Ipv6}) {
    const Bytes payload = payload_of(family);
    Reassembly reassembly(family, ReassemblyLimits::for_family(family), kKey);
    Packet first = make(family, {.size = 1000, .more = true, .tos = 2}, payload);
    Packet overlapping = make(family, {.offset = 504, .size = 1000, .more = true}, payload);
    Packet last = make(family, {.offset = 1000, .size = 2000}, payload);
    const std::string before = test::to_hex(last.bytes()), other = test::to_hex(overlapping.bytes());
    reassembly.add(first, 0, 0);
    ASSERT_EQ(reassembly.add(last, 0, 0), Gathered::Dropped);  // mixed ECN
    EXPECT_EQ(test::to_hex(last.bytes()), before);
    EXPECT_EQ(last.fragment_offset, 1000);
    Packet again = make(family, {.size = 1000, .more = true}, payload);
    reassembly.add(again, 0, 0);
    ASSERT_EQ(reassembly.add(overlapping, 0, 0), Gathered::Dropped);
    EXPECT_EQ(test::to_hex(overlapping.bytes()), other);
  }
}

TEST(Reassembly, TakesTheNextHeaderOfTheFirstFragment) {
  for (const bool backwards : {false, true}) {
    std::vector<Piece> pieces = read_pieces("0:1000+ 1000:1000+ 2000:1000");
    pieces[1].protocol = kTcp;
    pieces[2].protocol = kIcmp6;
    if (backwards) std::ranges::reverse(pieces);
    const Joined joined = send(Family::Ipv6, pieces);
    ASSERT_EQ(joined.outcomes, "hhW");
    EXPECT_EQ(joined.whole.protocol, kUdp);
  }
}

TEST(Reassembly, Ipv4ProtocolsAreDatagramsOfTheirOwn) {
  std::vector<Piece> pieces = read_pieces("0:1000+ 1000:1000+ 2000:1000");
  pieces[1].protocol = kTcp;
  EXPECT_EQ(send(Family::Ipv4, pieces).outcomes, "hhh");
}

TEST(Reassembly, UsersAndIdentificationsDoNotMix) {  // CVE-2024-37151: an identification in use elsewhere
  for (const Family family : {Family::Ipv4, Family::Ipv6}) {
    const Bytes payload = payload_of(family);
    Reassembly reassembly(family, ReassemblyLimits::for_family(family), kKey);
    Packet first = make(family, {.size = 1000, .more = true}, payload);
    Packet other = make(family, {.offset = 1000, .size = 2000, .identification = 2}, payload);
    Packet foreign = make(family, {.offset = 1000, .size = 2000}, payload);
    Packet last = make(family, {.offset = 1000, .size = 2000}, payload);
    EXPECT_EQ(reassembly.add(first, 7, 0), Gathered::Held);
    EXPECT_EQ(reassembly.add(other, 7, 0), Gathered::Held);
    EXPECT_EQ(reassembly.add(foreign, 8, 0), Gathered::Held);
    EXPECT_EQ(reassembly.add(last, 7, 0), Gathered::Whole);
    EXPECT_EQ(transport_checksum_state(last), ChecksumState::Right);
    EXPECT_EQ(reassembly.held_datagrams(), 2u);
  }
}

// One datagram by two interfaces. Only link-local and multicast destinations are bound to one.
struct InterfaceCase {
  const char* destination;
  Gathered expected;
};
constexpr InterfaceCase kInterfaceCases[] = {
    {"2001:db8::2", Gathered::Whole}, {"fe80::2", Gathered::Held}, {"febf::2", Gathered::Held},
    {"fec0::2", Gathered::Whole},     {"ff02::1", Gathered::Held},
};

TEST(Reassembly, InterfacesCountWhereAddressesNeedThem) {
  const Bytes payload = payload_of(Family::Ipv6);
  for (const InterfaceCase& c : kInterfaceCases) {
    Reassembly reassembly(Family::Ipv6, {}, kKey);
    Packet first = make(Family::Ipv6, {.size = 1000, .more = true}, payload);
    Packet last = make(Family::Ipv6, {.offset = 1000, .size = 2000}, payload);
    for (Packet* const packet : {&first, &last}) {
      std::memcpy(packet->data() + 24, parse_address(c.destination)->bytes.data(), 16);
    }
    first.in = 1;
    last.in = 2;
    EXPECT_EQ(reassembly.add(first, 0, 0), Gathered::Held);
    EXPECT_EQ(reassembly.add(last, 0, 0), c.expected) << c.destination;
  }
}

TEST(Reassembly, KeepsTheHeadersInFrontOfTheFragmentHeader) {
  const Bytes payload = payload_of(Family::Ipv6);
  const Bytes hop_by_hop = test::hex("0000050200000100");
  Reassembly reassembly(Family::Ipv6, {}, kKey);
  Packet first = test::with_extension(make(Family::Ipv6, {.size = 1000, .more = true}, payload), kHopByHop, hop_by_hop);
  Packet last = make(Family::Ipv6, {.offset = 1000, .size = 2000}, payload);
  EXPECT_EQ(reassembly.add(first, 0, 0), Gathered::Held);
  ASSERT_EQ(reassembly.add(last, 0, 0), Gathered::Whole);
  EXPECT_EQ(last.length, 3048u);
  EXPECT_EQ(load_be16(last.data() + 4), 3008);
  EXPECT_EQ(last.data()[6], kHopByHop);
  EXPECT_EQ(last.data()[40], kUdp);
  EXPECT_EQ(last.transport_offset, 48);
  EXPECT_EQ(transport_checksum_state(last), ChecksumState::Right);
}

// First fragments that lack a part of the header behind the fragment header are left alone (RFC 8200 4.5).
struct TransportCase {
  const char* name;
  uint8_t protocol;
  uint32_t size;
  Gathered expected;
};
constexpr TransportCase kTransportCases[] = {
    {"TCP of 16 bytes", kTcp, 16, Gathered::Passed}, {"TCP of 24 bytes", kTcp, 24, Gathered::Held},
    {"UDP of none", kUdp, 0, Gathered::Passed},      {"UDP of 8 bytes", kUdp, 8, Gathered::Held},
    {"ICMPv6 of none", kIcmp6, 0, Gathered::Passed}, {"GRE of none", kGre, 0, Gathered::Passed},
    {"GRE of 8 bytes", kGre, 8, Gathered::Held},     {"nothing follows", kNoNextHeader, 8, Gathered::Held},
};

TEST(Reassembly, LeavesFirstFragmentsWithoutTheirHeadersAlone) {
  const Bytes payload = payload_of(Family::Ipv6);
  for (const TransportCase& c : kTransportCases) {
    Reassembly reassembly(Family::Ipv6, {}, kKey);
    Packet packet = make(Family::Ipv6, {.size = c.size, .more = true, .protocol = c.protocol}, payload);
    EXPECT_EQ(reassembly.add(packet, 0, 0), c.expected) << c.name;
  }
}

TEST(Reassembly, AFragmentHeaderWithinAnotherIsPayload) {  // CVE-2023-4809
  const Bytes payload = payload_of(Family::Ipv6);
  Reassembly reassembly(Family::Ipv6, {}, kKey);
  Packet nested = make(Family::Ipv6, {.size = 1000, .more = true, .identification = 7}, payload);
  nested = test::with_extension(std::move(nested), kFragment, test::hex("0000000000000001"));
  ASSERT_EQ(reassembly.add(nested, 0, 0), Gathered::Whole);  // the outer one was all of its datagram
  EXPECT_EQ(nested.data()[6], kFragment);
  EXPECT_TRUE(nested.more_fragments);
  EXPECT_EQ(load_be32(nested.data() + 44), 7u);
}

TEST(Reassembly, OptionsThatAppearOnlyNowAreNotJudged) {  // hop-by-hop, of a length that is not there
  const Bytes payload = test::hex("11ff000000000000");
  Reassembly reassembly(Family::Ipv6, {}, kKey);
  Packet atomic = make(Family::Ipv6, {.size = 8, .protocol = kHopByHop}, payload);
  ASSERT_EQ(reassembly.add(atomic, 0, 0), Gathered::Passed);  // no transport header in what there is
  Packet first = make(Family::Ipv6, {.size = 8, .more = true, .protocol = kHopByHop}, test::hex("3bff000000000000"));
  Packet last = make(Family::Ipv6, {.offset = 8, .size = 8}, Bytes(16));
  ASSERT_EQ(reassembly.add(first, 0, 0), Gathered::Held);
  ASSERT_EQ(reassembly.add(last, 0, 0), Gathered::Whole);
  EXPECT_EQ(last.transport_state, Transport::Present);
  EXPECT_EQ(last.protocol, kNoNextHeader);
  EXPECT_EQ(last.transport_offset, 40 + 2048);
}

TEST(Reassembly, AFragmentHeaderThatIsCutOffEndsThePacket) {
  Packet packet = test::ip6("2001:db8::1 > 2001:db8::2", kFragment, test::hex("1100"));
  Reassembly reassembly(Family::Ipv6, {}, kKey);
  EXPECT_EQ(reassembly.add(packet, 0, 0), Gathered::Dropped);
}

TEST(Reassembly, WholePacketsPass) {
  Packet ipv4 = test::udp4("192.0.2.1:1 > 198.51.100.2:2", "x");
  Packet ipv6 = test::with_extension(test::udp6("[2001:db8::1]:1 > [2001:db8::2]:2", "x"), kDestinationOptions,
                                     test::hex("0000010400000000"));
  Reassembly reassembly4(Family::Ipv4, {}, kKey), reassembly6(Family::Ipv6, {}, kKey);
  EXPECT_EQ(reassembly4.add(ipv4, 0, 0), Gathered::Passed);
  EXPECT_EQ(reassembly6.add(ipv6, 0, 0), Gathered::Passed);
  EXPECT_EQ(reassembly6.counters().fragments, 0u);
}

TEST(Reassembly, NoDatagramIsLargerThan65535Bytes) {
  for (const Family family : {Family::Ipv4, Family::Ipv6}) {
    const Bytes payload(70000, 0x55);
    const uint32_t most = family == Family::Ipv4 ? 65515 : 65535;
    for (const uint32_t beyond : {0u, 1u}) {
      Reassembly reassembly(family, ReassemblyLimits::for_family(family), kKey);
      Packet first = make(family, {.size = 32000, .more = true}, payload);
      Packet second = make(family, {.offset = 32000, .size = 32000, .more = true}, payload);
      Packet last = make(family, {.offset = 64000, .size = most - 64000 + beyond}, payload);
      EXPECT_EQ(reassembly.add(first, 0, 0), Gathered::Held);
      EXPECT_EQ(reassembly.add(second, 0, 0), Gathered::Held);
      EXPECT_EQ(reassembly.add(last, 0, 0), beyond == 0 ? Gathered::Whole : Gathered::Dropped);
      EXPECT_EQ(reassembly.counters().too_large, beyond);
    }
  }
}

TEST(Reassembly, TheFarthestOffsetIsNoOverflow) {
  for (const Family family : {Family::Ipv4, Family::Ipv6}) {
    Reassembly reassembly(family, ReassemblyLimits::for_family(family), kKey);
    Packet far = make(family, {.offset = 65528, .size = 0}, {});
    EXPECT_EQ(reassembly.add(far, 0, 0), Gathered::Dropped);
    const Bytes payload(70000);
    Packet large = make(family, {.offset = 65528, .size = 1000, .more = true}, payload);
    EXPECT_EQ(reassembly.add(large, 0, 0), family == Family::Ipv4 ? Gathered::Held : Gathered::Dropped);
  }
}

TEST(Reassembly, ForgetsADatagramWhenItsTimeIsOver) {
  for (const Family family : {Family::Ipv4, Family::Ipv6}) {
    const Bytes payload = payload_of(family);
    const ReassemblyLimits limits = ReassemblyLimits::for_family(family);
    EXPECT_EQ(limits.timeout, (family == Family::Ipv4 ? 30 : 60) * kSecond);
    for (const Duration early : {Duration{0}, Duration{1}}) {
      Reassembly reassembly(family, limits, kKey);
      Packet first = make(family, {.size = 1000, .more = true}, payload);
      Packet middle = make(family, {.offset = 1000, .size = 1000, .more = true}, payload);
      Packet last = make(family, {.offset = 2000, .size = 1000}, payload);
      reassembly.add(first, 0, kSecond);
      reassembly.add(middle, 0, 20 * kSecond);  // grants no more time
      const Gathered end = reassembly.add(last, 0, kSecond + limits.timeout - early);
      EXPECT_EQ(end, early != 0 ? Gathered::Whole : Gathered::Held);
      EXPECT_EQ(reassembly.counters().timeouts, early != 0 ? 0u : 1u);
    }
  }
}

TEST(Reassembly, ExpiryFreesEverything) {  // CVE-2021-3905
  Reassembly reassembly(Family::Ipv4, {}, kKey);
  for (uint32_t i = 0; i < 100; ++i) {
    send(reassembly, Family::Ipv4, {{.size = 1000, .more = true, .identification = i}});
  }
  EXPECT_EQ(reassembly.held_datagrams(), 100u);
  EXPECT_GT(reassembly.held_bytes(), 100'000u);
  reassembly.expire(29 * kSecond);
  EXPECT_EQ(reassembly.held_datagrams(), 100u);
  reassembly.expire(30 * kSecond);
  EXPECT_EQ(reassembly.held_datagrams(), 0u);
  EXPECT_EQ(reassembly.held_bytes(), 0u);
}

TEST(Reassembly, EveryEndFreesWhatWasHeld) {
  for (const SequenceCase& c : kSequences) {
    for (const Family family : {Family::Ipv4, Family::Ipv6}) {
      Reassembly reassembly(family, ReassemblyLimits::for_family(family), kKey);
      send(reassembly, family, read_pieces(c.pieces));
      reassembly.expire(1000 * kSecond);
      EXPECT_EQ(reassembly.held_bytes(), 0u) << c.name;
    }
  }
}

TEST(Reassembly, AFloodOfFirstFragmentsIsBounded) {  // CVE-2018-5391
  Reassembly reassembly(Family::Ipv4, {}, kKey);
  const Bytes payload = payload_of(Family::Ipv4);
  uint64_t most = 0;
  for (uint32_t i = 0; i < 10'000; ++i) {
    Packet packet = make(Family::Ipv4, {.size = 1000, .more = true, .identification = i}, payload);
    reassembly.add(packet, 0, 0);
    most = std::max(most, reassembly.held_bytes());
  }
  EXPECT_LE(most, (4u << 20) + 4096);
  EXPECT_GT(reassembly.counters().refused, 5'000u);
  EXPECT_EQ(reassembly.counters().refused + reassembly.held_datagrams(), 10'000u);
}

TEST(Reassembly, AFloodOfTinyFragmentsIsBounded) {
  Reassembly reassembly(Family::Ipv4, {.max_distance = 0}, kKey);
  const Bytes payload(70000);
  for (uint32_t offset = 65000; offset >= 16; offset -= 16) {  // every second unit, backwards: a run each
    Packet packet = make(Family::Ipv4, {.offset = offset & ~7u, .size = 8, .more = true}, payload);
    reassembly.add(packet, 0, 0);
  }
  EXPECT_EQ(reassembly.held_datagrams(), 1u);
  EXPECT_LE(reassembly.held_bytes(), (4u << 20) + 4096);
}

TEST(Reassembly, RefusesEverythingWhenTheLimitIsZero) {
  Reassembly reassembly(Family::Ipv4, {.high_bytes = 0}, kKey);
  EXPECT_EQ(send(reassembly, Family::Ipv4, read_pieces("0:1000+ 1000:2000")).outcomes, "dd");
}

// Fragments of `others` datagrams between a datagram's two.
struct DistanceCase {
  const char* others_from;
  uint32_t others;
  uint32_t max_distance;
  const char* last;  // what becomes of the second fragment, and of the first sent again
};
constexpr DistanceCase kDistanceCases[] = {
    {"192.0.2.1", 63, 64, "Wh"},  {"192.0.2.1", 64, 64, "hW"}, {"192.0.2.1", 500, 0, "Wh"},
    {"192.0.2.9", 500, 64, "Wh"}, {"192.0.2.1", 1, 1, "hW"},
};

TEST(Reassembly, ADatagramBeginsAnewWhenItsSourceHasGoneOn) {
  for (const DistanceCase& c : kDistanceCases) {
    Reassembly reassembly(Family::Ipv4, {.max_distance = c.max_distance}, kKey);
    std::vector<Piece> pieces = {{.size = 1000, .more = true}};
    send(reassembly, Family::Ipv4, pieces);
    for (uint32_t i = 0; i < c.others; ++i) {
      send(reassembly, Family::Ipv4, {{.size = 8, .more = true, .identification = 100 + i, .source = c.others_from}});
    }
    EXPECT_EQ(send(reassembly, Family::Ipv4, read_pieces("1000:2000 0:1000+")).outcomes, c.last)
        << c.others << " " << c.others_from;
  }
}

TEST(Reassembly, AFragmentThatTheCaptureCutEndsTheBytesNotTheLength) {
  for (const Family family : {Family::Ipv4, Family::Ipv6}) {
    const Bytes payload = payload_of(family);
    Reassembly reassembly(family, ReassemblyLimits::for_family(family), kKey);
    Packet first = make(family, {.size = 1000, .more = true}, payload);
    Packet middle = make(family, {.offset = 1000, .size = 1000, .more = true}, payload);
    middle.truncate(middle.captured() - 400);
    Packet last = make(family, {.offset = 2000, .size = 1000}, payload);
    reassembly.add(first, 0, 0);
    reassembly.add(middle, 0, 0);
    ASSERT_EQ(reassembly.add(last, 0, 0), Gathered::Whole);
    EXPECT_EQ(last.length, last.transport_offset + 3000u);
    EXPECT_EQ(last.captured(), last.transport_offset + 1600u);
    EXPECT_EQ(transport_checksum_state(last), ChecksumState::Unknown);
  }
}

TEST(Reassembly, WhatWasCutIsJoinedAgain) {
  for (const Family family : {Family::Ipv4, Family::Ipv6}) {
    const Packet whole = family == Family::Ipv4 ? test::udp4("192.0.2.1:1 > 198.51.100.2:2", counting(9000))
                                                : test::udp6("[2001:db8::1]:1 > [2001:db8::2]:2", counting(9000));
    for (const uint32_t mtu : {100u, 576u, 1500u, 9000u}) {
      std::vector<Packet> pieces;
      ASSERT_TRUE(fragment(whole, mtu, 1, pieces));
      Reassembly reassembly(family, {.max_distance = 0}, kKey);
      Gathered gathered = Gathered::Passed;
      for (Packet& piece : pieces) gathered = reassembly.add(piece, 0, 0);
      ASSERT_EQ(gathered, Gathered::Whole);
      EXPECT_EQ(test::to_hex(pieces.back().bytes()), test::to_hex(whole.bytes()));
      EXPECT_EQ(reassembly.held_bytes(), 0u);
    }
  }
}

}  // namespace
}  // namespace sallyport
