// UDP and UDP-Lite: unreplied, replied, stream. Counterpart of net/netfilter/nf_conntrack_proto_udp.c.

#include "conntrack/tracker.h"
#include "wire/checksum.h"

namespace sallyport {
namespace {

constexpr uint32_t kHeader = 8;
// A flow that still talks in both directions after this long is a stream.
constexpr Duration kStreamAfter = 2 * kSecond;

// The kernel verifies UDP-Lite's checksum over the covered part, but with UDP's number in the pseudo-header.
Tracked validate_udplite(const Packet& packet, const uint8_t* header, bool verify, TrackContext& context) {
  const uint32_t length = packet.transport_length();
  uint32_t coverage = load_be16(header + 4);
  if (coverage == 0) coverage = length;
  if (coverage < kHeader || coverage > length) {
    return refuse(context, RefusalReason::UdpliteCoverage, coverage, length);
  }
  const uint16_t sum = load_be16(header + 6);
  if (sum == 0) return refuse(context, RefusalReason::UdpliteNoChecksum);
  const uint8_t* covered = packet.transport(coverage);
  if (!verify || covered == nullptr) return Tracked::Accept;
  const bool right = checksum_finish(checksum_add({covered, coverage}, pseudo_header_sum(packet, kUdp, length))) == 0;
  return right ? Tracked::Accept : refuse(context, RefusalReason::UdpChecksum, sum);
}

Tracked validate(const Packet& packet, TrackContext& context) {
  const uint8_t* header = packet.transport(kHeader);
  if (header == nullptr) return refuse(context, RefusalReason::UdpShort, packet.transport_length());
  const bool verify =
      context.timeouts->verify_checksums && context.hook == Hook::Prerouting && !packet.checksum_trusted;
  if (packet.protocol == kUdplite) return validate_udplite(packet, header, verify, context);
  const uint32_t length = load_be16(header + 4);
  if (length < kHeader || length > packet.transport_length()) {
    return refuse(context, RefusalReason::UdpTruncated, length, packet.transport_length());
  }
  if (!verify || transport_checksum_state(packet) != ChecksumState::Wrong) return Tracked::Accept;
  return refuse(context, RefusalReason::UdpChecksum, load_be16(header + 6));
}

}  // namespace

Tracked track_udp(Connection& connection, const Packet& packet, TrackContext& context) {
  if (const Tracked valid = validate(packet, context); valid != Tracked::Accept) return valid;
  if (!connection.has(kStatusConfirmed)) connection.udp = {.stream_since = context.now + kStreamAfter};
  Duration lasts = context.timeouts->udp;
  // Of UDP-Lite any answer makes a stream.
  const bool streams = packet.protocol == kUdplite || context.now > connection.udp.stream_since;
  if (connection.has(kStatusNatClash)) return Tracked::Uncounted;
  if (connection.has(kStatusSeenReply) && streams) {
    lasts = context.timeouts->udp_stream;
    if (!connection.has(kStatusAssured)) connection.pending_events |= kEventAssured;
    connection.status |= kStatusAssured;
  }
  connection.deadline = context.now + lasts;
  return Tracked::Accept;
}

}  // namespace sallyport
