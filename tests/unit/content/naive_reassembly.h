// Reassembly byte by byte, as plainly as it can be said: what the real one is held to.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "sallyport/pattern_set.h"

namespace sallyport::test {

class NaiveReassembly {
 public:
  explicit NaiveReassembly(OverlapPolicy policy) : policy_(policy) {}

  // What continues the stream now.
  std::vector<uint8_t> add(uint64_t begin, std::span<const uint8_t> bytes) {
    const uint64_t end = begin + bytes.size();
    for (uint64_t at = std::max(begin, next_); at < end; ++at) {
      const auto known = waiting_.find(at);
      if (known == waiting_.end() || replaces(begin, end, known->second)) {
        waiting_[at] = {begin, end, bytes[at - begin]};
      }
    }
    std::vector<uint8_t> out;
    for (auto first = waiting_.find(next_); first != waiting_.end(); first = waiting_.find(next_)) {
      out.push_back(first->second.value);
      waiting_.erase(first);
      ++next_;
    }
    return out;
  }

 private:
  struct Byte {
    uint64_t begin;  // of the segment that brought it
    uint64_t end;
    uint8_t value;
  };
  bool replaces(uint64_t begin, uint64_t end, const Byte& known) const {
    switch (policy_) {
      case OverlapPolicy::First:
        return false;
      case OverlapPolicy::Last:
        return true;
      case OverlapPolicy::Bsd:
      case OverlapPolicy::Windows:
        return begin < known.begin;
      case OverlapPolicy::Linux:
        return begin < known.begin || (begin == known.begin && end > known.end);
    }
    return false;
  }

  OverlapPolicy policy_;
  uint64_t next_ = 0;
  std::map<uint64_t, Byte> waiting_;
};

}  // namespace sallyport::test
