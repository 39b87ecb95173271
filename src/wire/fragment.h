// Cutting a packet into fragments for an interface's MTU, as ip_do_fragment() and ip6_fragment() cut it.
#pragma once

#include <cstdint>
#include <vector>

#include "sallyport/packet.h"

namespace sallyport {

// The pieces of `packet`, each at most `mtu` bytes, appended to `pieces` (whose capacity is reused). IPv4: options that
// are not copied become no-operations in later pieces. IPv6: a fragment header with `identification` is put in. Facts
// (mark, interfaces, time, number) are copied to each piece. False: not possible at this MTU; nothing appended.
bool fragment(const Packet& packet, uint32_t mtu, uint32_t identification, std::vector<Packet>& pieces);

}  // namespace sallyport
