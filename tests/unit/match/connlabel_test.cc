#include "match/label_names.h"
#include "sallyport/connection.h"
#include "unit/match/match_case.h"

namespace sallyport::test {
namespace {

struct Labelled {
  Ipv4Connection connection;
  ConnectionExtra extra;
  Packet packet = udp4("192.0.2.1:1 > 198.51.100.2:2");
  Labelled() {
    connection.extra = &extra;
    packet.connection = &connection;
  }
};

TEST(ConnlabelMatch, SeesWhatWasSet) {
  Labelled flow;
  EXPECT_EQ(judge("-m connlabel --label 5", flow.packet), kNo);
  EXPECT_EQ(judge("-m connlabel ! --label 5", flow.packet), kYes);
  EXPECT_EQ(judge("-m connlabel --label 5 --set", flow.packet), kYes);
  EXPECT_EQ(judge("-m connlabel --label 5", flow.packet), kYes);
  EXPECT_EQ(judge("-m connlabel ! --label 5", flow.packet), kNo);
  EXPECT_EQ(judge("-m connlabel ! --label 127 --set", flow.packet), kNo);
  EXPECT_EQ(flow.extra.labels, (std::array<uint64_t, 2>{0x20, uint64_t{1} << 63}));
}

TEST(ConnlabelMatch, SetsNothingWithoutAConnection) {
  const Packet packet = udp4("192.0.2.1:1 > 198.51.100.2:2");
  EXPECT_EQ(judge("-m connlabel --label 5 --set", packet), kNo);
  EXPECT_EQ(judge("-m connlabel ! --label 5 --set", packet), kYes);
}

// Accepted and refused as iptables 1.8.9 does.
TEST(LabelNames, AreReadAsIptablesReadsThem) {
  const auto names = read_label_names(
      "# comment\n0\teth0-in\n 1 leading\n2 two words\n3 dash-ed\n4 under_score\n5 dot.ted\n7 7\n0x10 hexa\n010 octal\n"
      "9 tail # comment\n11\ttabbed\n12\nx bad\n13 twelve\n13 again\n14 twelve\n16 again\n-1 minus\n21x x21\n"
      "22 trail  \n23 noeol");
  constexpr std::pair<uint32_t, std::string_view> kExpected[] = {
      {0, "eth0-in"}, {1, "leading"}, {2, "two words"}, {3, "dash-ed"}, {7, "7"},      {16, "hexa"},
      {8, "octal"},   {11, "tabbed"}, {13, "twelve"},   {21, "x x21"},  {22, "trail"}, {23, "noeol"},
  };
  ASSERT_EQ(names.size(), std::size(kExpected));
  for (size_t i = 0; i < names.size(); ++i) {
    EXPECT_EQ(names[i].number, kExpected[i].first);
    EXPECT_EQ(names[i].name, kExpected[i].second);
  }
}

TEST(LabelNames, StandInTheOrderOfTheirBits) {
  const auto names = read_label_names("100 hundred\n5 five\n63 high\n64 low\n7 seven\n");
  std::string text = "labels=";
  append_labels({0x20 | uint64_t{1} << 63, 1 | uint64_t{1} << 36}, names, text);
  EXPECT_EQ(text, "labels=five,high,low,hundred");
  append_labels({0x40, 0}, names, text);
  EXPECT_EQ(text, "labels=five,high,low,hundred") << "a label without a name";
}

}  // namespace
}  // namespace sallyport::test
