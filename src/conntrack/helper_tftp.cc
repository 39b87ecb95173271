// TFTP: the answer to a request comes from a port of the server's choice. Counterpart of
// net/netfilter/nf_conntrack_tftp.c; RFC 1350.

#include "conntrack/helpers.h"

namespace sallyport {

bool look_at_tftp(Packet& packet, Connection& connection, const HelperContext& context) {
  constexpr uint32_t kUdpHeader = 8;
  constexpr uint16_t kRead = 1, kWrite = 2;
  const uint8_t* header = packet.transport(kUdpHeader + 2);
  if (header == nullptr) return true;
  const uint16_t operation = load_be16(header + kUdpHeader);
  if (operation != kRead && operation != kWrite) return true;
  Expectation expected = {.tuple = connection.tuple(Direction::Reply)};
  expected.tuple.source_id = 0;
  if (context.nat != nullptr) {
    // The request names no port; the answer goes to the one that it came from.
    expected.mapping = {.kind = ExpectedMapping::Kind::AsMaster,
                        .announced_by = Direction::Original,
                        .id = connection.tuple(Direction::Original).source_id};
  }
  return context.expecter->expect(connection, expected, context.now) == Expected::Added;
}

}  // namespace sallyport
