// Tables of -m hashlimit. Counterpart of the tables and buckets of net/netfilter/xt_hashlimit.c.
//
// Packets: a bucket gains 2^39 credits a tick and a packet costs as many as its rate has ticks. Bytes: a bucket holds a
// second's worth, 16 bytes and what is begun of 16 more have a cost, and the burst says how often an empty bucket is
// filled up without waiting. Rate match: what comes in an interval is compared with the rate, and an interval behind
// one that was over is over as a whole.
//
// What has expired is forgotten when the kernel's collection next comes by, and lives on if it is used before. Here
// nobody comes by: whether a collection lay in between is worked out when the entry is looked at.

#include "match/hashlimit_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>

#include "sallyport/bytes.h"

namespace sallyport {
namespace {

constexpr uint32_t kTicksPerSecond = 250;  // CONFIG_HZ
constexpr Duration kTick = kSecond / kTicksPerSecond;
constexpr uint64_t kCreditsPerTick = uint64_t{1} << 39;
constexpr uint64_t kByteCreditsPerTick = uint64_t{1} << 24;
constexpr uint64_t kByteCreditsPerSecond = kByteCreditsPerTick * kTicksPerSecond;

// As the kernel turns milliseconds into ticks: never less, and what is negative as an int is for ever.
int64_t ticks_of(uint32_t milliseconds) {
  constexpr uint32_t kMillisecondsPerTick = 1000 / kTicksPerSecond;
  if (milliseconds > static_cast<uint32_t>(std::numeric_limits<int32_t>::max())) {
    return std::numeric_limits<int64_t>::max() / 4;
  }
  return (milliseconds + kMillisecondsPerTick - 1) / kMillisecondsPerTick;
}

// Where behind its header's beginning a protocol has its ports; it has none.
std::optional<uint32_t> ports_offset(uint8_t protocol) {
  switch (protocol) {
    case kTcp:
    case kUdp:
    case kDccp:
    case kEsp:
    case kSctp:
    case kUdplite:
      return 0;
    case kAh:
      return 4;
    default:
      return std::nullopt;
  }
}

std::array<uint8_t, 16> masked(Family family, const uint8_t* address, const IpAddress& mask) {
  return (IpAddress::from(family, address) & mask).bytes;
}

void print_end(Family family, const std::array<uint8_t, 16>& address, const std::array<uint8_t, 2>& port,
               std::string& out) {
  if (family == Family::Ipv4) {
    out += IpAddress::from(family, address.data()).text();
  } else {
    for (size_t i = 0; i < address.size(); i += 2) {
      fmt::format_to(std::back_inserter(out), "{}{:04x}", i == 0 ? "" : ":", load_be16(&address[i]));
    }
  }
  out += fmt::format(":{}", load_be16(port.data()));
}

}  // namespace

HashlimitTable::HashlimitTable(const HashlimitTraits& traits, const SipHashKey& key)
    : traits_(traits),
      expire_ticks_(ticks_of(traits.expire_ms)),
      collect_ticks_(ticks_of(traits.collect_ms)),
      entries_(traits.most, 0, key) {}

HashlimitTable::Answer HashlimitTable::ask(const Packet& packet, bool of_bytes, bool rate_match, Timestamp now) {
  const auto key = key_of(packet);
  if (!key) return Answer::Unknown;
  Entry* entry = find_or_add(*key, now / kTick, now);
  if (entry == nullptr) return Answer::Unknown;
  if (rate_match) {
    entry->cap += of_bytes ? packet.length : 1;
    return entry->credit >> 32 == 0 && entry->cap <= entry->burst ? Answer::Under : Answer::Over;
  }
  const uint64_t cost = of_bytes ? byte_cost(packet, *entry) : entry->cost;
  if (entry->credit < cost) return Answer::Over;
  entry->credit -= cost;
  return Answer::Under;
}

// A packet whose headers end before its ports has no key where ports count.
std::optional<HashlimitTable::Key> HashlimitTable::key_of(const Packet& packet) const {
  Key key;
  if (traits_.modes & kBySource) key.source = masked(packet.family, packet.source_bytes(), traits_.source_mask);
  if (traits_.modes & kByDestination) {
    key.destination = masked(packet.family, packet.destination_bytes(), traits_.destination_mask);
  }
  if ((traits_.modes & (kBySourcePort | kByDestinationPort)) == 0) return key;
  if (packet.family == Family::Ipv6) {
    if (packet.fragment_offset != 0) return key;
    if (packet.transport_state == Transport::Missing || packet.protocol == kNoNextHeader) return std::nullopt;
  }
  // Of a later IPv4 fragment, whatever lies there.
  const auto offset = ports_offset(packet.protocol);
  if (!offset) return key;
  const uint8_t* ports = packet.at(packet.transport_offset + *offset, 4);
  if (ports == nullptr) return std::nullopt;
  if (traits_.modes & kBySourcePort) key.source_port = {ports[0], ports[1]};
  if (traits_.modes & kByDestinationPort) key.destination_port = {ports[2], ports[3]};
  return key;
}

HashlimitTable::Entry* HashlimitTable::find_or_add(const Key& key, int64_t tick, Timestamp now) {
  if (!began_) began_ = tick;
  Entry* entry = entries_.find(key, now);
  if (entry != nullptr && is_collected(*entry, tick)) {
    begin(*entry, tick);
  } else if (entry != nullptr) {
    go_on(*entry, tick);
  } else {
    if (entries_.size() == entries_.most()) collect(tick);
    if (entries_.size() == entries_.most()) return nullptr;
    entry = &entries_.at(key, now);
    begin(*entry, tick);
  }
  entry->expires = tick + expire_ticks_;
  return entry;
}

bool HashlimitTable::is_collected(const Entry& entry, int64_t tick) const {
  const int64_t collections = (tick - *began_) / collect_ticks_;
  return collections != 0 && entry.expires <= *began_ + collections * collect_ticks_;
}

// At most once for each time that the kernel would.
void HashlimitTable::collect(int64_t tick) {
  const int64_t collections = (tick - *began_) / collect_ticks_;
  if (collections == last_collected_) return;
  last_collected_ = collections;
  for (uint32_t number = 0; number < entries_.most(); ++number) {
    Entry& entry = entries_.value_at(number);
    if (!entry.in_use || !is_collected(entry, tick)) continue;
    entry.in_use = false;
    entries_.erase(entry);
  }
}

void HashlimitTable::begin(Entry& entry, int64_t tick) const {
  const HashlimitRate& rate = traits_.rate;
  entry = {.in_use = true, .counted = tick};
  if (traits_.rate_match) {
    entry.credit = traits_.interval_s;
    entry.cost = rate.per_interval();
    entry.burst = !rate.of_bytes ? rate.burst + entry.cost : rate.burst != 0 ? rate.burst * entry.cost : entry.cost;
  } else if (rate.of_bytes) {
    entry.credit = kByteCreditsPerSecond;
    entry.cost = rate.credits();
    entry.cap = rate.burst;
  } else {
    entry.credit = entry.cap = rate.burst_credits();
    entry.cost = rate.credits();
  }
}

void HashlimitTable::go_on(Entry& entry, int64_t tick) const {
  const auto passed = static_cast<uint64_t>(tick - entry.counted);
  if (passed == 0) return;
  if (traits_.rate_match) return next_interval(entry, tick);
  entry.counted = tick;
  const uint64_t before = entry.credit;
  uint64_t cap = entry.cap;
  if (traits_.rate.of_bytes) {
    cap = kByteCreditsPerSecond;
    entry.credit += kByteCreditsPerTick * passed;
    if (before >= entry.credit) entry.credit = cap;  // wrapped around
  } else {
    entry.credit += kCreditsPerTick * passed;
  }
  entry.credit = std::min(entry.credit, cap);
}

void HashlimitTable::next_interval(Entry& entry, int64_t tick) const {
  const auto passed = static_cast<uint64_t>(tick - entry.counted);
  const auto seconds = static_cast<uint32_t>(entry.credit);
  const uint64_t interval = seconds * kTicksPerSecond;  // in 32 bits, as the kernel multiplies
  if (passed < interval) return;
  entry.counted = tick;
  const uint64_t over = entry.cap * interval > passed * entry.cost ? 1 : 0;
  entry.credit = over << 32 | seconds;
  entry.cap = 0;
}

uint64_t HashlimitTable::byte_cost(const Packet& packet, Entry& entry) {
  const uint64_t cost = std::min(((packet.length >> 4) + 1) * entry.cost, kByteCreditsPerSecond);
  if (entry.credit < cost && entry.cap != 0) {
    --entry.cap;
    entry.credit = kByteCreditsPerSecond;
  }
  return cost;
}

std::string HashlimitTable::listing(Timestamp now) const {
  const int64_t tick = now / kTick;
  std::string out;
  for (uint32_t number = 0; number < entries_.most(); ++number) {
    Entry entry = entries_.value_at(number);
    if (!entry.in_use || is_collected(entry, tick)) continue;
    go_on(entry, tick);
    const Key& key = entries_.key_at(number);
    out += fmt::format("{} ", (entry.expires - tick) / kTicksPerSecond);
    print_end(traits_.family, key.source, key.source_port, out);
    out += "->";
    print_end(traits_.family, key.destination, key.destination_port, out);
    out += fmt::format(" {} {} {}\n", entry.credit, entry.cap, entry.cost);
  }
  return out;
}

}  // namespace sallyport
