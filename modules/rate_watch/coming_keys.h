// Keys of packets that come soon, with their places in a table, so that each is hashed only once.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "rate_watch/over_list.h"

namespace rate_watch {

// One thread.
template <class Key, class Table>
class ComingKeys {
 public:
  // In this order; some may not come. Places of keys that were not there lately are fetched.
  void look_ahead(std::span<const Key> keys, const Table& table) {
    used_ = 0;
    size_ = std::min(keys.size(), coming_.size());
    for (size_t i = 0; i < size_; ++i) {
      Coming& lately = lately_[slot_of(keys[i])];
      const bool known = lately.place != kNone && lately.key == keys[i];
      if (!known) {
        lately = {keys[i], table.place_of(keys[i])};
        table.prefetch_place(lately.place);
      }
      coming_[i] = {keys[i], lately.place, !known};
    }
  }

  // visit(key, place) for those whose memory may be far.
  template <class Visit>
  [[gnu::always_inline]] void for_each_cold(Visit visit) const {
    for (size_t i = 0; i < size_; ++i) {
      if (coming_[i].cold) visit(coming_[i].key, coming_[i].place);
    }
  }

  uint32_t place_for(const Key& key, const Table& table) {
    constexpr size_t kMostLeftOut = 4;
    const size_t end = std::min(size_, used_ + kMostLeftOut);
    for (size_t i = used_; i < end; ++i) {
      if (coming_[i].key != key) continue;
      used_ = i + 1;
      return coming_[i].place;
    }
    return table.place_of(key);
  }

 private:
  struct Coming {
    Key key = {};
    uint32_t place = kNone;
    bool cold = false;
  };
  static constexpr size_t kLately = 64;

  // Not keyed: who makes keys collide here makes them be hashed again, no more.
  static size_t slot_of(const Key& key) {
    uint64_t mixed = 0;
    for (size_t at = 0; at + 8 <= sizeof key; at += 8) {
      uint64_t word;
      std::memcpy(&word, key.data() + at, sizeof word);
      mixed = (mixed ^ word) * 0x9e3779b97f4a7c15u;
    }
    return mixed >> 58;
  }

  std::array<Coming, 64> coming_ = {};  // of the burst that was looked at last
  size_t size_ = 0, used_ = 0;
  std::array<Coming, kLately> lately_ = {};
};

}  // namespace rate_watch
