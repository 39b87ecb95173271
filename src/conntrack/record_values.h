// How listings write values: numbers, keys, addresses, moments. Each function reads all of its text, or says that it is
// none; then the value means nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "conntrack/digit.h"
#include "sallyport/address.h"

namespace sallyport {

// Decimal digits, all of `text`, up to `most`.
template <class Number>
bool read_number(std::string_view text, uint64_t most, Number& value) {
  if (text.empty() || text.size() > 20) return false;
  uint64_t sum = 0;
  for (const char letter : text) {
    if (!is_digit(letter)) return false;
    const auto digit = static_cast<uint64_t>(letter - '0');
    if (sum > (most - digit) / 10) return false;
    sum = sum * 10 + digit;
  }
  value = static_cast<Number>(sum);
  return true;
}

// The second of one moment to that of the other; 0 where it is before.
constexpr uint64_t whole_seconds_between(uint64_t from_ns, uint64_t to_ns) {
  constexpr uint64_t kSecond_ns = 1'000'000'000;
  return to_ns > from_ns ? to_ns / kSecond_ns - from_ns / kSecond_ns : 0;
}

// A key of GRE, such as "0x10".
bool read_key(std::string_view text, uint16_t& value);
// Of either family, which the text tells.
bool read_address(std::string_view text, IpAddress& address);
// "Wed Nov 25 10:29:41 2026" as nanoseconds since 1970, taken as UTC.
std::optional<uint64_t> read_day(std::string_view text);

}  // namespace sallyport
