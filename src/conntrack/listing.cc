// Connections as /proc/net/nf_conntrack lists them. Counterpart of net/netfilter/nf_conntrack_standalone.c.

#include "conntrack/listing.h"

#include <fmt/format.h>

#include "conntrack/tuple.h"

namespace sallyport {
namespace {

std::string_view protocol_word(uint8_t protocol) {
  switch (protocol) {
    case kTcp:
      return "tcp";
    case kUdp:
      return "udp";
    case kUdplite:
      return "udplite";
    case kIcmp:
      return "icmp";
    case kIcmp6:
      return "icmpv6";
    case kSctp:
      return "sctp";
    case kGre:
      return "gre";
    default:
      return "unknown";
  }
}

std::string_view state_word(TcpState state) {
  constexpr std::string_view kWords[] = {"NONE",       "SYN_SENT", "SYN_RECV",  "ESTABLISHED", "FIN_WAIT",
                                         "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE",       "SYN_SENT2"};
  return kWords[static_cast<size_t>(state)];
}

// The kernel writes IPv6 addresses in full there.
std::string address_text(const Tuple& tuple, const std::array<uint8_t, 16>& address) {
  if (tuple.family == Family::Ipv4) return IpAddress::from(Family::Ipv4, address.data()).text();
  std::string text;
  for (size_t i = 0; i < 16; i += 2) text += fmt::format("{}{:04x}", i == 0 ? "" : ":", load_be16(address.data() + i));
  return text;
}

void add_tuple(const Tuple& tuple, std::string& line) {
  line += fmt::format("src={} dst={} ", address_text(tuple, tuple.source), address_text(tuple, tuple.destination));
  switch (tuple.protocol) {
    case kTcp:
    case kUdp:
    case kUdplite:
    case kSctp:
      line += fmt::format("sport={} dport={} ", tuple.source_id, tuple.destination_id);
      break;
    case kGre:
      line += fmt::format("srckey={:#x} dstkey={:#x} ", tuple.source_id, tuple.destination_id);
      break;
    case kIcmp:
    case kIcmp6:
      line += fmt::format("type={} code={} id={} ", icmp_type(tuple), icmp_code(tuple), tuple.source_id);
      break;
    default:
      break;
  }
}

void add_counts(const ConnectionExtra* extra, Direction direction, bool accounting, std::string& line) {
  if (!accounting || extra == nullptr) return;
  const PacketCounts& counts = extra->counts[index(direction)];
  line += fmt::format("packets={} bytes={} ", counts.packets, counts.bytes);
}

// A zone that counts in one direction only is named behind that direction's tuple.
void add_zone(Zone zone, Direction direction, std::string& line) {
  if (zone.original == zone.reply) return;
  const uint16_t number = direction == Direction::Original ? zone.original : zone.reply;
  if (number != 0) line += fmt::format("{}={} ", direction == Direction::Original ? "zone-orig" : "zone-reply", number);
}

}  // namespace

std::string proc_line(const Connection& connection, Timestamp now, const Timeouts& timeouts) {
  const Tuple original = connection.tuple(Direction::Original);
  const bool v4 = original.family == Family::Ipv4;
  std::string line = fmt::format("{:<8} {} {:<8} {} {} ", v4 ? "ipv4" : "ipv6", v4 ? 2 : 10,
                                 protocol_word(original.protocol), original.protocol, connection.seconds_left(now));
  if (original.protocol == kTcp) line += fmt::format("{} ", state_word(connection.tcp.state));
  if (original.protocol == kGre) {
    line += fmt::format("timeout={}, stream_timeout={} ", timeouts.gre / kSecond, timeouts.gre_stream / kSecond);
  }
  const Zone zone = connection.zone();
  add_tuple(original, line);
  add_zone(zone, Direction::Original, line);
  add_counts(connection.extra, Direction::Original, timeouts.accounting, line);
  if (!connection.has(kStatusSeenReply)) line += "[UNREPLIED] ";
  add_tuple(connection.tuple(Direction::Reply), line);
  add_zone(zone, Direction::Reply, line);
  add_counts(connection.extra, Direction::Reply, timeouts.accounting, line);
  if (connection.has(kStatusAssured)) line += "[ASSURED] ";
  line += fmt::format("mark={} ", connection.mark);
  if (zone.original == zone.reply) line += fmt::format("zone={} ", zone.original);
  line += fmt::format("use={}", 2 + connection.dependents);
  return line;
}

}  // namespace sallyport
