// How much a honeypot may reach out: new connections in all, and to each destination, over a period. An attacker who
// sits in it sees a machine that works; nobody else is attacked from it for long. The limits are those of Honeywall.
#pragma once

#include <sallyport/address.h>
#include <sallyport/bounded_table.h>

#include <algorithm>
#include <cstdint>

namespace honeypot {

struct Limits {
  uint32_t in_all = 20;
  uint32_t each = 5;
  sallyport::Duration period = 3600 * sallyport::kSecond;
};

enum class Reach : uint8_t { Allowed, TooManyEach, TooManyInAll };

// A limit of N in a period lets N through at once, then one whenever an N-th of the period has passed: `empty_at` is
// when nothing of what went through counts any more.
class Outbound {
 public:
  Outbound(const Limits& limits, const sallyport::SipHashKey& key)
      : limits_(limits), each_(kDestinations, limits.period, key) {}

  Reach reach(const sallyport::IpAddress& destination, sallyport::Timestamp now) {
    sallyport::Timestamp& each = each_.at(destination, now);
    if (!has_room(each, limits_.each, now)) return Reach::TooManyEach;
    if (!has_room(all_, limits_.in_all, now)) return Reach::TooManyInAll;
    take(each, limits_.each, now);
    take(all_, limits_.in_all, now);
    return Reach::Allowed;
  }

 private:
  // A destination beyond these begins anew, but the limit in all holds.
  static constexpr uint32_t kDestinations = 4096;

  bool has_room(sallyport::Timestamp empty_at, uint32_t limit, sallyport::Timestamp now) const {
    return limit != 0 && std::max(empty_at, now) - now + limits_.period / limit <= limits_.period;
  }
  void take(sallyport::Timestamp& empty_at, uint32_t limit, sallyport::Timestamp now) const {
    empty_at = std::max(empty_at, now) + limits_.period / limit;
  }

  Limits limits_;
  sallyport::Timestamp all_ = 0;
  sallyport::BoundedTable<sallyport::IpAddress, sallyport::Timestamp> each_;
};

}  // namespace honeypot
