#include "unit/match/match_case.h"

namespace sallyport::test {
namespace {

constexpr std::string_view kFlow = "192.0.2.1:4000 > 198.51.100.2:53";
constexpr std::string_view kFlow6 = "[2001:db8::1]:4000 > [2001:db8::2]:53";

TEST(UdpMatch, ComparesPorts) {
  const MatchCase cases[] = {
      {"-p udp --dport 53", udp4(kFlow), kYes},
      {"-p udp ! --dport 53", udp4(kFlow), kNo},
      {"-p udp --sport 53", udp4(kFlow), kNo},
      {"-p udp --sport 4000:4001 --dport domain", udp4(kFlow), kYes},
      {"-p udp --sport 4001:4000", udp4(kFlow), kNo},
      {"-p udp ! --sport 4001:4000", udp4(kFlow), kYes},
      {"-p udp ! --dport :", udp4(kFlow), kNo},
      {"-p udp --dport 65589", udp4(kFlow), kYes},  // cut to 16 bits: 53
      {"-p udp --dport 53", tcp4(kFlow, kSyn), kNo},
      {"-p udp --dport 53", udp6(kFlow6), kYes},
  };
  expect_judged(cases);
}

TEST(UdpMatch, DropsWhatItCannotJudge) {
  const Packet whole = udp4(kFlow);
  const MatchCase cases[] = {
      {"-p udp --dport 53", cut_to(whole.clone(), 7), kDropped},
      {"-p udp ! --dport 53", cut_to(udp6(kFlow6), 0), kDropped},
      {"-p udp ! --dport 9", as_fragment(whole.clone(), 8, false), kNo},
  };
  expect_judged(cases);
}

}  // namespace
}  // namespace sallyport::test
