#include "unit/match/match_case.h"

namespace sallyport::test {
namespace {

// 4000 > 80 of that type, X set, with whatever follows the first 16 bytes; `words` is the data offset.
Packet dccp(uint8_t type, uint8_t words, std::string_view rest) {
  Bytes header = hex("0fa00050 00000000 00000000 00000000");
  header[4] = words;
  header[8] = static_cast<uint8_t>(type << 1 | 1);
  const Bytes more = hex(rest);
  header.insert(header.end(), more.begin(), more.end());
  return ip4("192.0.2.1 > 198.51.100.2", kDccp, header);
}
constexpr uint8_t kRequest = 0;
constexpr uint8_t kDataType = 2;
constexpr uint8_t kReserved = 12;

TEST(DccpMatch, ComparesPortsAndType) {
  const MatchCase cases[] = {
      {"-p dccp --dport 80", dccp(kDataType, 4, ""), kYes},
      {"-p dccp ! --sport 4000", dccp(kDataType, 4, ""), kNo},
      {"-p dccp --dccp-types REQUEST,DATA", dccp(kDataType, 4, ""), kYes},
      {"-p dccp --dccp-types REQUEST", dccp(kDataType, 4, ""), kNo},
      {"-p dccp ! --dccp-types REQUEST", dccp(kDataType, 4, ""), kYes},
      {"-p dccp --dccp-types INVALID", dccp(kReserved, 4, ""), kYes},
      {"-p dccp --dccp-types INVALID", dccp(kDataType, 4, ""), kNo},
      {"-p dccp --dport 80", cut_to(dccp(kDataType, 4, ""), 11), kDropped},
      {"-p dccp ! --dport 9", as_fragment(dccp(kDataType, 4, ""), 8, false), kNo},
  };
  expect_judged(cases);
}

TEST(DccpMatch, FindsOptions) {
  const MatchCase cases[] = {
      {"-p dccp --dccp-option 32", dccp(kDataType, 5, "20040101"), kYes},
      {"-p dccp --dccp-option 33", dccp(kDataType, 5, "20040101"), kNo},
      {"-p dccp ! --dccp-option 33", dccp(kDataType, 5, "20040101"), kYes},
      {"-p dccp --dccp-option 32", dccp(kDataType, 4, ""), kNo},
      // A request's header holds a service code first.
      {"-p dccp --dccp-option 32", dccp(kRequest, 6, "20040101 01010101"), kNo},
      {"-p dccp --dccp-option 32", dccp(kRequest, 6, "00000000 20040101"), kYes},
      {"-p dccp --dccp-option 32", dccp(kRequest, 4, "00000000"), kDropped},
      {"-p dccp --dccp-option 32", dccp(kDataType, 6, "20040101"), kDropped},
  };
  expect_judged(cases);
}

}  // namespace
}  // namespace sallyport::test
