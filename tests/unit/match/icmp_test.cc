#include "unit/match/match_case.h"

namespace sallyport::test {
namespace {

constexpr std::string_view kFlow = "192.0.2.1 > 198.51.100.2";

TEST(IcmpMatch, ComparesTypeAndCode) {
  const MatchCase cases[] = {
      {"-p icmp --icmp-type 8", icmp4(kFlow, 8, 0), kYes},
      {"-p icmp --icmp-type 8", icmp4(kFlow, 8, 7), kYes},
      {"-p icmp --icmp-type 8/0", icmp4(kFlow, 8, 7), kNo},
      {"-p icmp --icmp-type echo-request", icmp4(kFlow, 0, 0), kNo},
      {"-p icmp ! --icmp-type echo-request", icmp4(kFlow, 0, 0), kYes},
      {"-p icmp --icmp-type port-unreachable", icmp4(kFlow, 3, 3), kYes},
      {"-p icmp --icmp-type port-unreachable", icmp4(kFlow, 3, 1), kNo},
      {"-p icmp --icmp-type 3/1:3", icmp4(kFlow, 3, 2), kYes},
      {"-p icmp --icmp-type 3/1:3", icmp4(kFlow, 3, 4), kNo},
      {"-p icmp --icmp-type 3/3:1", icmp4(kFlow, 3, 2), kNo},
      {"-p icmp --icmp-type any", icmp4(kFlow, 99, 9), kYes},
      {"-p icmp --icmp-type 255/3", icmp4(kFlow, 99, 9), kYes},
      {"-p icmp ! --icmp-type any", icmp4(kFlow, 99, 9), kNo},
      {"-p icmp --icmp-type any", udp4("192.0.2.1:1 > 198.51.100.2:2"), kNo},
  };
  expect_judged(cases);
}

TEST(IcmpMatch, WantsTheWholeFixedHeader) {
  const MatchCase cases[] = {
      {"-p icmp --icmp-type 8", cut_to(icmp4(kFlow, 8, 0), 7), kDropped},
      {"-p icmp --icmp-type any", cut_to(icmp4(kFlow, 8, 0), 2), kDropped},
      {"-p icmp ! --icmp-type 9", as_fragment(icmp4(kFlow, 8, 0), 8, false), kNo},
  };
  expect_judged(cases);
}

}  // namespace
}  // namespace sallyport::test
