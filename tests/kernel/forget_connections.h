// Empties the kernel's table of connections.
#pragma once

#include "sallyport/result.h"

namespace sallyport::kernel {

// All connections of this namespace, and what is expected of them, as `conntrack -F` does it, which would be a program
// started each time.
Result<void> forget_connections();

}  // namespace sallyport::kernel
