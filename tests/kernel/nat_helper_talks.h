// Conversations of FTP, TFTP and IRC through NAT, with the connections that they announce.
#pragma once

#include "kernel/nat_talk.h"

namespace sallyport::kernel {

// Between these two hosts; `number` makes the ports its own. False: the two sides differ.
bool talk_with_helper(NatWire& wire, const IpAddress& client, const IpAddress& server, uint32_t number);

// What talk_with_helper() counts by name and must meet often, or nothing is shown of it.
std::span<const std::string_view> helper_talk_counts();

}  // namespace sallyport::kernel
