// Who is led to a honeypot, and until when. All leases are linked in the order in which they run out, so who is next is
// always at hand. At most a stated number of them; where it is reached, of 16 in turn the one goes that was used least
// lately.
#pragma once

#include <sallyport/address.h>
#include <sallyport/bounded_table.h>

#include <cstdint>
#include <limits>
#include <string>
#include <utility>

namespace honeypot {

using sallyport::Duration;
using sallyport::IpAddress;
using sallyport::Timestamp;

// Where connections are led. Port 0: each keeps its own.
struct Place {
  IpAddress address = {};
  uint16_t port = 0;
};

struct Traffic {
  uint64_t packets_to = 0, packets_from = 0;  // as the honeypot sees it
  uint64_t bytes_to = 0, bytes_from = 0;

  void add(bool to, uint32_t bytes) {
    ++(to ? packets_to : packets_from);
    (to ? bytes_to : bytes_from) += bytes;
  }
};

struct Lease {
  uint64_t number = 0;  // from 1; 0: a fresh one
  Timestamp since = 0;
  Timestamp until = 0;
  Place place = {};
  IpAddress asked = {};  // what the source last wanted to reach; unspecified: nothing yet
  uint64_t triggers = 0;
  uint64_t connections = 0;
  Traffic traffic = {};
  bool log = false;

  static constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();
  uint32_t sooner = kNone, later = kNone;
};

// What a rule orders.
struct Order {
  static constexpr Duration kUsualLease = 3600 * sallyport::kSecond;
  Place place = {};
  Duration lease = kUsualLease;
  bool log = false;
  std::string table = {};
  std::string chain = {};
  uint32_t line = 0;
};

// A connection that was led away.
struct Steered {
  uint64_t lease = 0;  // its number; 0: none
  IpAddress source = {};
  Timestamp since = 0;
  Traffic traffic = {};
  uint8_t answer_ttl = 0;  // 0: it has not been answered yet
  bool told = false;       // its end
};

enum class End : uint8_t { Time, Command, Rule, Room };

// Ended is called with (source, lease, why) before a lease is gone.
template <class Ended>
class Leases {
 public:
  Leases(uint32_t most, const sallyport::SipHashKey& key, Ended ended)
      : ended_(std::move(ended)), table_(most, 0, key) {
    table_.on_gone([this](const IpAddress& source, Lease& lease) {
      unlink(lease);
      ended_(source, lease, why_);
    });
  }
  Leases(const Leases&) = delete;
  Leases& operator=(const Leases&) = delete;

  Lease* find(const IpAddress& source, Timestamp now) { return empty() ? nullptr : table_.find(source, now); }
  bool empty() const { return first_ == Lease::kNone; }

  // The lease of the source, which then runs until `until` at least. A fresh one has no place yet.
  Lease& extend(const IpAddress& source, Timestamp until, Timestamp now) {
    Lease& lease = table_.at(source, now);
    if (lease.number != 0) {
      if (lease.until >= until) return lease;
      unlink(lease);
    } else {
      lease.number = ++last_number_;
      lease.since = now;
    }
    lease.until = until;
    link(lease);
    return lease;
  }
  bool end(const IpAddress& source, End why, Timestamp now) {
    Lease* const lease = find(source, now);
    if (lease == nullptr) return false;
    erase(*lease, why);
    return true;
  }
  void end_those_past(Timestamp now) {
    while (!empty() && table_.value_at(first_).until <= now) erase(table_.value_at(first_), End::Time);
  }

  // Calls with (source, lease), first those that run out first.
  template <class Call>
  void for_each(Call&& call) const {
    for (uint32_t at = first_; at != Lease::kNone; at = table_.value_at(at).later) {
      call(table_.key_at(at), table_.value_at(at));
    }
  }

 private:
  void erase(Lease& lease, End why) {
    why_ = why;
    table_.erase(lease);
    why_ = End::Room;
  }

  // Leases of equal length come in their order: then the search from behind ends at once.
  void link(Lease& lease) {
    uint32_t before = last_;
    while (before != Lease::kNone && table_.value_at(before).until > lease.until) {
      before = table_.value_at(before).sooner;
    }
    const uint32_t number = table_.number_of(lease);
    lease.sooner = before;
    lease.later = before == Lease::kNone ? first_ : table_.value_at(before).later;
    (before == Lease::kNone ? first_ : table_.value_at(before).later) = number;
    (lease.later == Lease::kNone ? last_ : table_.value_at(lease.later).sooner) = number;
  }
  void unlink(const Lease& lease) {
    (lease.sooner == Lease::kNone ? first_ : table_.value_at(lease.sooner).later) = lease.later;
    (lease.later == Lease::kNone ? last_ : table_.value_at(lease.later).sooner) = lease.sooner;
  }

  Ended ended_;
  sallyport::BoundedTable<IpAddress, Lease> table_;
  uint32_t first_ = Lease::kNone, last_ = Lease::kNone;
  uint64_t last_number_ = 0;
  End why_ = End::Room;  // why what goes now has to go
};

}  // namespace honeypot
