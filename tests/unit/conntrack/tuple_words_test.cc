// A tuple in words is the same tuple, both directions of a connection have one hash, and many hashed at once have
// theirs.

#include "conntrack/tuple_words.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <vector>

#include "conntrack/tuple_columns.h"
#include "sallyport/random.h"
#include "support/packets.h"

namespace sallyport {
namespace {

constexpr SipHashKey kKey = {3, 4};
constexpr uint8_t kGreBytes[] = {0x20, 0x01, 0x88, 0x0b, 0, 4, 0x12, 0x34, 0, 0, 0, 0};
constexpr uint8_t kSctpBytes[] = {0x03, 0xe8, 0x00, 0x50, 0, 0, 0, 1, 0, 0, 0, 0};

std::vector<Packet> packets_of_each_kind() {
  std::vector<Packet> packets;
  packets.push_back(test::udp4("192.0.2.1:40000 > 198.51.100.2:53"));
  packets.push_back(test::udp4("198.51.100.2:53 > 192.0.2.1:40000"));
  packets.push_back(test::tcp4("192.0.2.1:1 > 192.0.2.1:65535", test::kSyn));
  packets.push_back(test::tcp4("192.0.2.1:7 > 192.0.2.1:7", test::kSyn));
  packets.push_back(test::udp6("[2001:db8::1]:40000 > [2001:db8::2]:53"));
  packets.push_back(test::udp6("[2001:db8::2]:40000 > [2001:db8::1]:53"));
  packets.push_back(test::tcp6("[2001:db8::1]:9 > [2001:db8::1]:8", test::kSyn));
  packets.push_back(test::tcp6("[2001:db8:0:1::1]:9 > [2001:db8::1]:9", test::kSyn));
  packets.push_back(test::icmp4("192.0.2.1 > 198.51.100.2", 8, 0, 0x12340001));
  packets.push_back(test::icmp6("2001:db8::1 > 2001:db8::2", 128, 0, 0x12340001));
  packets.push_back(test::ip4("192.0.2.1 > 198.51.100.2", kGre, kGreBytes));
  packets.push_back(test::ip4("192.0.2.1 > 198.51.100.2", kSctp, kSctpBytes));
  packets.push_back(test::ip6("2001:db8::1 > 2001:db8::2", kSctp, kSctpBytes));
  packets.push_back(test::ip4("192.0.2.1 > 198.51.100.2", 89, kGreBytes));
  return packets;
}

template <size_t N>
void expect_same(const Packet& packet) {
  const auto tuple = tuple_of(packet, 0);
  const auto words = words_of<N>(packet);
  ASSERT_TRUE(tuple && words);
  EXPECT_EQ(tuple_from(*words), *tuple);
  EXPECT_EQ(words_of<N>(*tuple), *words);
  EXPECT_EQ(protocol_of(*words), tuple->protocol);

  const auto answer = inverted(*tuple);
  const auto answer_words = inverted(*words);
  ASSERT_TRUE(answer && answer_words);
  EXPECT_EQ(tuple_from(*answer_words), *answer);
  EXPECT_EQ(turned_round(turned_round(*words)), *words);
  EXPECT_EQ(either_way(turned_round(*words)), either_way(*words));
  const bool turns = *answer_words == turned_round(*words);
  EXPECT_EQ(turns, packet.protocol != kIcmp && packet.protocol != kIcmp6);
  EXPECT_EQ(hash_of(*answer_words, kKey) == hash_of(*words, kKey), turns);

  Tuple zoned = *tuple;
  zoned.zone = 0xfffe;
  EXPECT_EQ(tuple_from(in_zone(*words, 0xfffe)), zoned);
  EXPECT_NE(hash_of(in_zone(*words, 0xfffe), kKey), hash_of(*words, kKey));
}

TEST(TupleWords, AreTheTupleOfEveryKindOfPacket) {
  for (const Packet& packet : packets_of_each_kind()) {
    SCOPED_TRACE(test::to_hex(packet.bytes()));
    packet.family == Family::Ipv4 ? expect_same<4>(packet) : expect_same<16>(packet);
  }
}

// Every bit of a tuple counts: nobody's packets find another's connection.
TEST(TupleWords, EveryBitChangesTheHash) {
  const TupleWords<16> words = *words_of<16>(test::udp6("[2001:db8::1]:40000 > [2001:db8::2]:53"));
  const uint32_t hash = hash_of(words, kKey);
  for (size_t bit = 0; bit < 64 * 5 - 8; ++bit) {
    TupleWords<16> other = words;
    (bit < 256 ? other.addresses[bit / 64] : other.ids) ^= uint64_t{1} << (bit % 64);
    EXPECT_NE(hash_of(other, kKey), hash) << bit;
  }
}

TEST(TupleWords, NoneWherePortsAreCutOff) {
  Packet packet = test::udp4("192.0.2.1:40000 > 198.51.100.2:53");
  packet.truncate(23);
  EXPECT_FALSE(words_of<4>(packet));
  packet = test::udp4("192.0.2.1:40000 > 198.51.100.2:53");
  packet.transport_state = Transport::LaterFragment;
  EXPECT_FALSE(words_of<4>(packet));
}

template <size_t N>
void expect_hashes_as_one_by_one() {
  Random random(N);
  for (size_t size = 1; size <= TupleColumns<N>::kMost; ++size) {
    SCOPED_TRACE(fmt::format("{} tuples with addresses of {} bytes", size, N));
    TupleColumns<N> columns;
    std::vector<uint32_t> expected;
    for (size_t row = 0; row < size; ++row) {
      TupleWords<N> words;
      for (uint64_t& word : words.addresses) word = random.next64();
      words.ids = random.next64();
      columns.add(words);
      expected.push_back(hash_of(words, kKey));
    }
    hash_all(columns, kKey);
    EXPECT_EQ(std::vector(columns.hashes.begin(), columns.hashes.begin() + columns.size), expected);
  }
}

// A burst of every length: none of its rows is left to what did not fill a vector.
TEST(TupleColumns, HashAsOneByOne) {
  expect_hashes_as_one_by_one<4>();
  expect_hashes_as_one_by_one<16>();
}

}  // namespace
}  // namespace sallyport
