#include "unit/match/match_case.h"

namespace sallyport::test {
namespace {

// Next header UDP, length 4 (24 bytes), reserved 0, index 5, sequence 1, a check value of 12 bytes.
constexpr std::string_view kHeader = "11040000 00000005 00000001 00000000 00000000 00000000";
constexpr std::string_view kReserved = "11040001 00000005 00000001 00000000 00000000 00000000";

Packet ah4(std::string_view bytes) { return ip4("192.0.2.1 > 198.51.100.2", kAh, hex(bytes)); }
Packet ah6(std::string_view bytes) {
  return with_extension(udp6("[2001:db8::1]:1 > [2001:db8::2]:2"), kAh, hex(bytes));
}
Packet cut6(uint32_t present) {
  Packet packet = ah6(kHeader);
  packet.truncate(40 + present);
  return packet;
}

TEST(AhMatch, ComparesTheIndexOfIpv4) {
  const MatchCase cases[] = {
      {"-p ah --ahspi 5", ah4(kHeader), kYes},
      {"-p ah --ahspi 6:", ah4(kHeader), kNo},
      {"-p ah ! --ahspi 6:", ah4(kHeader), kYes},
      {"-p ah --ahspi 5", cut_to(ah4(kHeader), 12), kYes},
      {"-p ah --ahspi 5", cut_to(ah4(kHeader), 11), kDropped},
      {"-p ah ! --ahspi 9", as_fragment(ah4(kHeader), 8, false), kNo},
  };
  expect_judged(cases);
}

TEST(AhMatch, FindsTheHeaderOfIpv6) {
  const MatchCase cases[] = {
      {"-m ah", ah6(kHeader), kYes},
      {"-m ah", udp6("[2001:db8::1]:1 > [2001:db8::2]:2"), kNo},
      {"-m ah --ahspi 5", ah6(kHeader), kYes},
      {"-m ah ! --ahspi 5", ah6(kHeader), kNo},
      {"-m ah --ahlen 24", ah6(kHeader), kYes},
      {"-m ah --ahlen 28", ah6(kHeader), kNo},
      {"-m ah ! --ahlen 28", ah6(kHeader), kYes},
      {"-m ah --ahres", ah6(kHeader), kYes},
      {"-m ah --ahres", ah6(kReserved), kNo},
      {"-m ah --ahspi 5", with_extension(ah6(kHeader), kDestinationOptions, hex("3300010400000000")), kYes},
      {"-m ah", cut6(23), kDropped},
      {"-m ah", cut6(1), kDropped},
      {"-m ah", cut6(24), kYes},
  };
  expect_judged(cases);
}

}  // namespace
}  // namespace sallyport::test
