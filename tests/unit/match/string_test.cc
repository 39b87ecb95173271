#include "unit/match/match_case.h"

namespace sallyport::test {
namespace {

// 20 bytes of IP header, 8 of UDP: "abcabd" begins at 28 and ends before 34.
Packet packet() { return udp4("192.0.2.1:4000 > 198.51.100.2:53", "abcabd"); }

TEST(StringMatch, LooksForAWholePatternBetweenFromAndTo) {
  const MatchCase cases[] = {
      {"-m string --algo bm --string abd", packet(), kYes},
      {"-m string --algo kmp --string abd", packet(), kYes},
      {"-m string --algo bm --string ABD", packet(), kNo},
      {"-m string --algo kmp --string ABD --icase", packet(), kYes},
      {"-m string --algo bm ! --string abd", packet(), kNo},
      {"-m string --algo kmp ! --string abx", packet(), kYes},
      {"-m string --algo bm --hex-string |45|", packet(), kYes},
      {"-m string --algo bm --string abc --from 28", packet(), kYes},
      {"-m string --algo bm --string abc --from 29", packet(), kNo},
      {"-m string --algo kmp --string abc --from 28 --to 31", packet(), kYes},
      {"-m string --algo kmp --string abc --from 28 --to 30", packet(), kNo},
      {"-m string --algo bm --string abc --to 31", packet(), kYes},
      {"-m string --algo bm --string abc --to 30", packet(), kNo},
      {"-m string --algo bm --string abd --from 31 --to 34", packet(), kYes},
      {"-m string --algo bm --string abd --from 34", packet(), kNo},
      {"-m string --algo bm --string abd --from 65535", packet(), kNo},
      {"-m string --algo bm ! --string abd --from 65535", packet(), kYes},
      {"-m string --algo kmp --string abcabdx", packet(), kNo},
      {"-m string --algo kmp --string a --from 5 --to 5", packet(), kNo},
  };
  expect_judged(cases);
}

// The joint lies behind "abc".
TEST(StringMatch, BmSeesFragmentsOneByOneAndKmpAsAWhole) {
  const auto joined = [] {
    Packet whole = packet();
    whole.later_fragments = {3};
    return whole;
  };
  const MatchCase cases[] = {
      {"-m string --algo bm --string cab", joined(), kNo},
      {"-m string --algo kmp --string cab", joined(), kYes},
      {"-m string --algo bm --string abc", joined(), kYes},
      {"-m string --algo bm --string abd", joined(), kYes},
      {"-m string --algo bm --string abd --from 32", joined(), kNo},
  };
  expect_judged(cases);
}

}  // namespace
}  // namespace sallyport::test
