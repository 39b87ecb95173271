// The addresses that occur most, in bounded memory.

#include "conntrack/frequent_addresses.h"

#include <algorithm>

namespace sallyport {

AddressCount& FrequentAddresses::slot(std::vector<AddressCount>& slots, const IpAddress& address) const {
  const size_t mask = slots.size() - 1;
  size_t at = siphash(address.view(), key_) & mask;
  while (slots[at].connections != 0 && slots[at].address != address) at = (at + 1) & mask;
  return slots[at];
}

void FrequentAddresses::resize(size_t count) {
  std::vector<AddressCount> larger(count);
  for (const AddressCount& kept : slots_) {
    if (kept.connections != 0) slot(larger, kept.address) = kept;
  }
  slots_ = std::move(larger);
}

void FrequentAddresses::forget_the_rare() {
  std::vector<uint64_t> counts;
  counts.reserve(used_);
  for (const AddressCount& kept : slots_) {
    if (kept.connections != 0) counts.push_back(kept.connections);
  }
  const auto middle = counts.begin() + static_cast<ptrdiff_t>(counts.size() / 2);
  std::ranges::nth_element(counts, middle);
  const uint64_t taken = *middle;
  error_ += taken;
  used_ = 0;
  for (AddressCount& kept : slots_) {
    kept.connections = kept.connections > taken ? kept.connections - taken : 0;
    if (kept.connections != 0) ++used_;
  }
  resize(slots_.size());
}

void FrequentAddresses::add(const IpAddress& address, bool unreplied, uint64_t bytes) {
  AddressCount* found = &slot(slots_, address);
  if (found->connections == 0) {
    if (used_ == kMost) forget_the_rare();
    if (used_ * 2 >= slots_.size()) resize(slots_.size() * 2);
    found = &slot(slots_, address);
    *found = {.address = address};
    ++used_;
  }
  ++found->connections;
  if (unreplied) ++found->unreplied;
  found->bytes += bytes;
}

std::vector<AddressCount> FrequentAddresses::top(size_t count, SummaryOrder order) const {
  std::vector<AddressCount> all;
  all.reserve(used_);
  for (const AddressCount& kept : slots_) {
    if (kept.connections != 0) all.push_back(kept);
  }
  const auto weight = [order](const AddressCount& of) {
    return order == SummaryOrder::Bytes ? of.bytes : order == SummaryOrder::Unreplied ? of.unreplied : of.connections;
  };
  const auto before = [&](const AddressCount& a, const AddressCount& b) {
    return weight(a) != weight(b) ? weight(a) > weight(b) : a.address < b.address;
  };
  count = std::min(count, all.size());
  std::ranges::partial_sort(all, all.begin() + static_cast<ptrdiff_t>(count), before);
  all.resize(count);
  return all;
}

}  // namespace sallyport
