#include "unit/match/match_case.h"

namespace sallyport::test {
namespace {

// 4000 > 80 with these chunks.
Packet sctp(std::string_view chunks) {
  return ip4("192.0.2.1 > 198.51.100.2", kSctp, hex("0fa00050 00000000 00000000" + std::string(chunks)));
}
constexpr std::string_view kData = "00030004";  // both fragment bits: a whole message
constexpr std::string_view kInit = "01000004";
constexpr std::string_view kDataThenSack = "00030005 00000000 03000004";

TEST(SctpMatch, ComparesPorts) {
  const MatchCase cases[] = {
      {"-p sctp --dport 80", sctp(kData), kYes},
      {"-p sctp ! --sport 4000", sctp(kData), kNo},
      {"-p sctp ! --dport 0:65535", sctp(kData), kNo},
      {"-p sctp --dport 80", cut_to(sctp(kData), 11), kDropped},
      {"-p sctp --dport 80", cut_to(sctp(kData), 12), kYes},
      {"-p sctp ! --dport 9", as_fragment(sctp(kData), 8, false), kNo},
  };
  expect_judged(cases);
}

TEST(SctpMatch, LooksAtAllChunks) {
  const MatchCase cases[] = {
      {"-p sctp --chunk-types any DATA", sctp(kDataThenSack), kYes},
      {"-p sctp --chunk-types any SACK", sctp(kDataThenSack), kYes},
      {"-p sctp --chunk-types any INIT", sctp(kDataThenSack), kNo},
      {"-p sctp --chunk-types all DATA,SACK", sctp(kDataThenSack), kYes},
      {"-p sctp --chunk-types all DATA,SACK", sctp(kData), kNo},
      {"-p sctp --chunk-types only DATA,SACK", sctp(kDataThenSack), kYes},
      {"-p sctp --chunk-types only DATA", sctp(kDataThenSack), kNo},
      {"-p sctp ! --chunk-types only DATA", sctp(kDataThenSack), kYes},
      {"-p sctp --chunk-types only ALL", sctp(kInit), kYes},
      {"-p sctp --chunk-types any NONE", sctp(kInit), kNo},
      {"-p sctp --chunk-types all NONE", sctp(kInit), kYes},
      {"-p sctp --chunk-types any DATA:BE", sctp(kData), kYes},
      {"-p sctp --chunk-types any DATA:b", sctp(kData), kNo},
      {"-p sctp --chunk-types any DATA:Bu", sctp(kData), kYes},
      {"-p sctp --dport 81 --chunk-types any DATA", sctp(kData), kNo},
  };
  expect_judged(cases);
}

TEST(SctpMatch, DropsBrokenChunks) {
  const MatchCase cases[] = {
      {"-p sctp --chunk-types any DATA", sctp(""), kDropped},
      {"-p sctp --chunk-types any INIT", sctp("0003"), kDropped},
      {"-p sctp --chunk-types any INIT", sctp("00030000"), kDropped},
      {"-p sctp --chunk-types any INIT", sctp("00030004 0300"), kDropped},
      {"-p sctp --chunk-types any DATA", sctp("00030004 0300"), kYes},
      {"-p sctp --chunk-types any INIT", sctp("0003ffff"), kNo},
  };
  expect_judged(cases);
}

// What cannot be judged is gone behind "!", too, though the rule counts it.
TEST(SctpMatch, DropsBrokenChunksBehindAnInversion) {
  EXPECT_EQ(judge("-p sctp ! --chunk-types any DATA -j ACCEPT", sctp("")), kDropped);
}

}  // namespace
}  // namespace sallyport::test
