// All datagrams in flight: found by key, forgotten in time, bounded in memory. Counterparts: net/ipv4/inet_fragment.c,
// ip_defrag() in net/ipv4/ip_fragment.c, nf_ct_frag6_gather() in net/ipv6/netfilter/nf_conntrack_reasm.c.
//
// A datagram begins with any of its fragments and has a fixed time from then on. Beyond the memory limit every fragment
// is refused, those of datagrams already begun too, until time has freed some: so decides the kernel, and it leaves a
// flood no way to push others out. In IPv4, which has a short identification, a datagram also begins anew when its
// source has sent too many fragments of others in between.
//
// Differs from the kernel: time is exact (its timers fire up to 2 s late), and memory is counted as we use it.

#include "wire/reassembly.h"

#include <list>
#include <optional>
#include <unordered_map>
#include <utility>

#include "wire/datagram.h"
#include "wire/extension.h"
#include "wire/siphash.h"

namespace sallyport {
namespace {

constexpr uint32_t kIpv6Header = 40;
constexpr uint32_t kFragmentHeader = 8;
constexpr uint32_t kLargest = 65535;
constexpr uint8_t kLinkLocalFirst = 0xfe, kLinkLocalSecond = 0x80;

// Addresses, identification, user, and IPv4's protocol or, where an address has no meaning without it, the interface.
using Key = std::array<uint8_t, 44>;

struct KeyHash {
  SipHashKey key;
  size_t operator()(const Key& bytes) const { return siphash(bytes, key); }
};

struct Flight {
  Key key;
  Datagram datagram;
  Timestamp deadline = 0;
  uint32_t source = 0;    // IPv4
  uint32_t sequence = 0;  // its source's count when it last got a fragment
};
using Flights = std::list<Flight>;  // by deadline

// What an IPv4 source has sent, kept as long as one of its datagrams is in flight.
struct Source {
  uint32_t fragments = 0;
  uint32_t flights = 0;
};
struct SourceHash {
  SipHashKey key;
  size_t operator()(uint32_t source) const {
    uint8_t bytes[4];
    std::memcpy(bytes, &source, sizeof bytes);
    return siphash(bytes, key);
  }
};

constexpr uint64_t kFlightBytes = sizeof(Flight) + sizeof(Key) + 8 * sizeof(void*);

bool needs_interface(const uint8_t* address) {
  return address[0] == 0xff || (address[0] == kLinkLocalFirst && (address[1] & 0xc0) == kLinkLocalSecond);
}

Key ipv4_key(const Packet& packet, uint32_t user) {
  Key key = {};
  std::memcpy(&key[0], packet.data() + 12, 8);
  std::memcpy(&key[32], packet.data() + 4, 2);
  store_be32(&key[36], user);
  key[40] = packet.data()[9];
  return key;
}

Key ipv6_key(const Packet& packet, const FragmentSpan& span, uint32_t user) {
  Key key = {};
  std::memcpy(&key[0], packet.data() + 8, 32);
  std::memcpy(&key[32], packet.data() + span.header - 4, 4);
  store_be32(&key[36], user);
  if (needs_interface(packet.destination_bytes())) store_be32(&key[40], packet.in);
  return key;
}

// Whether a first fragment lacks a part of its transport header (RFC 8200 4.5): the kernel does not join those.
bool transport_is_cut(const Packet& packet) {
  if (packet.transport_state != Transport::Present || packet.protocol == kNoNextHeader) return false;
  const uint32_t least = packet.protocol == kTcp ? 20 : packet.protocol == kUdp || packet.protocol == kIcmp6 ? 8 : 1;
  return packet.transport_offset + least > packet.length;
}

FragmentSpan ipv4_span(const Packet& packet) {
  const uint32_t header = packet.transport_offset;
  return {.header = header,
          .offset = packet.fragment_offset,
          .end = packet.fragment_offset + packet.length - header,
          .more = packet.more_fragments};
}

}  // namespace

struct Reassembly::State {
  Family family;
  ReassemblyLimits limits;
  Flights flights;
  std::unordered_map<Key, Flights::iterator, KeyHash> by_key;
  std::unordered_map<uint32_t, Source, SourceHash> sources;
  ReassemblyCounters counters;
  uint64_t bytes = 0;

  State(Family family_of_all, const ReassemblyLimits& its_limits, const SipHashKey& key)
      : family(family_of_all), limits(its_limits), by_key(0, KeyHash{key}), sources(0, SourceHash{key}) {}

  Flight* find_or_begin(const Key& key, uint32_t source, Timestamp now);
  void forget(Flight& flight);
  bool is_too_far(Flight& flight);
  void begin_anew(Flight& flight, Timestamp now);
  Gathered take(Flight& flight, Packet& packet, const FragmentSpan& span);
  Gathered finish(Flight& flight, const PacketFacts& last, uint32_t offset, Packet& packet);
  Gathered add_ipv4(Packet& packet, uint32_t user, Timestamp now);
  Gathered add_ipv6(Packet& packet, uint32_t user, Timestamp now);
};

// Null: beyond the memory limit.
Flight* Reassembly::State::find_or_begin(const Key& key, uint32_t source, Timestamp now) {
  ++counters.fragments;
  if (bytes > limits.high_bytes || limits.high_bytes == 0) {
    ++counters.refused;
    return nullptr;
  }
  if (const auto found = by_key.find(key); found != by_key.end()) return &*found->second;
  flights.push_back({.key = key, .datagram = {}, .deadline = now + limits.timeout, .source = source});
  by_key.emplace(key, std::prev(flights.end()));
  bytes += kFlightBytes;
  if (family == Family::Ipv4) ++sources[source].flights;
  return &flights.back();
}

void Reassembly::State::forget(Flight& flight) {
  bytes -= kFlightBytes + flight.datagram.bytes();
  if (family == Family::Ipv4) {
    const auto source = sources.find(flight.source);
    if (--source->second.flights == 0) sources.erase(source);
  }
  const auto found = by_key.find(flight.key);
  const auto place = found->second;
  by_key.erase(found);
  flights.erase(place);
}

bool Reassembly::State::is_too_far(Flight& flight) {
  if (limits.max_distance == 0) return false;
  const uint32_t before = std::exchange(flight.sequence, ++sources[flight.source].fragments);
  return !flight.datagram.empty() && flight.sequence - before > limits.max_distance;
}

void Reassembly::State::begin_anew(Flight& flight, Timestamp now) {
  ++counters.restarts;
  bytes -= flight.datagram.bytes();
  flight.datagram.restart();
  flight.deadline = now + limits.timeout;
  flights.splice(flights.end(), flights, by_key.find(flight.key)->second);
}

Gathered Reassembly::State::take(Flight& flight, Packet& packet, const FragmentSpan& span) {
  const PacketFacts facts = packet;
  const uint64_t before = flight.datagram.bytes();
  const Datagram::Fit fit = flight.datagram.add(packet, span);
  bytes += flight.datagram.bytes() - before;
  switch (fit) {
    case Datagram::Fit::Added:
      return flight.datagram.complete() ? finish(flight, facts, span.offset, packet) : Gathered::Held;
    case Datagram::Fit::Duplicate:
      ++counters.duplicates;
      return Gathered::Dropped;
    case Datagram::Fit::Contradicts:
      ++counters.bad;
      if (family == Family::Ipv4) forget(flight);
      return Gathered::Dropped;
    case Datagram::Fit::Overlaps:
      ++counters.overlaps;
      forget(flight);
      return Gathered::Dropped;
  }
  return Gathered::Dropped;
}

// `packet` was the fragment at `offset`; it is that again where no datagram comes of it.
Gathered Reassembly::State::finish(Flight& flight, const PacketFacts& last, uint32_t offset, Packet& packet) {
  const Datagram::Join join = flight.datagram.join(last, packet);
  if (join != Datagram::Join::Done) packet = flight.datagram.release(offset);
  forget(flight);
  counters.reassembled += join == Datagram::Join::Done;
  counters.too_large += join == Datagram::Join::TooLarge;
  counters.bad += join == Datagram::Join::BadEcn;
  return join == Datagram::Join::Done ? Gathered::Whole : Gathered::Dropped;
}

Gathered Reassembly::State::add_ipv4(Packet& packet, uint32_t user, Timestamp now) {
  if (packet.fragment_offset == 0 && !packet.more_fragments) return Gathered::Passed;
  Flight* const flight = find_or_begin(ipv4_key(packet, user), load_raw32(packet.source_bytes()), now);
  if (flight == nullptr) return Gathered::Dropped;
  if (is_too_far(*flight)) begin_anew(*flight, now);
  return take(*flight, packet, ipv4_span(packet));
}

Gathered Reassembly::State::add_ipv6(Packet& packet, uint32_t user, Timestamp now) {
  const uint32_t payload = load_be16(packet.data() + 4);
  if (payload == 0) return Gathered::Passed;
  const auto place = find_fragment_header(packet);
  if (!place || transport_is_cut(packet)) return Gathered::Passed;
  const uint8_t* const header = packet.at(place->offset, kFragmentHeader);
  if (header == nullptr) return Gathered::Dropped;

  const uint16_t word = load_be16(header + 2);
  FragmentSpan span{.header = place->offset + kFragmentHeader,
                    .next_header_at = place->next_header_at,
                    .offset = word & 0xfff8u,
                    .more = (word & 1) != 0};
  span.end = span.offset + payload + kIpv6Header - span.header;
  Flight* const flight = find_or_begin(ipv6_key(packet, span, user), 0, now);
  if (flight == nullptr) return Gathered::Dropped;
  if (span.end > kLargest) {
    ++counters.too_large;
    return Gathered::Dropped;
  }
  if (span.more && (span.end & 7) != 0) {  // the kernel leaves the complaint to whom it is for
    ++counters.bad;
    forget(*flight);
    return Gathered::Passed;
  }
  return take(*flight, packet, span);
}

Reassembly::Reassembly(Family family, const ReassemblyLimits& limits, const std::array<uint64_t, 2>& key)
    : state_(std::make_unique<State>(family, limits, key)) {}
Reassembly::~Reassembly() = default;

Gathered Reassembly::add(Packet& packet, uint32_t user, Timestamp now) {
  expire(now);
  return state_->family == Family::Ipv4 ? state_->add_ipv4(packet, user, now) : state_->add_ipv6(packet, user, now);
}

void Reassembly::expire(Timestamp now) {
  while (!state_->flights.empty() && state_->flights.front().deadline <= now) {
    ++state_->counters.timeouts;
    state_->forget(state_->flights.front());
  }
}

const ReassemblyCounters& Reassembly::counters() const { return state_->counters; }
uint64_t Reassembly::held_bytes() const { return state_->bytes; }
size_t Reassembly::held_datagrams() const { return state_->flights.size(); }

}  // namespace sallyport
