// Who talks to whom: from a packet, a connection, or what a module says.

#include "event/flow_key.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

namespace sallyport {

bool has_port_numbers(uint8_t protocol) {
  return protocol == kTcp || protocol == kUdp || protocol == kSctp || protocol == kDccp || protocol == kUdplite;
}

bool is_icmp_protocol(uint8_t protocol) { return protocol == kIcmp || protocol == kIcmp6; }

std::optional<FlowKey> flow_of(const Packet& packet) {
  const uint8_t* const first = packet.at(0, 1);
  const bool is_v4 = first != nullptr && *first >> 4 == 4 && packet.at(0, 20) != nullptr;
  const bool is_v6 = first != nullptr && *first >> 4 == 6 && packet.at(0, 40) != nullptr;
  if (!is_v4 && !is_v6) return std::nullopt;
  const uint8_t* const ip = packet.data();
  FlowKey flow;
  flow.source = IpAddress::from(is_v4 ? Family::Ipv4 : Family::Ipv6, ip + (is_v4 ? 12 : 8));
  flow.destination = IpAddress::from(is_v4 ? Family::Ipv4 : Family::Ipv6, ip + (is_v4 ? 16 : 24));
  const bool parsed = packet.transport_state != Transport::Missing;
  flow.protocol = parsed ? packet.protocol : ip[is_v4 ? 9 : 6];
  const uint8_t* const ports = has_port_numbers(flow.protocol) ? packet.transport(4) : nullptr;
  const uint8_t* const icmp = is_icmp_protocol(flow.protocol) ? packet.transport(2) : nullptr;
  flow.has_ports = ports != nullptr || icmp != nullptr;
  if (ports != nullptr) {
    flow.source_port = load_be16(ports);
    flow.destination_port = load_be16(ports + 2);
  } else if (icmp != nullptr) {
    flow.source_port = icmp[0];
    flow.destination_port = icmp[1];
  }
  return flow;
}

FlowKey flow_of(const Connection& connection) {
  const Tuple tuple = connection.tuple(Direction::Original);
  FlowKey flow = {
      .source = tuple.source_address(), .destination = tuple.destination_address(), .protocol = tuple.protocol};
  if (has_port_numbers(tuple.protocol)) {
    flow.has_ports = true;
    flow.source_port = tuple.source_id;
    flow.destination_port = tuple.destination_id;
  } else if (is_icmp_protocol(tuple.protocol)) {
    flow.has_ports = true;
    flow.source_port = tuple.destination_id >> 8;
    flow.destination_port = tuple.destination_id & 0xff;
  }
  return flow;
}

FlowKey flow_of(const EventFlow& flow) {
  return {.source = flow.source,
          .destination = flow.destination,
          .source_port = flow.source_port,
          .destination_port = flow.destination_port,
          .protocol = flow.protocol,
          .has_ports = flow.has_protocol && has_port_numbers(flow.protocol)};
}

uint64_t flow_id(FlowKey flow, const Connection* connection, const SipHashKey& key) {
  if (connection != nullptr) flow = flow_of(*connection);
  // An ICMP flow's two directions have different types: they do not count.
  if (is_icmp_protocol(flow.protocol)) flow.source_port = flow.destination_port = 0;
  const bool swapped =
      std::tie(flow.destination.bytes, flow.destination_port) < std::tie(flow.source.bytes, flow.source_port);
  if (swapped) {
    std::swap(flow.source, flow.destination);
    std::swap(flow.source_port, flow.destination_port);
  }
  std::array<uint8_t, 45> bytes = {};
  std::ranges::copy(flow.source.bytes, bytes.begin());
  std::ranges::copy(flow.destination.bytes, bytes.begin() + 16);
  store_be16(bytes.data() + 32, flow.source_port);
  store_be16(bytes.data() + 34, flow.destination_port);
  bytes[36] = flow.protocol;
  const uint64_t which = connection != nullptr ? connection->sequence + 1 : 0;
  store_be32(bytes.data() + 37, static_cast<uint32_t>(which >> 32));
  store_be32(bytes.data() + 41, static_cast<uint32_t>(which));
  constexpr uint64_t kBits = (uint64_t{1} << 53) - 1;
  return siphash(bytes, key) & kBits;
}

}  // namespace sallyport
