// What the TTL would give away: that answers come from a machine that is nearer or farther than the one that was asked.
//
// With which TTL a machine's answers leave is learnt from those that it gives itself. A honeypot's answers get the TTL
// of the machine in whose place it stands, and what is sent to it arrives as used up as it would there. A connection
// keeps what its first answer had.
#pragma once

#include <sallyport/address.h>
#include <sallyport/bounded_table.h>
#include <sallyport/packet.h>

#include <cstdint>
#include <cstring>

namespace honeypot {

// A checksum for words that change (RFC 1624).
class ChecksumChange {
 public:
  // Writes an even number of bytes in the place of those there.
  void write(uint8_t* to, const uint8_t* from, size_t count) {
    for (size_t i = 0; i < count; i += 2) {
      sum_ += static_cast<uint16_t>(~sallyport::load_be16(to + i)) + uint32_t{sallyport::load_be16(from + i)};
    }
    std::memcpy(to, from, count);
  }
  void apply(uint8_t* checksum) {
    sum_ += static_cast<uint16_t>(~sallyport::load_be16(checksum));
    sum_ = (sum_ & 0xffff) + (sum_ >> 16);
    sum_ = (sum_ & 0xffff) + (sum_ >> 16);
    sallyport::store_be16(checksum, static_cast<uint16_t>(~sum_));
  }

 private:
  uint32_t sum_ = 0;
};

// Sets the TTL or hop limit.
inline void set_ttl(sallyport::Packet& packet, uint8_t ttl) {
  uint8_t* const ip = packet.data();
  if (packet.family == sallyport::Family::Ipv6) {
    ip[7] = ttl;
    return;
  }
  const uint8_t word[2] = {ttl, ip[9]};
  ChecksumChange change;
  change.write(ip + 8, word, sizeof word);
  change.apply(ip + 10);
}

// Gives an ICMP error another source.
inline void set_source(sallyport::Packet& error, const sallyport::IpAddress& source) {
  const bool ipv4 = error.family == sallyport::Family::Ipv4;
  uint8_t* const icmp = error.transport(4);
  if (icmp == nullptr || source.family != error.family) return;
  ChecksumChange change;
  change.write(error.data() + (ipv4 ? 12 : 8), source.bytes.data(), ipv4 ? 4 : 16);
  // Only ICMPv6's own covers addresses.
  change.apply(ipv4 ? error.data() + 10 : icmp + 2);
}

class Disguise {
 public:
  // `otherwise`: the TTL of machines that have not been heard yet; 0: the honeypot's own.
  Disguise(uint8_t otherwise, const sallyport::SipHashKey& key) : otherwise_(otherwise), ttls_(kMachines, 0, key) {}

  void learn(const sallyport::IpAddress& machine, uint8_t ttl, sallyport::Timestamp now) {
    ttls_.at(machine, now) = ttl;
  }

  // For an answer of `honeypot` that had `ttl`, in the place of `asked`.
  uint8_t ttl_of_answer(const sallyport::IpAddress& asked, uint8_t ttl, sallyport::Timestamp now) {
    if (const uint8_t* const known = ttls_.find(asked, now)) return *known;
    return otherwise_ != 0 ? otherwise_ : ttl;
  }

  // By how much more a packet is used up on its way to the honeypot than on that to `asked`; 0 where either is unknown.
  int detour(const sallyport::IpAddress& asked, const sallyport::IpAddress& honeypot, sallyport::Timestamp now) {
    const uint8_t* const real = ttls_.find(asked, now);
    const uint8_t* const false_one = ttls_.find(honeypot, now);
    return real == nullptr || false_one == nullptr ? 0 : distance(*false_one) - distance(*real);
  }

 private:
  static constexpr uint32_t kMachines = 65'536;

  // Systems begin with one of these.
  static int distance(uint8_t ttl) {
    for (const int first : {32, 64, 128}) {
      if (ttl <= first) return first - ttl;
    }
    return 255 - ttl;
  }

  uint8_t otherwise_;
  sallyport::BoundedTable<sallyport::IpAddress, uint8_t> ttls_;
};

}  // namespace honeypot
