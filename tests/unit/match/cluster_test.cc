#include <fmt/format.h>

#include <cstring>

#include "sallyport/connection.h"
#include "unit/match/match_case.h"

namespace sallyport::test {
namespace {

struct ClusterCase {
  std::string_view source;
  uint32_t nodes;
  uint32_t seed;
  uint32_t node;
};

// Seen in Linux 6.18.
constexpr ClusterCase kClusterCases[] = {
    {"127.0.0.1", 4, 0xdeadbeef, 1},
    {"127.1.2.3", 4, 0xdeadbeef, 2},
    {"127.200.100.50", 4, 0xdeadbeef, 2},
    {"127.0.0.77", 4, 0xdeadbeef, 4},
    {"127.0.0.1", 32, 1, 23},
    {"127.1.2.3", 32, 1, 3},
    {"127.200.100.50", 32, 1, 11},
    {"127.0.0.77", 32, 1, 12},
    {"2001:db8::1", 4, 0xdeadbeef, 3},
    {"2001:db8:1:2:3:4:5:6", 4, 0xdeadbeef, 3},
    {"fd00::abcd", 4, 0xdeadbeef, 2},
    {"2001:db8::1", 32, 1, 26},
    {"fd00::abcd", 32, 1, 17},
};

// The packet's own addresses do not matter.
template <size_t N>
Judged judge_from(std::string_view rule, const IpAddress& source, Packet packet, Connection* expected_by = nullptr) {
  ConnectionOf<N> connection;
  connection.family = source.family;
  std::memcpy(connection.tuples[0].source.data(), source.bytes.data(), N);
  connection.master = expected_by;
  packet.connection = &connection;
  return judge(rule, packet);
}

TEST(ClusterMatch, SharesConnectionsOutAsTheKernelDoes) {
  for (const ClusterCase& one : kClusterCases) {
    const bool v6 = one.source.find(':') != std::string_view::npos;
    const IpAddress source = *parse_address(v6 ? Family::Ipv6 : Family::Ipv4, one.source);
    for (uint32_t node = 1; node <= one.nodes; ++node) {
      for (const std::string_view inversion : {"", "! "}) {
        const std::string rule =
            fmt::format("-m cluster --cluster-total-nodes {} {}--cluster-local-node {} --cluster-hash-seed {}",
                        one.nodes, inversion, node, one.seed);
        const Judged judged = v6 ? judge_from<16>(rule, source, udp6("[2001:db8::7]:1 > [2001:db8::8]:2"))
                                 : judge_from<4>(rule, source, udp4("192.0.2.1:1 > 198.51.100.2:2"));
        EXPECT_EQ(judged, (node == one.node) == inversion.empty() ? kYes : kNo) << one.source << rule;
      }
    }
  }
}

TEST(ClusterMatch, GoesByTheConnectionThatExpectedThisOne) {
  constexpr std::string_view kRule =
      "-m cluster --cluster-total-nodes 4 --cluster-local-node 4 --cluster-hash-seed 0xdeadbeef";
  const IpAddress own = *parse_address(Family::Ipv4, "127.0.0.1"),
                  of_fourth = *parse_address(Family::Ipv4, "127.0.0.77");
  Ipv4Connection master;
  std::memcpy(master.tuples[0].source.data(), of_fourth.bytes.data(), 4);
  EXPECT_EQ(judge_from<4>(kRule, own, udp4("192.0.2.1:1 > 198.51.100.2:2")), kNo);
  EXPECT_EQ(judge_from<4>(kRule, own, udp4("192.0.2.1:1 > 198.51.100.2:2"), &master), kYes);
}

TEST(ClusterMatch, IsFalseWithoutAConnection) {
  const Packet packet = udp4("192.0.2.1:1 > 198.51.100.2:2");
  for (const std::string_view inversion : {"", "! "}) {
    const std::string rule =
        fmt::format("-m cluster --cluster-total-nodes 1 {}--cluster-local-node 1 --cluster-hash-seed 0", inversion);
    EXPECT_EQ(judge(rule, packet), kNo);
  }
}

}  // namespace
}  // namespace sallyport::test
