// Hyperscan behind the interface of ManyPatterns.
#pragma once

#include <memory>

#include "content/many_patterns.h"

namespace sallyport {

// Whether it was there at build time, runs on this processor, and finds what it must: it is tried once, because
// Vectorscan 5.4.9, which passes for it, misses short literals.
bool hyperscan_serves();
Result<std::unique_ptr<ManyPatterns>> compile_for_hyperscan(std::span<const SoughtPattern> patterns, SearchMode mode);

}  // namespace sallyport
