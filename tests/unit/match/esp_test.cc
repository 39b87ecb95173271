#include "unit/match/match_case.h"

namespace sallyport::test {
namespace {

Packet esp(std::string_view bytes) { return ip4("192.0.2.1 > 198.51.100.2", kEsp, hex(bytes)); }

TEST(EspMatch, ComparesTheIndex) {
  const MatchCase cases[] = {
      {"-p esp --espspi 5", esp("00000005 00000001"), kYes},
      {"-p esp --espspi 5:7", esp("00000008 00000001"), kNo},
      {"-p esp ! --espspi 5:7", esp("00000008 00000001"), kYes},
      {"-p esp --espspi 7:5", esp("00000006 00000001"), kNo},
      {"-p esp ! --espspi :", esp("00000006 00000001"), kNo},
      {"-p esp --espspi 0x80000000:", esp("ffffffff 00000001"), kYes},
      {"-p esp --espspi 5", esp("00000005 000001"), kDropped},
      {"-p esp ! --espspi 9", as_fragment(esp("00000005 00000001"), 8, false), kNo},
      {"-p esp --espspi 5", ip6("2001:db8::1 > 2001:db8::2", kEsp, hex("00000005 00000001")), kYes},
  };
  expect_judged(cases);
}

}  // namespace
}  // namespace sallyport::test
