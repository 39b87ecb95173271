// Names that listings use: of protocols, of states.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "sallyport/connection_summary.h"
#include "sallyport/connection_text.h"
#include "sallyport/packet.h"

namespace sallyport {

// As today's kernel does, which has no tracker for DCCP.
std::string_view kernel_protocol_name(uint8_t protocol);
// The state that the kernel gives that number, by the protocol.
ListedState state_of_number(uint8_t protocol, uint8_t number);
// The other way; 0 (none) for a state that the protocol does not have.
uint8_t number_of_state(uint8_t protocol, ListedState state);
// The word that conntrack -o xml writes for a state: it takes TCP's for every protocol.
std::string_view xml_state_text(uint8_t protocol, ListedState state);

}  // namespace sallyport
