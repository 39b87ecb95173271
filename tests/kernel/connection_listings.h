// How the kernel's tables of connections and of what is expected differ from the engine's.
#pragma once

#include <string>

#include "kernel/listings.h"

namespace sallyport::kernel {

// What differs between two listings, but for a second more or less.
std::string connections_difference(const std::string& kernel, const std::string& ours);
std::string expectations_difference(const std::string& kernel, const std::string& ours);

}  // namespace sallyport::kernel
