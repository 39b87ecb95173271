// The Community ID of a flow, version 1 (github.com/corelight/community-id-spec): the same in every tool that writes
// it.
#pragma once

#include <cstdint>
#include <string>

#include "event/flow_key.h"

namespace sallyport {

// Appends "1:" and the base64 of the SHA-1. Equal for both directions.
void append_community_id(const FlowKey& flow, uint16_t seed, std::string& out);

}  // namespace sallyport
