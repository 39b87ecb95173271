// How often each cell of the TCP state table was hit.

#include "kernel/tcp_hits.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "conntrack/tcp_segment.h"
#include "wire/checksum.h"

namespace sallyport::kernel {

void TcpHits::add(const TcpHits& other) {
  for (size_t state = 0; state < counts.size(); ++state) {
    for (size_t side = 0; side < 2; ++side) {
      for (size_t kind = 0; kind < 5; ++kind) counts[state][side][kind] += other.counts[state][side][kind];
    }
  }
}

void TcpHits::print(size_t least) const {
  fmt::print("{:<12}", "");
  for (const std::string_view side : {">", "<"}) {
    for (const std::string_view kind : kTcpKinds) fmt::print("{:>9}{}", kind, side);
  }
  fmt::print("\n");
  for (size_t state = 0; state < counts.size(); ++state) {
    fmt::print("{:<12}", kTcpStates[state]);
    for (const auto& side : counts[state]) {
      for (const size_t count : side) fmt::print("{:>10}", count);
    }
    fmt::print("\n");
  }
  fmt::print("cells hit less than {} times:", least);
  for (size_t state = 0; state < counts.size(); ++state) {
    for (const bool reply : {false, true}) {
      for (size_t kind = 0; kind < 5; ++kind) {
        const size_t count = counts[state][reply][kind];
        if (count < least) fmt::print(" {}{}{}({})", kTcpStates[state], reply ? "<" : ">", kTcpKinds[kind], count);
      }
    }
  }
  fmt::print("\n");
}

Verdict TcpHitCounter::handle(Packet& packet, HookContext&) {
  TcpSegment segment;
  if (packet.protocol != kTcp || !segment.read(packet) || !segment.flags_make_sense()) return Verdict::accept();
  if (transport_checksum_state(packet) == ChecksumState::Wrong) return Verdict::accept();
  std::array<uint8_t, 18> ends[2] = {};
  std::memcpy(ends[0].data(), packet.source_bytes(), address_bytes(packet.family));
  std::memcpy(ends[1].data(), packet.destination_bytes(), address_bytes(packet.family));
  for (size_t end = 0; end < 2; ++end) std::memcpy(&ends[end][16], packet.transport(4) + 2 * end, 2);
  const bool from_first = ends[0] < ends[1];
  std::array<uint8_t, 36> key;
  std::ranges::copy(ends[from_first ? 0 : 1], key.begin());
  std::ranges::copy(ends[from_first ? 1 : 0], key.begin() + 18);
  Flow& flow = flows_[key];
  const bool reply = flow.state != TcpState::None && from_first != flow.begun_by_first;
  hits_.add(static_cast<size_t>(flow.state), reply, static_cast<size_t>(segment.kind()));
  if (const Connection* connection = packet.connection; connection != nullptr) {
    flow.state = connection->has(kStatusDying) ? TcpState::None : connection->tcp.state;
    flow.begun_by_first = from_first == (packet_direction(packet) == Direction::Original);
  }
  return Verdict::accept();
}

}  // namespace sallyport::kernel
