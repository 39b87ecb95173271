// Names that listings use: of protocols, of states.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "sallyport/connection_text.h"

namespace sallyport {

constexpr uint8_t kListedIcmp = 1;
constexpr uint8_t kListedTcp = 6;
constexpr uint8_t kListedUdp = 17;
constexpr uint8_t kListedDccp = 33;
constexpr uint8_t kListedGre = 47;
constexpr uint8_t kListedIcmp6 = 58;
constexpr uint8_t kListedSctp = 132;
constexpr uint8_t kListedUdplite = 136;

// As conntrack(8) calls the protocol: "unknown" where it has no name for it.
std::string_view protocol_name(uint8_t protocol);
// As today's kernel does, which has no tracker for DCCP.
std::string_view kernel_protocol_name(uint8_t protocol);
// The word that conntrack -o xml writes for a state: it takes TCP's for every protocol.
std::string_view xml_state_text(uint8_t protocol, ListedState state);

}  // namespace sallyport
