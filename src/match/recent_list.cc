// The lists of -m recent. Counterpart of the tables of net/netfilter/xt_recent.c.
//
// An entry's times are a ring. Behind the last place the next one is the first again, and which is the latest is told
// by next_time, whose printed value ("oldest_pkt") counts from 1.

#include "match/recent_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <iterator>

#include "sallyport/bytes.h"

namespace sallyport {
namespace {

void print_address(const IpAddress& address, std::string& out) {
  if (address.family == Family::Ipv4) {
    out += address.text();
    return;
  }
  for (size_t i = 0; i < address.bytes.size(); i += 2) {
    fmt::format_to(std::back_inserter(out), "{}{:04x}", i == 0 ? "" : ":", load_be16(&address.bytes[i]));
  }
}

}  // namespace

RecentList::RecentList(const std::array<uint8_t, 16>& mask, const SipHashKey& key)
    : mask_(mask), key_(key), entries_(kMostAddresses + 1) {}

void RecentList::make_room_for(uint32_t hits) {
  const uint32_t each = hits == 0 ? kUsualTimes : std::bit_ceil(hits);
  if (each <= times_each_) return;
  times_each_ = each;
  times_ = large_array<int64_t>(entries_.size() * times_each_);
  std::ranges::fill(entries_, Entry{});
  buckets_ = {};
  size_ = 0;
  free_ = 0;
  for (uint32_t number = kMostAddresses; number != 0; --number) {
    entries_[number].next_in_bucket = free_;
    free_ = number;
  }
}

IpAddress RecentList::masked(Family family, const uint8_t* address) const {
  IpAddress masked = IpAddress::from(family, address);
  for (size_t i = 0; i < mask_.size(); ++i) masked.bytes[i] &= mask_[i];
  return masked;
}

uint32_t& RecentList::bucket_of(const IpAddress& address) {
  std::array<uint8_t, 24> bytes = {};
  std::ranges::copy(address.bytes, bytes.begin());
  bytes[address.bytes.size()] = static_cast<uint8_t>(address.family);
  return buckets_[siphash13<bytes.size()>(bytes.data(), key_) % kBuckets];
}

RecentList::Entry* RecentList::find(const IpAddress& address, uint8_t ttl) {
  for (uint32_t number = bucket_of(address); number != 0; number = entries_[number].next_in_bucket) {
    Entry& entry = entries_[number];
    if (entry.address == address && (ttl == 0 || entry.ttl == 0 || ttl == entry.ttl)) return &entry;
  }
  return nullptr;
}

void RecentList::add(const IpAddress& address, uint8_t ttl, int64_t tick) {
  if (size_ == kMostAddresses) remove(entries_[entries_[0].newer]);
  const uint32_t number = free_;
  Entry& entry = entries_[number];
  free_ = entry.next_in_bucket;
  uint32_t& bucket = bucket_of(address);
  entry = {.address = address, .ttl = ttl, .next_time = 1, .times = 1, .next_in_bucket = bucket};
  bucket = number;
  *times_of(entry) = tick;
  link_newest(entry);
  ++size_;
}

void RecentList::see_again(Entry& entry, uint8_t ttl, int64_t tick) {
  entry.next_time &= static_cast<uint16_t>(times_each_ - 1);
  times_of(entry)[entry.next_time++] = tick;
  entry.times = std::max(entry.times, entry.next_time);
  entry.ttl = ttl;
  unlink_age(entry);
  link_newest(entry);
}

void RecentList::remove(Entry& entry) {
  const uint32_t number = number_of(entry);
  uint32_t* link = &bucket_of(entry.address);
  while (*link != number) link = &entries_[*link].next_in_bucket;
  *link = entry.next_in_bucket;
  unlink_age(entry);
  entry.next_in_bucket = free_;
  free_ = number;
  --size_;
}

void RecentList::reap(int64_t since, const Entry* spared) {
  Entry& oldest = entries_[entries_[0].newer];
  if (&oldest != &entries_[0] && &oldest != spared && last_time(oldest) < since) remove(oldest);
}

bool RecentList::seen(const Entry& entry, uint32_t hits, int64_t since) const {
  const int64_t* times = times_of(entry);
  uint32_t found = 0;
  for (uint32_t i = 0; i < entry.times; ++i) {
    if (times[i] >= since && ++found >= hits) return true;
  }
  return false;
}

int64_t RecentList::last_time(const Entry& entry) const {
  return times_of(entry)[(entry.next_time - 1u) & (times_each_ - 1)];
}

void RecentList::unlink_age(Entry& entry) {
  entries_[entry.older].newer = entry.newer;
  entries_[entry.newer].older = entry.older;
}

void RecentList::link_newest(Entry& entry) {
  const uint32_t number = number_of(entry);
  entry.older = entries_[0].older;
  entry.newer = 0;
  entries_[entry.older].newer = number;
  entries_[0].older = number;
}

std::string RecentList::listing(Timestamp) const {
  std::string out;
  for (uint32_t number = entries_[0].newer; number != 0; number = entries_[number].newer) {
    const Entry& entry = entries_[number];
    out += "src=";
    print_address(entry.address, out);
    out += fmt::format(" ttl: {} last_seen: {} oldest_pkt: {}", entry.ttl, last_time(entry), entry.next_time);
    for (uint32_t i = 0; i < entry.times; ++i) out += fmt::format("{} {}", i == 0 ? "" : ",", times_of(entry)[i]);
    out += '\n';
  }
  return out;
}

}  // namespace sallyport
