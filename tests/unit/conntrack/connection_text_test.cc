// Listings of connections: what is read, what is refused and why, what is written.

#include "sallyport/connection_text.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "sallyport/connection_filter.h"
#include "sallyport/connection_summary.h"

namespace sallyport {
namespace {

constexpr std::string_view kTcp =
    "tcp      6 431999 ESTABLISHED src=10.0.0.5 dst=192.0.2.1 sport=40000 dport=80 src=192.0.2.1 dst=10.0.0.5 sport=80 "
    "dport=40000 [ASSURED] use=1";
constexpr std::string_view kKernels =
    "ipv6     10 tcp      6 431999 ESTABLISHED src=2001:0db8:0000:0000:0000:0000:0000:0005 "
    "dst=2001:0db8:0000:0000:0000:0000:0000:0001 sport=40000 dport=80 packets=3 bytes=180 "
    "src=2001:0db8:0000:0000:0000:0000:0000:0001 dst=2001:0db8:0000:0000:0000:0000:0000:0005 sport=80 dport=40000 "
    "packets=2 bytes=120 [ASSURED] mark=7 zone=0 use=2";

// Lines as each program wrote them; written again in their own form they are the same, byte for byte.
struct RoundTrip {
  std::string_view line;
  ConnectionStyle style;
};
constexpr ConnectionStyle kNf{.form = ConnectionForm::NfConntrack};
constexpr ConnectionStyle kOld{.form = ConnectionForm::IpConntrack};
constexpr ConnectionStyle kAll{
    .extended = true, .id = true, .labels = true, .timestamp = true, .kernel_timestamp = true};
constexpr ConnectionStyle kEvents{.id = true, .labels = true, .timestamp = true, .kernel_timestamp = true};
constexpr RoundTrip kRoundTrips[] = {
    {kTcp, kOld},
    {kKernels, kNf},
    {"unknown  2 575 src=10.0.0.1 dst=224.0.0.22 [UNREPLIED] src=224.0.0.22 dst=10.0.0.1 use=1", kOld},
    {"icmp     1 25 src=10.0.0.5 dst=192.0.2.1 type=8 code=0 id=21 [UNREPLIED] src=192.0.2.1 dst=10.0.0.5 type=0 "
     "code=0 "
     "id=21 use=1",
     kOld},
    {"ipv4     2 gre      47 179 timeout=30, stream_timeout=180 src=10.0.0.5 dst=192.0.2.7 srckey=0x10 dstkey=0x20 "
     "src=192.0.2.7 dst=10.0.0.5 srckey=0x20 dstkey=0x10 [ASSURED] mark=0 zone=0 use=2",
     kNf},
    {"ipv4     2 tcp      6 src=10.0.0.5 dst=192.0.2.1 sport=1 dport=2 src=192.0.2.1 dst=10.0.0.5 sport=2 dport=1 "
     "[OFFLOAD] mark=0 zone=0 use=3",
     kNf},
    {"ipv4     2 tcp      6 9 CLOSE src=10.0.0.8 dst=192.0.2.1 sport=1 dport=2 zone-orig=7 src=192.0.2.1 dst=10.0.0.8 "
     "sport=2 dport=1 mark=0 secctx=system_u:object_r:unlabeled_t:s0 use=2",
     kNf},
    {"ipv4     2 tcp      6 9 CLOSE src=10.0.0.8 dst=192.0.2.1 sport=1 dport=2 src=192.0.2.1 dst=10.0.0.8 sport=2 "
     "dport=1 "
     "mark=0 delta-time=4 [start=Thu Nov  5 10:29:41 2026] helper=ftp use=1 id=77 labels=web server,bulk",
     kAll},
    {"dccp     33 118 src=10.0.0.5 dst=192.0.2.1 sport=0 dport=0 [UNREPLIED] src=192.0.2.1 dst=10.0.0.5 sport=0 "
     "dport=0 "
     "mark=0 use=1 id=5 labels",
     kEvents},
    {"[1795602581.000592]\t    [NEW] udp      17 30 src=10.0.0.5 dst=192.0.2.1 sport=1 dport=53 [UNREPLIED] "
     "src=192.0.2.1 dst=10.0.0.5 sport=53 dport=1",
     kEvents},
    {"[DESTROY] udp      17 src=10.0.0.5 dst=192.0.2.1 sport=1 dport=53 src=192.0.2.1 dst=10.0.0.5 sport=53 dport=1 "
     "[USERSPACE] portid=9 progname=conntrack",
     kEvents},
};

TEST(ConnectionText, WritesALineAsItWasRead) {
  for (const auto& [line, style] : kRoundTrips) {
    ConnectionRecord record;
    ListedProblem problem;
    ASSERT_TRUE(parse_connection(line, record, problem)) << line << "\n" << problem.column << ": " << problem.what;
    std::string written;
    write_connection(record, style, written);
    EXPECT_EQ(written, line);
  }
}

struct BadLine {
  std::string_view line;
  uint32_t column;
  std::string_view expected;  // a piece of what would have been right
};
constexpr BadLine kBadLines[] = {
    {"", 1, "a connection"},
    {"<?xml version=\"1.0\"?>", 1, "tcp 6"},
    {"ipv4 10 tcp 6 5 ", 6, "ipv4 2"},
    {"udp 6 30 src=10.0.0.1", 1, "tcp"},
    {"tcp 6 5 NOWHERE src=10.0.0.1", 9, "ESTABLISHED"},
    {"tcp 6 99999999999 src=10.0.0.1", 7, "4294967295"},
    {"udp 17 30 src=10.0.0.256", 11, "192.0.2.1"},
    {"udp 17 30 src=10.0.0.1 dst=10.0.0.2 sport=65536", 37, "65535"},
    {"udp 17 30 src=10.0.0.1 src=10.0.0.1 src=10.0.0.1", 37, "original and a reply"},
    {"udp 17 30 src=10.0.0.1 src=10.0.0.1", 36, "ports"},
    {"udp 17 30 sport=5", 11, "src= first"},
    {"udp 17 30 src=10.0.0.1 dst=10.0.0.2 dst=10.0.0.2", 37, "once"},
    {"udp 17 30 src=10.0.0.1 nonsense=1", 24, "zone-orig"},
    {"udp 17 30 src=10.0.0.1 [WHAT]", 24, "[UNREPLIED]"},
    {"unknown 89 30 src=10.0.0.1 dst=10.0.0.2 src=::1 dst=10.0.0.1", 61, "one family"},
    {"unknown 89 30 src=10.0.0.1 dst=10.0.0.2 src=10.0.0.2 dst=10.0.0.1 helper=\x1b[2J", 67, "printable"},
};

TEST(ConnectionText, SaysWhereALineIsWrongAndWhatWouldHaveBeenRight) {
  for (const auto& [line, column, expected] : kBadLines) {
    ConnectionRecord record;
    ListedProblem problem;
    EXPECT_FALSE(parse_connection(line, record, problem)) << line;
    EXPECT_EQ(problem.column, column) << line << ": " << problem.what;
    EXPECT_NE(problem.expected.find(expected), std::string_view::npos) << line << ": " << problem.expected;
  }
}

TEST(ConnectionReader, GoesOnAfterABadLineAndNamesIt) {
  const std::string text = std::string(kTcp) + "\nudp 17 nonsense\x1b[2J\n\nEXPECTING: 180 use=1 proto=6\n" +
                           std::string(kKernels) +
                           "\nconntrack v1.4.7 (conntrack-tools): 2 flow entries have been shown.\n" +
                           std::string(kKernels.substr(0, kKernels.size() - 8));
  ConnectionReader reader(text, "table");
  ConnectionRecord record;
  EXPECT_TRUE(reader.next(record));
  EXPECT_EQ(reader.line(), kTcp);
  EXPECT_TRUE(reader.next(record));
  EXPECT_EQ(record.family, Family::Ipv6);
  EXPECT_FALSE(reader.next(record));
  ASSERT_EQ(reader.bad_lines(), 2u);
  EXPECT_TRUE(reader.errors()[0].text().starts_with("table:2:8: \"nonsense\\x1b[2J\" ")) << reader.errors()[0].text();
  EXPECT_TRUE(reader.errors()[1].text().starts_with("table:7:")) << reader.errors()[1].text();
}

// conntrack(8)'s lines count from the second of the begin to that of the end, its XML what lies between.
TEST(ConnectionText, CountsTheTimeOfWhatEndedAsConntrackDoes) {
  using Field = ConnectionRecord::Field;
  ConnectionRecord record = {.fields = Field::DeltaTime | Field::Start | Field::Stop};
  record.start_ns = 10'900'000'000;
  record.stop_ns = 11'100'000'000;
  record.protocol = 17;
  std::string line, xml;
  write_connection(record, {.form = ConnectionForm::Conntrack}, line);
  write_connection(record, {.form = ConnectionForm::Xml}, xml);
  EXPECT_TRUE(line.contains("delta-time=1")) << line;
  EXPECT_TRUE(xml.contains("<deltatime>0</deltatime>")) << xml;
}

struct FilterCase {
  ConnectionFilter filter;
  bool matches;
};

TEST(ConnectionFilter, ChoosesByEachField) {
  ConnectionRecord record;
  ListedProblem problem;
  ASSERT_TRUE(
      parse_connection("tcp 6 10 ESTABLISHED src=10.0.0.5 dst=192.0.2.1 sport=40000 dport=80 src=10.9.9.9 "
                       "dst=10.0.0.5 sport=8080 dport=40000 [ASSURED] mark=85 zone=7 use=1 id=3 labels=a b,c",
                       record, problem));
  const FilterCase cases[] = {
      {{}, true},
      {{.family = Family::Ipv6}, false},
      {{.protocol = 17}, false},
      {{.source = *parse_address_mask(Family::Ipv4, "10.0.0.0/8")}, true},
      {{.source = *parse_address_mask(Family::Ipv4, "10.0.0.6")}, false},
      {{.reply_source = *parse_address("10.9.9.9")}, true},
      {{.destination_id = 81}, false},
      {{.reply_source_id = 8080}, true},
      {{.state = ListedState::Established}, true},
      {{.state = ListedState::Close}, false},
      {{.status_set = ConnectionRecord::Assured | ConnectionRecord::SeenReply}, true},
      {{.status_clear = ConnectionRecord::SeenReply}, false},
      {{.mark = MaskedNumber{5, 0xf}}, true},
      {{.mark = MaskedNumber{5}}, false},
      {{.zone = 7}, true},
      {{.original_zone = 7}, false},
      {{.id = 3}, true},
      {{.source_nat = {.wanted = true}}, false},
      {{.destination_nat = {.wanted = true}}, true},
      {{.destination_nat = {.wanted = true, .address = *parse_address("10.9.9.9"), .port = 8080}}, true},
      {{.destination_nat = {.wanted = true, .address = *parse_address("10.9.9.9"), .port = 80}}, false},
      {{.any_nat = {.wanted = true, .address = *parse_address("10.9.9.8")}}, false},
      {{.labels = {"c", "a b"}}, true},
      {{.labels = {"a"}}, false},
  };
  for (const FilterCase& one : cases) EXPECT_EQ(one.filter.matches(record), one.matches) << &one - cases;
}

TEST(ConnectionChange, XorsAMarkUnderItsMaskAndSaysWhetherAnythingIsNew) {
  ConnectionRecord record;
  record.mark = 0x55;
  record.fields = ConnectionRecord::Mark;
  EXPECT_TRUE((ConnectionChange{.mark = MaskedNumber{0x3, 0xf}}).apply(record));
  EXPECT_EQ(record.mark, 0x53u);
  EXPECT_FALSE((ConnectionChange{.mark = MaskedNumber{0x3, 0xf}}).apply(record));
}

TEST(ConnectionSummary, CountsAndOrders) {
  ConnectionSummary summary;
  ConnectionRecord record;
  ListedProblem problem;
  ASSERT_TRUE(parse_connection(kTcp, record, problem));
  for (int i = 0; i < 3; ++i) summary.add(record);
  ASSERT_TRUE(parse_connection(kKernels, record, problem));
  summary.add(record);
  record.state = ListedState::SynSent;
  record.status = 0;
  record.tuples[0].destination_id = 443;
  summary.add(record);
  EXPECT_EQ(summary.totals().connections, 5u);
  EXPECT_EQ(summary.totals().half_open, 1u);
  EXPECT_EQ(summary.totals().unreplied, 1u);
  EXPECT_EQ(summary.in_state(6, ListedState::Established), 4u);
  EXPECT_EQ(summary.totals().bytes, 600u);
  EXPECT_EQ(summary.top_sources(1, SummaryOrder::Connections).at(0).address.text(), "10.0.0.5");
  EXPECT_EQ(summary.top_sources(1, SummaryOrder::Bytes).at(0).address.text(), "2001:db8::5");
  EXPECT_EQ(summary.top_ports(5).at(0).port, 80);
  EXPECT_EQ(summary.sources(), 2u);
}

// More addresses than are kept: memory stays bounded, and who has many connections is still found.
TEST(ConnectionSummary, FindsTheFrequentAmongTooManyAddresses) {
  ConnectionSummary summary;
  ConnectionRecord record;
  for (uint32_t i = 0; i < 300'000; ++i) {
    record.tuples[0].source = IpAddress::v4(0x0a000000 + i);
    summary.add(record);
    if (i % 100 == 0) {
      record.tuples[0].source = IpAddress::v4(0xc0000201);
      summary.add(record);
    }
  }
  EXPECT_LE(summary.sources(), 131'072u);
  const AddressCount first = summary.top_sources(1, SummaryOrder::Connections).at(0);
  EXPECT_EQ(first.address.text(), "192.0.2.1");
  EXPECT_LE(first.connections, 3000u);
  EXPECT_GE(first.connections + summary.address_error(), 3000u);
}

}  // namespace
}  // namespace sallyport
