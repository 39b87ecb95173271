// What a decimal digit is, in text and in packets' bytes.
#pragma once

namespace sallyport {

constexpr bool is_digit(int letter) { return letter >= '0' && letter <= '9'; }

}  // namespace sallyport
