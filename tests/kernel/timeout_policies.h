// Timeout policies on both sides.
#pragma once

#include <string>
#include <vector>

#include "sallyport/host.h"
#include "sallyport/result.h"

namespace sallyport::kernel {

// Gives this namespace's kernel the policy, by nfct(8).
Result<void> add_to_kernel(const TimeoutPolicy& policy);

// One for each protocol that has policies, with no two numbers alike.
std::vector<TimeoutPolicy> different_policies(Family family);
// Rules of the raw table that give them to whatever comes.
std::string policy_rules(Family family);

}  // namespace sallyport::kernel
