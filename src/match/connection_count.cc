// How many connections each host or network has. Counterpart of net/netfilter/nf_conncount.c.
//
// What was once counted is looked up by its tuple whenever its host is counted again: one that is not there any more,
// or whose TCP is closed, is struck off. Nobody tells this table when a connection ends.
//
// A packet of a connection that is assured counts nothing, though it may strike others off. So a host whose connections
// have all been closed has 0 of them when one more of their packets comes, and that drops it, in the kernel as here.

#include "match/connection_count.h"

#include <algorithm>
#include <bit>
#include <cstdlib>

#include "sallyport/random.h"

namespace sallyport {
namespace {

constexpr Duration kTick = kSecond / 250;  // CONFIG_HZ
// After so many a list is left as it is.
constexpr uint32_t kMostStruck = 64;
// So many hosts are looked at for room.
constexpr uint32_t kLooks = 64;

bool is_closed(const Connection& connection) {
  return connection.protocol == kTcp &&
         (connection.tcp.state == TcpState::TimeWait || connection.tcp.state == TcpState::Close);
}

uint16_t id_of(Zone zone) { return zone.original != 0 ? zone.original : zone.reply; }

}  // namespace

ConnectionCount::ConnectionCount(const ConnectionFinder& connections, uint32_t most)
    : connections_(connections),
      most_(std::max(most, 1u)),
      mask_(std::bit_ceil(most_) - 1),
      // Zeros that take no memory until they are written to.
      buckets_(static_cast<uint32_t*>(std::calloc(size_t{mask_} + 1, sizeof(uint32_t))), std::free),
      hosts_(1),
      entries_(1) {}

std::optional<ConnectionCount::Newcomer> ConnectionCount::newcomer_of(const Packet& packet, Timestamp now) const {
  if (const Connection* connection = packet.connection; connection != nullptr) {
    return Newcomer{
        .tuple = connection->tuple(Direction::Original), .zone = connection->zone(), .status = connection->status};
  }
  Newcomer newcomer;
  if (packet.connection_template != nullptr) newcomer.zone = packet.connection_template->zone;
  const auto tuple = connections_.tuple_for(packet);
  if (!tuple) return std::nullopt;
  newcomer.tuple = *tuple;
  const Connection* connection = connections_.find_connection(*tuple, newcomer.zone, now);
  if (connection != nullptr) newcomer.status = connection->status;
  return newcomer;
}

uint32_t ConnectionCount::count(const IpAddress& of, const Packet& packet, HookContext& context) {
  if (!keyed_) {
    key_ = {context.random->next64(), context.random->next64()};
    keyed_ = true;
  }
  const Timestamp now = context.now();
  const int64_t tick = now / kTick;
  const auto newcomer = newcomer_of(packet, now);
  if (!newcomer) return 0;
  const Key key = {of.bytes, id_of(newcomer->zone)};
  const uint32_t number = find(key);
  if (number == 0) {
    const uint32_t added = add_host(key, tick, now);
    return added != 0 && append(hosts_[added], *newcomer, now) ? 1 : 0;
  }
  Host& host = hosts_[number];
  const bool confirmed = (newcomer->status & kStatusConfirmed) != 0;
  if (confirmed && (newcomer->status & kStatusAssured) != 0) {
    if (host.count != 0 && host.struck_at != tick) {
      strike_ended(host, now);
      host.struck_at = tick;
      host.count_when_struck = host.count;
    }
    return host.count;
  }
  // What is known already may be in the list, which must then not be added to.
  if (confirmed || host.struck_at != tick || host.count - host.count_when_struck >= kMostStruck) {
    if (strike_ended_up_to(host, *newcomer, now)) return host.count;
    host.struck_at = tick;
    host.count_when_struck = host.count;
  }
  return append(host, *newcomer, now) ? host.count : 0;
}

uint32_t& ConnectionCount::bucket_of(const Key& key) {
  return buckets_[siphash13<sizeof(Key)>(reinterpret_cast<const uint8_t*>(&key), key_) & mask_];
}

uint32_t ConnectionCount::find(const Key& key) {
  uint32_t number = bucket_of(key);
  while (number != 0 && hosts_[number].key != key) number = hosts_[number].next_in_bucket;
  return number;
}

uint32_t ConnectionCount::add_host(const Key& key, int64_t tick, Timestamp now) {
  if (host_count_ >= most_) make_room(now, nullptr);
  if (host_count_ >= most_) return 0;
  uint32_t number = free_host_;
  if (number != 0) {
    free_host_ = hosts_[number].next_in_bucket;
  } else {
    number = static_cast<uint32_t>(hosts_.size());
    hosts_.emplace_back();
  }
  uint32_t& bucket = bucket_of(key);
  hosts_[number] = {.key = key, .next_in_bucket = bucket, .struck_at = tick};
  bucket = number;
  ++host_count_;
  return number;
}

bool ConnectionCount::append(Host& host, const Newcomer& newcomer, Timestamp now) {
  if (entry_count_ >= most_) make_room(now, &host);
  if (entry_count_ >= most_) return false;
  uint32_t number = free_entry_;
  if (number != 0) {
    free_entry_ = entries_[number].next;
  } else {
    number = static_cast<uint32_t>(entries_.size());
    entries_.emplace_back();
  }
  entries_[number] = {.tuple = newcomer.tuple, .zone = newcomer.zone};
  (host.first == 0 ? host.first : entries_[host.last].next) = number;
  host.last = number;
  ++host.count;
  ++entry_count_;
  return true;
}

bool ConnectionCount::is_over(const Entry& entry, Timestamp now) const {
  const Connection* connection = connections_.find_connection(entry.tuple, entry.zone, now);
  return connection == nullptr || is_closed(*connection);
}

uint32_t ConnectionCount::strike(Host& host, uint32_t previous) {
  uint32_t& link = previous == 0 ? host.first : entries_[previous].next;
  const uint32_t struck = link;
  link = entries_[struck].next;
  if (host.last == struck) host.last = previous;
  entries_[struck].next = free_entry_;
  free_entry_ = struck;
  --host.count;
  --entry_count_;
  return previous == 0 ? host.first : entries_[previous].next;
}

// Goes on until, enough having been struck, it meets one that lives.
void ConnectionCount::strike_ended(Host& host, Timestamp now) {
  uint32_t struck = 0, previous = 0;
  for (uint32_t number = host.first; number != 0;) {
    if (is_over(entries_[number], now)) {
      number = strike(host, previous);
      ++struck;
      continue;
    }
    if (struck > kMostStruck) return;
    previous = number;
    number = entries_[number].next;
  }
}

// Goes on until enough have been struck. True: the newcomer has been met; that it is closed does not matter then.
bool ConnectionCount::strike_ended_up_to(Host& host, const Newcomer& newcomer, Timestamp now) {
  uint32_t struck = 0, previous = 0;
  for (uint32_t number = host.first; number != 0 && struck <= kMostStruck;) {
    const Entry& entry = entries_[number];
    const Connection* connection = connections_.find_connection(entry.tuple, entry.zone, now);
    if (connection != nullptr && entry.tuple == newcomer.tuple && entry.zone == newcomer.zone) return true;
    if (connection == nullptr || is_closed(*connection)) {
      number = strike(host, previous);
      ++struck;
      continue;
    }
    previous = number;
    number = entry.next;
  }
  return false;
}

// Looks at some hosts in turn: strikes off what has ended, forgets those that have nothing left.
void ConnectionCount::make_room(Timestamp now, const Host* needed) {
  for (uint32_t i = 0; i < kLooks; ++i) {
    if (++hand_ >= hosts_.size()) hand_ = 1;
    Host& host = hosts_[hand_];
    if (host.count != 0) strike_ended(host, now);
    if (host.count != 0 || &host == needed) continue;
    uint32_t* link = &bucket_of(host.key);
    while (*link != 0 && *link != hand_) link = &hosts_[*link].next_in_bucket;
    if (*link == 0) continue;  // free already
    *link = host.next_in_bucket;
    host.next_in_bucket = free_host_;
    free_host_ = hand_;
    --host_count_;
  }
}

}  // namespace sallyport
