#include "unit/match/match_case.h"

namespace sallyport::test {
namespace {

// 192.0.2.1:4000 > 198.51.100.2:80, 40 bytes in all: 45000028 00000000 4006.... c0000201 c6336402 0fa00050 ...
Packet packet() { return tcp4("192.0.2.1:4000 > 198.51.100.2:80", kSyn); }

TEST(U32Match, RunsItsProgram) {
  const MatchCase cases[] = {
      {"-m u32 --u32 \"0=0x45000028\"", packet(), kYes},
      {"-m u32 --u32 \"0=0x45000029\"", packet(), kNo},
      {"-m u32 ! --u32 \"0=0x45000029\"", packet(), kYes},
      {"-m u32 --u32 \"0=1,0x45000000:0x450000ff\"", packet(), kYes},
      {"-m u32 --u32 \"0=5:2\"", packet(), kNo},
      {"-m u32 --u32 \"0>>28=4\"", packet(), kYes},
      {"-m u32 --u32 \"0&0xff=0x28\"", packet(), kYes},
      {"-m u32 --u32 \"0<<8>>24=0\"", packet(), kYes},
      {"-m u32 --u32 \"6&0xff=6\"", packet(), kYes},
      {"-m u32 --u32 \"6&0xff=6 && 0>>28=6\"", packet(), kNo},
      {"-m u32 --u32 \"6&0xff=6 && 0>>28=4\"", packet(), kYes},
      // The header's length in bytes, then the ports behind it.
      {"-m u32 --u32 \"0>>22&0x3c@0=0x0fa00050\"", packet(), kYes},
      {"-m u32 --u32 \"0>>22&0x3c@0>>16=4000\"", packet(), kYes},
      {"-m u32 --u32 \"0>>22&0x3c@0>>22&0@4=1000\"", packet(), kYes},
  };
  expect_judged(cases);
}

TEST(U32Match, IsFalseWhereThereAreNotFourBytes) {
  const MatchCase cases[] = {
      {"-m u32 --u32 \"36=0:0xffffffff\"", packet(), kYes},
      {"-m u32 --u32 \"37=0:0xffffffff\"", packet(), kNo},
      {"-m u32 ! --u32 \"37=0:0xffffffff\"", packet(), kYes},
      {"-m u32 --u32 \"0xffffffff=0:0xffffffff\"", packet(), kNo},
      {"-m u32 --u32 \"12@0=0:0xffffffff\"", packet(), kNo},
      {"-m u32 --u32 \"0>>22&0x3c@0xfffffff0=0:0xffffffff\"", packet(), kNo},
      {"-m u32 --u32 \"0>>22&0x3c@16=0:0xffffffff\"", packet(), kYes},
      {"-m u32 --u32 \"0>>22&0x3c@17=0:0xffffffff\"", packet(), kNo},
      // The base wraps round at 32 bits: 0xc0000201 twice.
      {"-m u32 --u32 \"0>>22&0x3c@0@0@0=0:0xffffffff\"", packet(), kNo},
  };
  expect_judged(cases);
}

TEST(U32Match, ReadsIpv6FromItsFirstByte) {
  EXPECT_EQ(judge("-m u32 --u32 \"0>>28=6&&4>>8&0xff=17\"", udp6("[2001:db8::1]:1 > [2001:db8::2]:2")), kYes);
}

}  // namespace
}  // namespace sallyport::test
