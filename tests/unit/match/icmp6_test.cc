#include "unit/match/match_case.h"

namespace sallyport::test {
namespace {

constexpr std::string_view kFlow = "2001:db8::1 > 2001:db8::2";

TEST(Icmp6Match, ComparesTypeAndCode) {
  const MatchCase cases[] = {
      {"-p icmpv6 --icmpv6-type 128", icmp6(kFlow, 128, 0), kYes},
      {"-p icmpv6 --icmpv6-type echo-reply", icmp6(kFlow, 128, 0), kNo},
      {"-p icmpv6 ! --icmpv6-type echo-reply", icmp6(kFlow, 128, 0), kYes},
      {"-p icmpv6 --icmpv6-type no-route", icmp6(kFlow, 1, 0), kYes},
      {"-p icmpv6 --icmpv6-type no-route", icmp6(kFlow, 1, 1), kNo},
      {"-p icmpv6 --icmpv6-type neighbor-solicitation", icmp6(kFlow, 135, 0), kYes},
      // Unlike in IPv4, 255 is a type as any other.
      {"-p icmpv6 --icmpv6-type 255", icmp6(kFlow, 128, 0), kNo},
      {"-p icmpv6 --icmpv6-type 128", cut_to(icmp6(kFlow, 128, 0), 7), kDropped},
  };
  expect_judged(cases);
}

}  // namespace
}  // namespace sallyport::test
