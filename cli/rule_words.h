// Every match and target with its options, as docs/supported-rules.md shows them.
#pragma once

#include <string>
#include <vector>

#include "sallyport/registry.h"
#include "sallyport/result.h"

namespace sallyport::cli {

// Markdown. `names` (as after -m or -j) chooses; empty: all, with a head that tells what the columns mean.
Result<std::string> rule_words(const Registry& registry, const std::vector<std::string>& names);

}  // namespace sallyport::cli
