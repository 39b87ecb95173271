#include "unit/match/match_case.h"

namespace sallyport::test {
namespace {

constexpr std::string_view kFlow = "192.0.2.1:1024 > 198.51.100.2:80";
constexpr std::string_view kFlow6 = "[2001:db8::1]:1024 > [2001:db8::2]:80";

Packet with_options(std::string_view options) { return tcp4(kFlow, kSyn, {}, {.options = options}); }

// The header's length field says `words`, whatever there is.
Packet with_data_offset(uint8_t words) {
  Packet packet = tcp4(kFlow, kSyn);
  packet.data()[packet.transport_offset + 12] = static_cast<uint8_t>(words << 4);
  return packet;
}

TEST(TcpMatch, ComparesPorts) {
  const MatchCase cases[] = {
      {"-p tcp --dport 80", tcp4(kFlow, kSyn), kYes},
      {"-p tcp --dport 81", tcp4(kFlow, kSyn), kNo},
      {"-p tcp ! --dport 81", tcp4(kFlow, kSyn), kYes},
      {"-p tcp --sport 1024:", tcp4(kFlow, kSyn), kYes},
      {"-p tcp --sport :1023", tcp4(kFlow, kSyn), kNo},
      {"-p tcp --sport 1024 --dport 79:80", tcp4(kFlow, kSyn), kYes},
      {"-p tcp --sport 1025:2000 --dport 80", tcp4(kFlow, kSyn), kNo},
      {"-p tcp --dport 0:65535", tcp4(kFlow, kSyn), kYes},
      {"-p tcp ! --dport 0:65535", tcp4(kFlow, kSyn), kNo},
      {"-p tcp -m tcp", udp4(kFlow), kNo},
      {"-p tcp --dport 80", tcp6(kFlow6, kSyn), kYes},
      {"-p tcp ! --sport 1024", tcp6(kFlow6, kSyn), kNo},
  };
  expect_judged(cases);
}

TEST(TcpMatch, ComparesFlags) {
  const MatchCase cases[] = {
      {"-p tcp --syn", tcp4(kFlow, kSyn), kYes},
      {"-p tcp --syn", tcp4(kFlow, kSyn | kAck), kNo},
      {"-p tcp --syn", tcp4(kFlow, kSyn | kEce | kCwr | kUrg | kPsh), kYes},
      {"-p tcp ! --syn", tcp4(kFlow, kSyn | kAck), kYes},
      {"-p tcp ! --syn", tcp4(kFlow, kSyn), kNo},
      {"-p tcp --tcp-flags ALL NONE", tcp4(kFlow, 0), kYes},
      {"-p tcp --tcp-flags ALL NONE", tcp4(kFlow, kFin), kNo},
      {"-p tcp --tcp-flags SYN,FIN SYN,FIN", tcp4(kFlow, kSyn | kFin | kAck), kYes},
      {"-p tcp --tcp-flags SYN ACK", tcp4(kFlow, kSyn | kAck), kNo},
      {"-p tcp --tcp-flags NONE NONE", tcp4(kFlow, kAck), kYes},
      {"-p tcp ! --tcp-flags NONE NONE", tcp4(kFlow, kAck), kNo},
  };
  expect_judged(cases);
}

TEST(TcpMatch, FindsOptions) {
  const MatchCase cases[] = {
      {"-p tcp --tcp-option 2", with_options("020405b4"), kYes},
      {"-p tcp ! --tcp-option 2", with_options("020405b4"), kNo},
      {"-p tcp --tcp-option 3", with_options("020405b4"), kNo},
      {"-p tcp --tcp-option 3", with_options("020405b401030307"), kYes},
      {"-p tcp --tcp-option 1", with_options("020405b401030307"), kYes},
      {"-p tcp --tcp-option 5", with_options("0206050500000101"), kNo},
      {"-p tcp --tcp-option 2", tcp4(kFlow, kSyn), kNo},
      {"-p tcp ! --tcp-option 2", tcp4(kFlow, kSyn), kYes},
      {"-p tcp --tcp-option 9", with_options("05000900"), kYes},
      {"-p tcp --tcp-option 9", with_options("05ff0909"), kNo},
      {"-p tcp --tcp-option 9", with_options("01010105"), kNo},
      // Only who asks for an option cares whether the header is as long as it says.
      {"-p tcp --tcp-option 2", with_data_offset(4), kDropped},
      {"-p tcp ! --tcp-option 2", with_data_offset(6), kDropped},
      {"-p tcp --dport 80", with_data_offset(4), kYes},
      {"-p tcp --dport 81 --tcp-option 2", with_data_offset(4), kNo},
  };
  expect_judged(cases);
}

// CVE-2004-0626: an option of length zero once made the search endless.
TEST(TcpMatch, EndsAtAnOptionWithoutLength) {
  EXPECT_EQ(judge("-p tcp --tcp-option 7", with_options("0800080008000800")), kNo);
}

TEST(TcpMatch, DropsWhatItCannotJudge) {
  const Packet whole = tcp4(kFlow, kSyn);
  const MatchCase cases[] = {
      {"-p tcp --dport 80", cut_to(whole.clone(), 19), kDropped},
      {"-p tcp ! --dport 80", cut_to(whole.clone(), 0), kDropped},
      {"-p tcp --dport 80", cut_to(whole.clone(), 20), kYes},
      {"-p tcp", cut_to(whole.clone(), 0), kYes},
      {"-p tcp --dport 80", cut_to(tcp6(kFlow6, kSyn), 19), kDropped},
      {"-p tcp --dport 80", as_fragment(whole.clone(), 0, true), kYes},
      {"-p tcp ! --dport 81", as_fragment(whole.clone(), 16, true), kNo},
      {"-p tcp ! --dport 81", as_fragment(whole.clone(), 1480, false), kNo},
      // Eight bytes in it could replace the flags of the first fragment.
      {"-p tcp --dport 80", as_fragment(whole.clone(), 8, false), kDropped},
  };
  expect_judged(cases);
}

TEST(TcpMatch, LetsIpv6FragmentsEightBytesInGoOn) {
  const Packet later = with_extension(tcp6(kFlow6, kSyn), kFragment, hex("06000008 00000001"));
  EXPECT_EQ(judge("-p tcp --dport 80", later), kNo);
}

}  // namespace
}  // namespace sallyport::test
