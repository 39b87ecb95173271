// Values of listings, read.

#include "conntrack/record_values.h"

#include <arpa/inet.h>

#include <algorithm>

namespace sallyport {
namespace {

bool read_ipv4(std::string_view text, uint8_t* bytes) {
  const char* at = text.data();
  const char* const end = at + text.size();
  for (int i = 0; i < 4; ++i) {
    if (i != 0) {
      if (at == end || *at != '.') return false;
      ++at;
    }
    const char* const start = at;
    uint32_t sum = 0;
    for (; at != end && is_digit(*at) && at - start < 3; ++at) sum = sum * 10 + static_cast<uint32_t>(*at - '0');
    if (at == start || sum > 255 || (at - start > 1 && *start == '0')) return false;
    bytes[i] = static_cast<uint8_t>(sum);
  }
  return at == end;
}

// The kernel's full form is read here, byte by byte; any other way to write an address by the C library.
bool read_ipv6(std::string_view text, uint8_t* bytes) {
  const auto nibble = [](char letter) {
    return is_digit(letter) ? letter - '0' : letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
  };
  bool full = text.size() == 39;
  for (size_t i = 0; i < 8 && full; ++i) {
    const char* const group = text.data() + i * 5;
    const int a = nibble(group[0]), b = nibble(group[1]), c = nibble(group[2]), d = nibble(group[3]);
    full = (a | b | c | d) >= 0 && (i == 7 || group[4] == ':');
    bytes[i * 2] = static_cast<uint8_t>(a << 4 | b);
    bytes[i * 2 + 1] = static_cast<uint8_t>(c << 4 | d);
  }
  if (full) return true;
  char terminated[INET6_ADDRSTRLEN] = {};
  if (text.size() >= sizeof terminated) return false;
  std::copy(text.begin(), text.end(), terminated);
  return inet_pton(AF_INET6, terminated, bytes) == 1;
}

}  // namespace

bool read_key(std::string_view text, uint16_t& value) {
  if (!text.starts_with("0x") || text.size() > 6 || text.size() < 3) return false;
  uint32_t sum = 0;
  for (const char letter : text.substr(2)) {
    const int digit = is_digit(letter) ? letter - '0' : letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
    if (digit < 0) return false;
    sum = sum << 4 | static_cast<uint32_t>(digit);
  }
  value = static_cast<uint16_t>(sum);
  return true;
}

bool read_address(std::string_view text, IpAddress& address) {
  const bool v6 = text.find(':') != std::string_view::npos;
  address.family = v6 ? Family::Ipv6 : Family::Ipv4;
  return v6 ? read_ipv6(text, address.bytes.data()) : read_ipv4(text, address.bytes.data());
}

std::optional<uint64_t> read_day(std::string_view text) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size() != 24 || text[3] != ' ' || text[7] != ' ' || text[10] != ' ' || text[13] != ':' || text[16] != ':' ||
      text[19] != ' ')
    return std::nullopt;
  const size_t month = kMonths.find(text.substr(4, 3));
  uint32_t day = 0, hour = 0, minute = 0, second = 0, year = 0;
  const std::string_view day_text = text.substr(text[8] == ' ' ? 9 : 8, text[8] == ' ' ? 1 : 2);
  if (month == std::string_view::npos || month % 3 != 0 || !read_number(day_text, 31, day) || day == 0 ||
      !read_number(text.substr(11, 2), 23, hour) || !read_number(text.substr(14, 2), 59, minute) ||
      !read_number(text.substr(17, 2), 60, second) || !read_number(text.substr(20, 4), 9999, year) || year < 1970 ||
      year > 2500)
    return std::nullopt;
  // Days by the civil calendar, with years that begin in March.
  const uint64_t m = month / 3 + 1;
  const uint64_t y = year - (m <= 2 ? 1 : 0);
  const uint64_t era_day = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + day - 1;
  const uint64_t days = y * 365 + y / 4 - y / 100 + y / 400 + era_day - 719468;
  return (days * 86400 + hour * uint64_t{3600} + minute * uint64_t{60} + second) * 1'000'000'000;
}

}  // namespace sallyport
