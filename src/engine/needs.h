// What a ruleset needs beside its tables.
#pragma once

#include <string>
#include <vector>

#include "sallyport/helper.h"
#include "sallyport/ruleset.h"

namespace sallyport {

// Whether a rule asks for connection tracking, which runs only in a family that needs it, as in the kernel.
bool needs_conntrack(const Ruleset& ruleset);

// Whether a rule counts what connections carry, which turns the sysctl nf_conntrack_acct on.
bool needs_accounts(const Ruleset& ruleset);
// Whether a rule asks for labels, which connections have only then.
bool needs_labels(const Ruleset& ruleset);

// A line for each rule that asks for a helper whose payload is not read, or where rules map connections, not written.
void add_warnings(const Ruleset& ruleset, const HelperFinder& find, std::vector<std::string>& warnings);

}  // namespace sallyport
