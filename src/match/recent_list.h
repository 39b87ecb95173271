// A list of -m recent: addresses, and when each was seen lately.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "sallyport/address.h"
#include "sallyport/clock.h"
#include "sallyport/large_memory.h"
#include "sallyport/shared_state.h"
#include "sallyport/siphash.h"

namespace sallyport {

// Shared by all rules that name it, of both families; the mask is that of the first of them. Holds kMostAddresses; one
// more takes the place of the one that was seen longest ago. Of each address the latest times are kept, as many as the
// rules' hit counts ask for. Set-up takes all memory. One thread.
class RecentList final : public SharedObject {
 public:
  static constexpr uint32_t kMostAddresses = 100;  // the module's parameter ip_list_tot
  // Times are ticks of the kernel's clock.
  static constexpr Duration kTick = kSecond / 250;

  struct Entry {
    IpAddress address = {};
    uint8_t ttl = 0;
    uint16_t next_time = 0;  // where the next time goes, before it wraps around
    uint16_t times = 0;
    uint32_t next_in_bucket = 0;
    uint32_t older = 0;
    uint32_t newer = 0;
  };

  // The bytes of the mask count for both families.
  RecentList(const std::array<uint8_t, 16>& mask, const SipHashKey& key);

  // While rules are set up: a rule asks for so many hits, 0 for any number. More times than there was room for empty
  // the list.
  void make_room_for(uint32_t hits);

  IpAddress masked(Family family, const uint8_t* address) const;
  // Null where it is not there. A ttl other than 0 must be that of the entry, where this has one.
  Entry* find(const IpAddress& address, uint8_t ttl);
  void add(const IpAddress& address, uint8_t ttl, int64_t tick);
  void see_again(Entry& entry, uint8_t ttl, int64_t tick);
  void remove(Entry& entry);
  // Removes the entry that was seen longest ago where that was before `since`; not `spared`.
  void reap(int64_t since, const Entry* spared);
  // Whether at least `hits` (0: one) of its times lie not before `since`.
  bool seen(const Entry& entry, uint32_t hits, int64_t since) const;

  // As /proc/net/xt_recent/NAME, the one seen longest ago first; ticks are counted from 1970, not from the machine's
  // start.
  std::string listing(Timestamp now) const override;

 private:
  static constexpr uint32_t kBuckets = 128;  // the module's ip_list_hash_size for so many addresses
  static constexpr uint32_t kUsualTimes = 32;

  uint32_t& bucket_of(const IpAddress& address);
  uint32_t number_of(const Entry& entry) const { return static_cast<uint32_t>(&entry - entries_.data()); }
  int64_t* times_of(const Entry& entry) const { return times_.get() + size_t{number_of(entry)} * times_each_; }
  int64_t last_time(const Entry& entry) const;
  void unlink_age(Entry& entry);
  void link_newest(Entry& entry);

  std::array<uint8_t, 16> mask_;
  SipHashKey key_;
  uint32_t times_each_ = 0;  // a power of two
  LargeArray<int64_t> times_;
  // Number 0 is no entry: its `newer` is the oldest, its `older` the newest.
  std::vector<Entry> entries_;
  std::array<uint32_t, kBuckets> buckets_ = {};
  uint32_t free_ = 0;  // chained by next_in_bucket
  uint32_t size_ = 0;
};

}  // namespace sallyport
