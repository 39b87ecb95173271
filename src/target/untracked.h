// What NOTRACK and CT --notrack do.
#pragma once

#include <memory>

#include "sallyport/target.h"

namespace sallyport {

// A target that keeps packets without a connection out of connection tracking.
Result<std::unique_ptr<Target>> create_untracked(const Options& options, const RuleContext& rule);

}  // namespace sallyport
