// Text as a JSON string.
#pragma once

#include <string>
#include <string_view>

namespace sallyport::cli {

// In quotes, with everything escaped that JSON does not take; bytes that are not UTF-8 become U+FFFD.
std::string json_quoted(std::string_view text);

}  // namespace sallyport::cli
