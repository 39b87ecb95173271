// Token buckets for ICMP errors. Counterpart of icmp_global_allow() and icmpv4_xrlim_allow() in net/ipv4/icmp.c,
// inet_peer_xrlim_allow() in net/ipv4/inetpeer.c and icmpv6_xrlim_allow() in net/ipv6/icmp.c.
//
// Differs from the kernel: the global bucket loses no random extra tokens, so that a replay repeats itself.

#include "host/icmp_limit.h"

#include <algorithm>

namespace sallyport {
namespace {

constexpr size_t kPeers = 4096;
// A peer that was quiet may get so many errors at once.
constexpr int64_t kPeerBurst = 6;
constexpr uint8_t kFragmentationNeeded = 2;  // ICMPv6 packet too big is never limited

}  // namespace

IcmpLimit::IcmpLimit(const Router& router, uint64_t seed) : seed_(seed), peers_(kPeers) {
  families_[0].interval_ms = router.sysctl("net.ipv4.icmp_ratelimit");
  families_[0].limited_types[0] = static_cast<uint64_t>(router.sysctl("net.ipv4.icmp_ratemask"));
  families_[1].interval_ms = router.sysctl("net.ipv6.icmp.ratelimit");
  for (unsigned type = 0; type < 128; ++type) {
    if (type != kFragmentationNeeded) families_[1].limited_types[type / 64] |= uint64_t{1} << (type % 64);
  }
  messages_per_second_ = router.sysctl("net.ipv4.icmp_msgs_per_sec");
  burst_ = router.sysctl("net.ipv4.icmp_msgs_burst");
}

bool IcmpLimit::is_limited(Family family, uint8_t type) const {
  const FamilyLimit& limit = families_[static_cast<size_t>(family)];
  return ((limit.limited_types[type / 64] >> (type % 64)) & 1) != 0;
}

bool IcmpLimit::allows(const IpAddress& to, uint8_t type, Timestamp now) {
  if (!is_limited(to.family, type)) return true;
  const int64_t now_ms = now / kMillisecond;
  const int64_t interval_ms = families_[static_cast<size_t>(to.family)].interval_ms;
  if (interval_ms > 0 && !take_from_peer(to, interval_ms, now_ms)) return false;
  return take_from_all(now_ms);
}

IcmpLimit::Peer& IcmpLimit::peer_of(const IpAddress& to) {
  uint64_t hash = seed_;
  for (const uint8_t byte : to.view()) hash = (hash ^ byte) * 0x100000001b3u;
  hash ^= hash >> 32;
  return peers_[hash % kPeers];
}

bool IcmpLimit::take_from_peer(const IpAddress& to, int64_t interval_ms, int64_t now_ms) {
  Peer& peer = peer_of(to);
  if (!peer.used || peer.address != to) {
    peer = {.address = to, .tokens_ms = kPeerBurst * interval_ms, .last_ms = now_ms, .used = true};
  }
  peer.tokens_ms = std::min(peer.tokens_ms + (now_ms - peer.last_ms), kPeerBurst * interval_ms);
  peer.last_ms = now_ms;
  if (peer.tokens_ms < interval_ms) return false;
  peer.tokens_ms -= interval_ms;
  return true;
}

bool IcmpLimit::take_from_all(int64_t now_ms) {
  if (!begun_) {
    begun_ = true;
    credit_ = burst_;
    credit_stamp_ms_ = now_ms;
  }
  // New credit comes for whole steps of 20 ms at least.
  const int64_t elapsed_ms = std::min<int64_t>(now_ms - credit_stamp_ms_, 1000);
  if (elapsed_ms >= 20) {
    const int64_t gained = messages_per_second_ * elapsed_ms / 1000;
    if (gained > 0) {
      credit_ = std::min(credit_ + gained, burst_);
      credit_stamp_ms_ = now_ms;
    }
  }
  if (credit_ <= 0) return false;
  --credit_;
  return true;
}

}  // namespace sallyport
