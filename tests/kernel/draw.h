// Chance with handles, and the small pools of values that rules and packets share, so that every condition is met and
// missed often.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/address.h"
#include "sallyport/random.h"

namespace sallyport::kernel {

class Draw {
 public:
  Draw(uint64_t seed, Family family)
      : random_(seed), family_(family), sender_(static_cast<uint32_t>(seed) * kSendersOfCase) {}

  Family family() const { return family_; }
  bool v6() const { return family_ == Family::Ipv6; }
  // [0, bound)
  uint32_t below(uint32_t bound) { return random_.below(bound); }
  // [from, to]
  uint32_t between(uint32_t from, uint32_t to) { return from + random_.below(to - from + 1); }
  uint32_t word() { return random_.next32(); }
  bool chance(uint32_t percent) { return random_.below(100) < percent; }
  template <class T>
  const T& pick(std::span<const T> values) {
    return values[random_.below(static_cast<uint32_t>(values.size()))];
  }
  template <class T, size_t N>
  const T& pick(const T (&values)[N]) {
    return values[random_.below(N)];
  }
  template <class T>
  T pick(std::initializer_list<T> values) {
    return values.begin()[random_.below(static_cast<uint32_t>(values.size()))];
  }
  // For datagrams that come in fragments: one that came long ago may still wait for its first.
  uint32_t next_identification() { return ++identification_; }
  // "! " now and then.
  std::string_view maybe_not() { return chance(30) ? "! " : ""; }

  // The lower half of an IPv4 address that no host has, and that neither this case nor the cases of the seeds around
  // it have given before.
  uint16_t new_sender() { return static_cast<uint16_t>(0x8000u | (sender_++ & 0x3fffu)); }

 private:
  static constexpr uint32_t kSendersOfCase = 100;

  Random random_;
  Family family_;
  uint32_t identification_ = 0;
  uint32_t sender_;
};

// Values of both generators.
namespace pool {

constexpr uint16_t kPorts[] = {0, 1, 22, 53, 80, 443, 1023, 1024, 5060, 8080, 40000, 65535};
constexpr uint8_t kTtls[] = {0, 1, 2, 3, 32, 63, 64, 65, 128, 255};
constexpr uint8_t kTos[] = {0x00, 0x01, 0x02, 0x03, 0x04, 0x08, 0x10, 0x1c, 0x28, 0x48, 0x88, 0xb8, 0xb9, 0xe0, 0xff};
constexpr uint32_t kMarks[] = {0, 1, 2, 3, 0x10, 0x40, 0x41, 0x4f, 0xff, 0x80000000, 0xdeadbeef};
constexpr uint32_t kSpis[] = {0, 1, 100, 256, 0x1000, 0x7fffffff, 0xffffffff};
constexpr uint16_t kLengths[] = {20, 28, 40, 44, 48, 52, 60, 64, 84, 100, 128, 576, 1000, 1280, 1400, 1401, 1500, 1501};
constexpr uint16_t kSegmentSizes[] = {0, 1, 536, 1000, 1220, 1360, 1400, 1460, 8960, 65495};
constexpr uint8_t kDccpOptions[] = {1, 2, 32, 36, 44, 128};
constexpr uint8_t kTcpOptions[] = {1, 2, 3, 4, 5, 8, 19, 30, 34, 254};

// Addresses of hosts on an interface's network (an index into kWorldInterfaces), and of everything else: the world's
// own, broadcast, multicast, unroutable, believable and not.
std::span<const IpAddress> hosts(Family family, size_t interface);
std::span<const IpAddress> own(Family family);
std::span<const IpAddress> odd(Family family);
std::span<const IpAddress> all(Family family);
// Ethernet addresses of senders.
std::span<const std::array<uint8_t, 6>> macs();

}  // namespace pool
}  // namespace sallyport::kernel
