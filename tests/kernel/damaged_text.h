// Text that is not quite what it should be.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "kernel/draw.h"

namespace sallyport::kernel {

// `said`, cut off, or with something taken out, put in or overwritten at one place.
inline std::string damaged_text(std::string said, Draw& draw) {
  if (said.empty()) return said;
  const uint32_t at = draw.below(static_cast<uint32_t>(said.size()));
  switch (draw.below(4)) {
    case 0:
      said.resize(at);
      break;
    case 1:
      said.erase(at, draw.between(1, 4));
      break;
    case 2:
      said.insert(at, 1, draw.pick({' ', '\r', '\n', ',', ':', ';', '0', '.'}));
      break;
    default:
      said[at] = static_cast<char>(draw.below(256));
      break;
  }
  return said;
}

}  // namespace sallyport::kernel
