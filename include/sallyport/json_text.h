// Text as a JSON string.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sallyport {

// How many bytes of well-formed UTF-8 `text`, which is not empty, begins with as one character; 0 where there is none.
size_t utf8_length(std::string_view text);

// Appends `text` in quotes, with everything escaped that JSON or a terminal does not take (U+0000 to U+001F, U+007F to
// U+009F); bytes that are not UTF-8 become U+FFFD.
void append_json_quoted(std::string_view text, std::string& out);

inline std::string json_quoted(std::string_view text) {
  std::string out;
  append_json_quoted(text, out);
  return out;
}

}  // namespace sallyport
