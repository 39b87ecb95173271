// Random transport headers with their payload, checksums still zero.
#pragma once

#include <cstdint>
#include <vector>

#include "kernel/draw.h"

namespace sallyport::kernel {

using Bytes = std::vector<uint8_t>;

// A header and payload of `protocol`; what has no form here is bytes by chance.
Bytes random_transport(Draw& draw, uint8_t protocol);

// Where the protocol's Internet checksum lies, or -1; and whether a pseudo-header belongs to it.
int checksum_place(uint8_t protocol, Family family, bool& pseudo);

}  // namespace sallyport::kernel
