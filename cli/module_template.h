// The files of a module to begin with.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "sallyport/result.h"

namespace sallyport::cli {

enum class ModuleKind : uint8_t { Hook, Match, Target };

// Paths below its folder, with their text. Refuses a name that is no word of letters, digits and _.
Result<std::vector<std::pair<std::string, std::string>>> module_files(const std::string& name, ModuleKind kind);

}  // namespace sallyport::cli
