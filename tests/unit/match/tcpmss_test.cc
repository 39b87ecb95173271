#include "unit/match/match_case.h"

namespace sallyport::test {
namespace {

constexpr std::string_view kFlow = "192.0.2.1:1024 > 198.51.100.2:80";

Packet with_options(std::string_view options) { return tcp4(kFlow, kSyn, {}, {.options = options}); }

Packet with_data_offset(uint8_t words) {
  Packet packet = tcp4(kFlow, kSyn);
  packet.data()[packet.transport_offset + 12] = static_cast<uint8_t>(words << 4);
  return packet;
}

TEST(TcpmssMatch, ComparesTheAnnouncedSize) {
  const MatchCase cases[] = {
      {"-p tcp -m tcpmss --mss 1460", with_options("020405b4"), kYes},
      {"-p tcp -m tcpmss --mss 1461:", with_options("020405b4"), kNo},
      {"-p tcp -m tcpmss ! --mss 1461:", with_options("020405b4"), kYes},
      {"-p tcp -m tcpmss --mss 1400:1500", with_options("01010101020405b4"), kYes},
      {"-p tcp -m tcpmss --mss :", with_options("020305b4"), kNo},  // not the length that it must have
      {"-p tcp -m tcpmss --mss :", with_options("01010102"), kNo},
      {"-p tcp -m tcpmss --mss :", tcp4(kFlow, kSyn), kNo},
      {"-p tcp -m tcpmss ! --mss :", tcp4(kFlow, kSyn), kYes},
  };
  expect_judged(cases);
}

TEST(TcpmssMatch, DropsWhatItCannotJudge) {
  const MatchCase cases[] = {
      {"-p tcp -m tcpmss --mss :", cut_to(tcp4(kFlow, kSyn), 19), kDropped},
      {"-p tcp -m tcpmss --mss :", with_data_offset(4), kDropped},
      {"-p tcp -m tcpmss --mss :", with_data_offset(6), kDropped},
      // It never asks whether the packet is a later fragment: the first bytes pass for a header.
      {"-p tcp -m tcpmss --mss 1460", as_fragment(with_options("020405b4"), 800, false), kYes},
      {"-p tcp -m tcpmss --mss 1460", as_fragment(with_data_offset(0), 800, false), kDropped},
  };
  expect_judged(cases);
}

}  // namespace
}  // namespace sallyport::test
