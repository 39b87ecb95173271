// How long a connection has lived, as a line of a listing or of events says under nf_conntrack_timestamp.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

namespace sallyport::kernel {

// The seconds, which are taken out of the line. Less than 0: it does not say.
inline long take_delta_time(std::string& line) {
  constexpr std::string_view kName = " delta-time=";
  const size_t at = line.find(kName);
  if (at == std::string::npos) return -1;
  const long seconds = std::strtol(line.c_str() + at + kName.size(), nullptr, 10);
  line.erase(at, std::min(line.find(' ', at + 1), line.size()) - at);
  return seconds;
}

}  // namespace sallyport::kernel
