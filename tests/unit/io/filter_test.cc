#include <gtest/gtest.h>

#include "unit/io/capture_bytes.h"

namespace sallyport::test {
namespace {

// An IPv4 UDP packet from 192.0.2.1:53 to 198.51.100.7:4000, 28 bytes.
const Bytes kDatagram = {0x45, 0, 0,   28, 0,   0, 0, 0,  64,   17,   0, 0, 192, 0,
                         2,    1, 198, 51, 100, 7, 0, 53, 0x0f, 0xa0, 0, 8, 0,   0};

struct FilterCase {
  const char* expression;
  bool passes;
};
constexpr FilterCase kFilterCases[] = {
    {"", true},           {"udp port 53", true},
    {"tcp", false},       {"src host 192.0.2.1 and dst net 198.51.100.0/24", true},
    {"not udp", false},   {"ip6", false},
    {"ip[8] = 64", true}, {"greater 29", false},
};

TEST(CompileFilter, FiltersEachLinkType) {
  const std::pair<LinkType, Bytes> kLinks[] = {
      {LinkType::Ethernet, {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0}},
      {LinkType::LinuxSll, {0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0}},
      {LinkType::LinuxSll2, {8, 0, 0, 0, 0, 0, 0, 3, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0}},
      {LinkType::Raw, {}},
      {LinkType::Ipv4, {}},
      {LinkType::Null, {2, 0, 0, 0}},
      {LinkType::Loop, {0, 0, 0, 2}},
  };
  for (const auto& [link, header] : kLinks) {
    Bytes bytes = header;
    bytes.insert(bytes.end(), kDatagram.begin(), kDatagram.end());
    const Frame frame = {.bytes = bytes, .original_length = static_cast<uint32_t>(bytes.size())};
    for (const FilterCase& each : kFilterCases) {
      if (std::string_view(each.expression).starts_with("greater") && !header.empty()) continue;
      const auto filter = compile_filter(each.expression, link);
      ASSERT_TRUE(filter.has_value()) << filter.error().text();
      EXPECT_EQ((*filter)->passes(frame), each.passes) << each.expression << " on " << static_cast<int>(link);
    }
  }
}

TEST(CompileFilter, AFrameShorterThanTheFilterReadsDoesNotPass) {
  const auto filter = compile_filter("ip[8] = 64", LinkType::Raw);
  ASSERT_TRUE(filter.has_value());
  const Frame frame = {.bytes = std::span(kDatagram).first(8), .original_length = 28};
  EXPECT_FALSE((*filter)->passes(frame));
  EXPECT_FALSE((*filter)->passes(Frame{}));
}

struct ProblemCase {
  const char* expression;
  uint32_t column;  // 0: libpcap's words do not tell
};
constexpr ProblemCase kProblemCases[] = {
    {"tcp prt 80", 5},    {"tcp port 80 adn host 192.0.2.1", 13},  {"tcp port 80 and", 16},   {"(tcp or udp", 12},
    {"tcp port 80)", 12}, {"host 192.0.2.1 port 80", 16},          {"ip[8] == 64 foo[", 13},  {"tcp port 99999", 10},
    {"  udp udp", 7},     {"udp and (port 53 or or port 54)", 21}, {"ether host 1.2.3.4", 0}, {"ip[0:3] = 1", 0},
};

TEST(CompileFilter, SaysWhereAnExpressionIsWrong) {
  for (const ProblemCase& each : kProblemCases) {
    const auto filter = compile_filter(each.expression, LinkType::Ethernet);
    ASSERT_FALSE(filter.has_value()) << each.expression;
    EXPECT_EQ(filter.error().column, each.column) << each.expression << "\n" << filter.error().text();
    EXPECT_NE(filter.error().text().find("pcap-filter(7)"), std::string::npos);
  }
}

}  // namespace
}  // namespace sallyport::test
