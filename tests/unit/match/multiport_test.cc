#include "unit/match/match_case.h"

namespace sallyport::test {
namespace {

constexpr std::string_view kFlow = "192.0.2.1:4000 > 198.51.100.2:443";

TEST(MultiportMatch, LooksForEitherOrBothPorts) {
  const MatchCase cases[] = {
      {"-p tcp -m multiport --dports 80,443", tcp4(kFlow, kSyn), kYes},
      {"-p tcp -m multiport --sports 80,443", tcp4(kFlow, kSyn), kNo},
      {"-p tcp -m multiport --ports 80,443", tcp4(kFlow, kSyn), kYes},
      {"-p tcp -m multiport --ports 3999:4000", tcp4(kFlow, kSyn), kYes},
      {"-p tcp -m multiport ! --ports 80,4000", tcp4(kFlow, kSyn), kNo},
      {"-p tcp -m multiport ! --dports 80,4000", tcp4(kFlow, kSyn), kYes},
      {"-p tcp -m multiport --dports 1,2,400:500", tcp4(kFlow, kSyn), kYes},
      {"-p tcp -m multiport --dports 444:500", tcp4(kFlow, kSyn), kNo},
      {"-p udp -m multiport --dports 443", udp4(kFlow), kYes},
      {"-p udp -m multiport --dports 443", tcp4(kFlow, kSyn), kNo},
      {"-p sctp -m multiport --dports 443", ip4("192.0.2.1 > 198.51.100.2", kSctp, hex("0fa001bb")), kYes},
      {"-p udplite -m multiport --sports 4000", ip4("192.0.2.1 > 198.51.100.2", kUdplite, hex("0fa001bb")), kYes},
  };
  expect_judged(cases);
}

TEST(MultiportMatch, DropsWhatItCannotJudge) {
  const MatchCase cases[] = {
      {"-p tcp -m multiport --dports 80", cut_to(tcp4(kFlow, kSyn), 3), kDropped},
      {"-p tcp -m multiport --dports 443", cut_to(tcp4(kFlow, kSyn), 4), kYes},
      {"-p tcp -m multiport ! --dports 80", as_fragment(tcp4(kFlow, kSyn), 8, false), kNo},
  };
  expect_judged(cases);
}

}  // namespace
}  // namespace sallyport::test
