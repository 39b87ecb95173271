// Upper case as the kernel's text search knows it: ISO 8859-1.
#pragma once

#include <array>
#include <cstdint>

namespace sallyport {

// The kernel takes 0xdf (sharp s) and 0xff (y with two dots) for small letters, too, and "raises" them by the same 32
// as all others; so the table applied twice is not the table applied once.
constexpr std::array<uint8_t, 256> kUpperCase = [] {
  std::array<uint8_t, 256> upper = {};
  for (unsigned letter = 0; letter < upper.size(); ++letter) {
    const bool is_small = (letter >= 'a' && letter <= 'z') || (letter >= 0xdf && letter != 0xf7);
    upper[letter] = static_cast<uint8_t>(is_small ? letter - 0x20 : letter);
  }
  return upper;
}();

// Its counterpart for capitals; what is none stays.
constexpr uint8_t lower_case(uint8_t letter) {
  const bool is_capital = (letter >= 'A' && letter <= 'Z') || (letter >= 0xc0 && letter <= 0xde && letter != 0xd7);
  return static_cast<uint8_t>(is_capital ? letter + 0x20 : letter);
}

}  // namespace sallyport
