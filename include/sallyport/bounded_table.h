// The table that a module needs: something per source, found in O(1), never more than a stated number of them.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <new>
#include <type_traits>
#include <utility>

#include "sallyport/clock.h"
#include "sallyport/large_memory.h"
#include "sallyport/siphash.h"

namespace sallyport {

// Values by key, at most `most`. All memory is taken at the start, though the system gives it only as it is used:
// sizeof(Entry) for each, and 4 to 8 bytes for the index. The hash is keyed, so nobody can choose keys that collide.
//
// A value that has been idle for longer than `idle` is gone. Where the table is full, of the next kCandidates in turn
// the one that was used longest ago has to go. One thread. References stay valid until their value is gone.
template <class Key, class Value>
class BoundedTable {
  static_assert(std::is_trivially_copyable_v<Key> && std::has_unique_object_representations_v<Key>,
                "a key is compared and hashed as bytes: it must have no padding and no pointer");
  static_assert(std::is_trivially_destructible_v<Value>, "values are overwritten, never destroyed");

 public:
  static constexpr uint32_t kCandidates = 16;
  // Told before a value is gone.
  using Gone = std::function<void(const Key& key, Value& value)>;

  // `idle` 0: values never get too old.
  BoundedTable(uint32_t most, Duration idle, const SipHashKey& key)
      : most_(most != 0 ? most : 1),
        idle_(idle),
        key_(key),
        mask_(std::bit_ceil(most_ + most_ / 2) - 1),
        heads_(large_array<uint32_t>(size_t{mask_} + 1)),
        entries_(large_array<Entry>(most_)) {}

  void on_gone(Gone gone) { gone_ = std::move(gone); }

  // Null where there is none. Does not count as use.
  Value* find(const Key& key, Timestamp now) {
    Entry* entry = look_up(key, place_of(key));
    return entry == nullptr || too_old(*entry, now) ? nullptr : &entry->value;
  }

  // The value of the key; a fresh one where there is none. Counts as use.
  Value& at(const Key& key, Timestamp now) { return at(key, place_of(key), now); }
  // The same where the key's place_of() is known already.
  Value& at(const Key& key, uint32_t bucket, Timestamp now) {
    Entry* entry = look_up(key, bucket);
    if (entry == nullptr) [[unlikely]] {
      entry = &add(key, bucket);
    } else if (too_old(*entry, now)) [[unlikely]] {
      renew(*entry);
    }
    entry->last_used = now;
    return entry->value;
  }

  // Makes room; the reference is void afterwards.
  void erase(Value& value) {
    Entry& entry = entries_.get()[number_of(value)];
    if (gone_) gone_(entry.key, entry.value);
    unlink(entry);
    entry.next = free_;
    free_ = number_of(entry) + 1;
    --size_;
  }

  // Where the key's values are looked for. Costs the hash; good as long as the table lives.
  uint32_t place_of(const Key& key) const {
    constexpr size_t kWords = (sizeof(Key) + 7) / 8;
    std::array<uint8_t, 8 * kWords> bytes = {};
    std::memcpy(bytes.data(), &key, sizeof key);
    return static_cast<uint32_t>(siphash13<8 * kWords>(bytes.data(), key_)) & mask_;
  }
  // Memory fetched ahead (always inlined: g++ takes a call that only prefetches for one without effect), in three steps
  // that are best taken for a whole burst each: the place, the value that is probably the key's, and, where others
  // share its place, its own.
  [[gnu::always_inline]] void prefetch_place(uint32_t place) const { __builtin_prefetch(&heads_[place]); }
  // The number that the value there probably has, for fetching what lies beside the table; most() where there is none.
  [[gnu::always_inline]] uint32_t prefetch_value(uint32_t place) const {
    const uint32_t first = heads_[place];
    if (first == 0) return most_;
    const auto* at = reinterpret_cast<const std::byte*>(&entries_.get()[first - 1]);
    for (size_t offset = 0; offset < sizeof(Entry); offset += 64) __builtin_prefetch(at + offset, 1);
    __builtin_prefetch(at + sizeof(Entry) - 1, 1);
    return first - 1;
  }

  // The number that the key's value has, as far as memory is at hand: of the second at its place it is only fetched.
  // most() where there is none.
  [[gnu::always_inline]] uint32_t prefetch_own(const Key& key, uint32_t place) const {
    const uint32_t first = heads_[place];
    if (first == 0) return most_;
    const Entry& entry = entries_.get()[first - 1];
    if (std::memcmp(&entry.key, &key, sizeof key) == 0) return first - 1;
    if (entry.next == 0) return most_;
    const auto* at = reinterpret_cast<const std::byte*>(&entries_.get()[entry.next - 1]);
    __builtin_prefetch(at, 1);
    __builtin_prefetch(at + sizeof(Entry) - 1, 1);
    return entry.next - 1;
  }

  // Where the value lies, from 0 to most() - 1.
  uint32_t number_of(const Value& value) const {
    const auto* const start = reinterpret_cast<const std::byte*>(entries_.get());
    return static_cast<uint32_t>(static_cast<size_t>(reinterpret_cast<const std::byte*>(&value) - start) /
                                 sizeof(Entry));
  }
  const Key& key_at(uint32_t number) const { return entries_.get()[number].key; }
  Value& value_at(uint32_t number) { return entries_.get()[number].value; }
  const Value& value_at(uint32_t number) const { return entries_.get()[number].value; }

  uint32_t size() const { return size_; }  // those too old included
  uint32_t most() const { return most_; }
  uint64_t evicted() const { return evicted_; }
  size_t bytes() const { return sizeof(Entry) * most_ + sizeof(uint32_t) * (size_t{mask_} + 1); }

 private:
  struct Entry {
    Timestamp last_used;
    Key key;
    uint32_t next;  // number + 1 in the bucket's chain; 0: the end
    Value value;
  };
  uint32_t number_of(const Entry& entry) const { return static_cast<uint32_t>(&entry - entries_.get()); }
  bool too_old(const Entry& entry, Timestamp now) const { return idle_ != 0 && now - entry.last_used > idle_; }

  Entry* look_up(const Key& key, uint32_t bucket) {
    for (uint32_t at = heads_[bucket]; at != 0; at = entries_.get()[at - 1].next) {
      Entry& entry = entries_.get()[at - 1];
      if (std::memcmp(&entry.key, &key, sizeof key) == 0) return &entry;
    }
    return nullptr;
  }

  void unlink(const Entry& entry) {
    uint32_t* link = &heads_[place_of(entry.key)];
    while (*link != number_of(entry) + 1) link = &entries_.get()[*link - 1].next;
    *link = entry.next;
  }

  // Apart, so that finding what is there stays short.
  [[gnu::noinline]] Entry& add(const Key& key, uint32_t bucket) {
    Entry& entry = take();
    entry.key = key;
    entry.next = heads_[bucket];
    heads_[bucket] = number_of(entry) + 1;
    new (&entry.value) Value();
    return entry;
  }
  [[gnu::noinline]] void renew(Entry& entry) {
    if (gone_) gone_(entry.key, entry.value);
    new (&entry.value) Value();
  }

  Entry& take() {
    if (size_ < most_) {
      ++size_;
      if (free_ == 0) return entries_.get()[used_++];
      Entry& entry = entries_.get()[free_ - 1];
      free_ = entry.next;
      return entry;
    }
    uint32_t oldest = hand_;
    for (uint32_t i = 0; i < kCandidates; ++i) {
      if (entries_.get()[hand_].last_used < entries_.get()[oldest].last_used) oldest = hand_;
      hand_ = hand_ + 1 == most_ ? 0 : hand_ + 1;
    }
    Entry& entry = entries_.get()[oldest];
    ++evicted_;
    if (gone_) gone_(entry.key, entry.value);
    unlink(entry);
    return entry;
  }

  uint32_t most_;
  Duration idle_;
  SipHashKey key_;
  uint32_t mask_;
  LargeArray<uint32_t> heads_;
  LargeArray<Entry> entries_;
  uint32_t size_ = 0;
  uint32_t used_ = 0;  // those beyond have never held anything
  uint32_t free_ = 0;  // number + 1 of the first that was erased
  uint32_t hand_ = 0;
  uint64_t evicted_ = 0;
  Gone gone_;
};

}  // namespace sallyport
