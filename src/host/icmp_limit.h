// How many ICMP errors a machine sends: per peer and in all, as net.ipv4.icmp_ratelimit, icmp_ratemask and
// icmp_msgs_per_sec say (and their IPv6 kin).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sallyport/clock.h"
#include "sallyport/host.h"

namespace sallyport {

// Token buckets. Peers are kept in a table of fixed size: a newcomer takes the place of whoever is there, which can
// only let more through, as the kernel's does when it forgets peers. One thread.
class IcmpLimit {
 public:
  IcmpLimit(const Router& router, uint64_t seed);

  // Whether an error of `type` may be sent to `to` now; takes the tokens if so.
  bool allows(const IpAddress& to, uint8_t type, Timestamp now);

 private:
  struct Peer {
    IpAddress address = {};
    int64_t tokens_ms = 0;
    int64_t last_ms = 0;
    bool used = false;
  };
  struct FamilyLimit {
    int64_t interval_ms = 1000;
    std::array<uint64_t, 4> limited_types = {};  // a bit for each type
  };

  bool is_limited(Family family, uint8_t type) const;
  bool take_from_peer(const IpAddress& to, int64_t interval_ms, int64_t now_ms);
  bool take_from_all(int64_t now_ms);
  Peer& peer_of(const IpAddress& to);

  std::array<FamilyLimit, 2> families_;
  int64_t messages_per_second_ = 1000;
  int64_t burst_ = 50;
  int64_t credit_ = 0;
  int64_t credit_stamp_ms_ = 0;
  bool begun_ = false;
  uint64_t seed_;
  std::vector<Peer> peers_;
};

}  // namespace sallyport
