// How an error reads.

#include <fmt/format.h>

#include "sallyport/result.h"

namespace sallyport {

std::string Error::text() const {
  std::string text;
  if (!file.empty()) text += file + ":";
  if (line != 0) text += fmt::format("{}:", line);
  if (line != 0 && column != 0) text += fmt::format("{}:", column);
  if (!text.empty()) text += " ";
  text += what;
  if (!expected.empty()) text += "; expected " + expected;
  return text;
}

}  // namespace sallyport
