// TCP connections of the demo's capture: handshake, data in full segments, acknowledgements, teardown. RFC 9293.

#include "talk.h"

#include <algorithm>

namespace demo {
namespace {

using sallyport::Duration;
using sallyport::Family;
using sallyport::kMicrosecond;
using sallyport::kMillisecond;

constexpr Mac kGatewayMacs[] = {
    {0x02, 0x00, 0x5e, 0x00, 0x00, 0x01},  // wan
    {0x02, 0x00, 0x5e, 0x00, 0x00, 0x02},  // dmz
    {0x02, 0x00, 0x5e, 0x00, 0x00, 0x03},  // lan
};

// The line outside carries 1,492 bytes (PPPoE): 1,452 of them TCP payload over IPv4, 1,432 over IPv6.
size_t segment_bytes(const Node& node) { return node.address.family == Family::Ipv4 ? 1452 : 1432; }

}  // namespace

void Recording::add(Duration at, const Node& from, const Bytes& ip_packet) {
  add_frame(at, from.wire, ethernet(from.mac, kGatewayMacs[static_cast<size_t>(from.wire)], ip_packet));
}

void Recording::add_frame(Duration at, Wire wire, Bytes frame) {
  frames_.push_back({.time = start_ + at, .wire = wire, .bytes = std::move(frame)});
}

std::vector<RecordedFrame> Recording::in_order() && {
  std::ranges::stable_sort(frames_, {}, &RecordedFrame::time);
  return std::move(frames_);
}

IpFields Recording::ip(const Node& from, const Node& to) {
  return {.source = from.address, .destination = to.address, .ttl = from.ttl, .identification = next_identification()};
}

TcpTalk::TcpTalk(Recording& recording, const Node& client, const Node& server, uint16_t port, Duration start)
    : recording_(recording), now_(start) {
  sallyport::Random& random = recording.random();
  client_ = {
      .node = client, .port = static_cast<uint16_t>(32768 + random.below(28000)), .next_sequence = random.next32()};
  server_ = {.node = server, .port = port, .next_sequence = random.next32()};
  half_round_trip_ = 5 * kMillisecond + random.below(20'000) * kMicrosecond;
}

void TcpTalk::segment(End& from, const End& to, uint8_t flags, std::span<const uint8_t> payload) {
  TcpFields tcp = {.source_port = from.port,
                   .destination_port = to.port,
                   .sequence = from.next_sequence,
                   .acknowledgement = (flags & kAck) != 0 ? to.next_sequence : 0,
                   .flags = flags};
  if ((flags & kSyn) != 0) {
    const bool inside = from.node.wire != Wire::Wan;
    const size_t header_bytes = from.node.address.family == Family::Ipv4 ? 40 : 60;
    tcp.window = 64240;
    tcp.syn_options = true;
    tcp.mss = static_cast<uint16_t>(inside ? 1500 - header_bytes : 1492 - header_bytes);
  } else if ((flags & kRst) != 0) {
    tcp.window = 0;
  }
  recording_.add(now_, from.node, tcp_packet(recording_.ip(from.node, to.node), tcp, payload));
  from.next_sequence += static_cast<uint32_t>(payload.size()) + ((flags & (kSyn | kFin)) != 0 ? 1 : 0);
}

void TcpTalk::cross() { now_ += half_round_trip_ + recording_.random().below(800) * kMicrosecond; }

void TcpTalk::open() {
  segment(client_, server_, kSyn);
  cross();
  segment(server_, client_, kSyn | kAck);
  cross();
  segment(client_, server_, kAck);
}

void TcpTalk::refuse() {
  segment(client_, server_, kSyn);
  cross();
  server_.next_sequence = 0;
  segment(server_, client_, kRst | kAck);
}

// Full segments, the last one pushed; the other end acknowledges every second one and the last.
void TcpTalk::say(End& from, End& to, std::span<const uint8_t> bytes) {
  const size_t most = segment_bytes(from.node);
  for (size_t sent = 0, count = 0; sent < bytes.size(); ++count) {
    const auto part = bytes.subspan(sent, std::min(most, bytes.size() - sent));
    sent += part.size();
    const bool last = sent == bytes.size();
    segment(from, to, last ? kPsh | kAck : kAck, part);
    now_ += 120 * kMicrosecond;
    if (last || count % 2 == 1) {
      cross();
      segment(to, from, kAck);
      now_ += 30 * kMicrosecond;
    }
  }
}

void TcpTalk::close() {
  segment(server_, client_, kFin | kAck);
  cross();
  segment(client_, server_, kFin | kAck);
  cross();
  segment(server_, client_, kAck);
}

void TcpTalk::reset_by_client() { segment(client_, server_, kRst | kAck); }

}  // namespace demo
