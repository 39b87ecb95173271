// Gives a packet other addresses and ids, all checksums kept right.
#pragma once

#include <string_view>

#include "sallyport/connection.h"
#include "sallyport/helper.h"
#include "sallyport/nat.h"

namespace sallyport {

// Writes one end of `target`, the tuple that the packet is to have, into the packet.
void rewrite(Packet& packet, const Tuple& target, NatEnd end);
// The same to the packet that an ICMP error quotes, and the error's checksum anew. False: what it quotes is cut off
// before its transport header.
bool rewrite_quoted(Packet& error, const Tuple& target, NatEnd end);

// Puts `text` in the place of a part of a TCP or UDP packet's payload; lengths and checksums are made anew, an absent
// UDP checksum stays absent. False: the part is not there, or the packet would be too large.
bool replace_payload(Packet& packet, PayloadPart part, std::string_view text);

}  // namespace sallyport
