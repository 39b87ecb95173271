#include "sallyport/connection.h"
#include "unit/match/match_case.h"

namespace sallyport::test {
namespace {

struct ConnbytesCase {
  std::string_view options;
  PacketCounts original;
  PacketCounts reply;
  Judged judged;
};

constexpr uint64_t kMost = UINT64_MAX;
constexpr ConnbytesCase kConnbytesCases[] = {
    {"--connbytes 2:3 --connbytes-mode packets --connbytes-dir original", {2, 100}, {9, 900}, kYes},
    {"--connbytes 2:3 --connbytes-mode packets --connbytes-dir original", {4, 100}, {2, 900}, kNo},
    {"--connbytes 2:3 --connbytes-mode packets --connbytes-dir reply", {9, 100}, {3, 900}, kYes},
    {"--connbytes 2:3 --connbytes-mode packets --connbytes-dir both", {1, 100}, {1, 900}, kYes},
    {"--connbytes 2:3 --connbytes-mode packets --connbytes-dir both", {2, 100}, {2, 900}, kNo},
    {"! --connbytes 2:3 --connbytes-mode packets --connbytes-dir both", {2, 100}, {2, 900}, kYes},
    {"--connbytes 1000 --connbytes-mode bytes --connbytes-dir both", {1, 100}, {1, 900}, kYes},
    {"--connbytes 1001 --connbytes-mode bytes --connbytes-dir both", {1, 100}, {1, 900}, kNo},
    {"--connbytes 1001: --connbytes-mode bytes --connbytes-dir original", {1, kMost}, {1, 900}, kYes},
    {"! --connbytes 1001: --connbytes-mode bytes --connbytes-dir original", {1, kMost}, {1, 900}, kNo},
    {"--connbytes 50:50 --connbytes-mode avgpkt --connbytes-dir original", {2, 101}, {1, 900}, kYes},
    {"--connbytes 333:333 --connbytes-mode avgpkt --connbytes-dir both", {2, 100}, {1, 900}, kYes},
    {"--connbytes 0:0 --connbytes-mode avgpkt --connbytes-dir reply", {2, 100}, {0, 0}, kYes},
    // Only one number is no range, inverted or not.
    {"! --connbytes 7:7 --connbytes-mode packets --connbytes-dir original", {7, 100}, {0, 0}, kYes},
};

TEST(ConnbytesMatch, ComparesWhatTheConnectionCarried) {
  for (const ConnbytesCase& one : kConnbytesCases) {
    Ipv4Connection connection;
    ConnectionExtra extra;
    extra.counts = {one.original, one.reply};
    connection.extra = &extra;
    Packet packet = udp4("192.0.2.1:1 > 198.51.100.2:2");
    packet.connection = &connection;
    EXPECT_EQ(judge("-m connbytes " + std::string(one.options), packet), one.judged) << one.options;
  }
}

TEST(ConnbytesMatch, IsFalseWhereNothingIsCounted) {
  for (const std::string_view inversion : {"", "! "}) {
    const std::string rule =
        "-m connbytes " + std::string(inversion) + "--connbytes 1: --connbytes-mode bytes --connbytes-dir both";
    Packet packet = udp4("192.0.2.1:1 > 198.51.100.2:2");
    EXPECT_EQ(judge(rule, packet), kNo);
    Ipv4Connection connection;
    packet.connection = &connection;
    EXPECT_EQ(judge(rule, packet), kNo);
  }
}

}  // namespace
}  // namespace sallyport::test
