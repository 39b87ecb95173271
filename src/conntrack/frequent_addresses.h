// The addresses that occur most, in bounded memory: Misra and Gries' counters (1982).
//
// Open addressing, half full at most. When the bound is reached, the count that half of the addresses do not exceed is
// taken from every count, and whoever has nothing left is forgotten: so a count is too low by at most the sum of what
// was taken, `error()`, and an address with more connections than that is never lost.
#pragma once

#include <cstdint>
#include <vector>

#include "sallyport/connection_summary.h"
#include "wire/siphash.h"

namespace sallyport {

class FrequentAddresses {
 public:
  static constexpr size_t kMost = 1u << 17;

  explicit FrequentAddresses(const SipHashKey& key) : key_(key), slots_(1024) {}

  void add(const IpAddress& address, bool unreplied, uint64_t bytes);
  std::vector<AddressCount> top(size_t count, SummaryOrder order) const;
  uint64_t size() const { return used_; }
  uint64_t error() const { return error_; }

 private:
  AddressCount& slot(std::vector<AddressCount>& slots, const IpAddress& address) const;
  void resize(size_t slots);
  void forget_the_rare();

  SipHashKey key_;
  std::vector<AddressCount> slots_;  // `connections` 0: free
  size_t used_ = 0;
  uint64_t error_ = 0;
};

}  // namespace sallyport
