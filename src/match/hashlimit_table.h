// A table of -m hashlimit: how much each address, port or network may still send.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "match/hashlimit_rate.h"
#include "sallyport/address.h"
#include "sallyport/bounded_table.h"
#include "sallyport/hook.h"
#include "sallyport/shared_state.h"

namespace sallyport {

// What is one source: bits of --hashlimit-mode, in the order in which they are printed.
enum HashlimitMode : uint8_t { kBySource = 1, kBySourcePort = 2, kByDestination = 4, kByDestinationPort = 8 };

// What the first rule that names a table makes of it.
struct HashlimitTraits {
  Family family = Family::Ipv4;
  HashlimitRate rate = {};
  bool rate_match = false;
  uint32_t interval_s = 1;  // of rate_match
  uint8_t modes = 0;
  IpAddress source_mask = {};
  IpAddress destination_mask = {};
  uint32_t most = 0;
  uint32_t expire_ms = 0;
  uint32_t collect_ms = 0;  // expired entries are forgotten that often
};

// Shared by all rules of one family that name it. Bounded by its traits' `most`. Set-up takes all memory. One thread.
class HashlimitTable final : public SharedObject {
 public:
  enum class Answer : uint8_t {
    Under,
    Over,
    Unknown,  // the table is full, or the ports are cut off: the packet is to be dropped
  };

  HashlimitTable(const HashlimitTraits& traits, const SipHashKey& key);

  // Counts the packet as what the asking rule counts, which need not be what the table was made for.
  Answer ask(const Packet& packet, bool of_bytes, bool rate_match, Timestamp now);

  // As /proc/net/ipt_hashlimit/NAME and ip6t_hashlimit/NAME, in no order.
  std::string listing(Timestamp now) const override;

  uint32_t size() const { return entries_.size(); }

 private:
  struct Key {
    std::array<uint8_t, 16> source = {};
    std::array<uint8_t, 16> destination = {};
    std::array<uint8_t, 2> source_port = {};
    std::array<uint8_t, 2> destination_port = {};
  };
  // A rate match has its numbers where a bucket of credit has others, as in the kernel: a rule that asks for the one
  // where the table was made for the other sees them so.
  struct Entry {
    bool in_use = false;
    int64_t expires = 0;  // ticks
    int64_t counted = 0;  // ticks
    uint64_t credit = 0;  // rate match: the interval in seconds, and in the upper half whether the last was over
    uint64_t cap = 0;    // of credit; of bytes: how often it may be filled up at once; rate match: seen in the interval
    uint64_t cost = 0;   // of a packet, or of 16 bytes; rate match: the rate
    uint64_t burst = 0;  // rate match
  };

  std::optional<Key> key_of(const Packet& packet) const;
  Entry* find_or_add(const Key& key, int64_t tick, Timestamp now);
  bool is_collected(const Entry& entry, int64_t tick) const;
  void collect(int64_t tick);
  void begin(Entry& entry, int64_t tick) const;
  void go_on(Entry& entry, int64_t tick) const;
  void next_interval(Entry& entry, int64_t tick) const;
  static uint64_t byte_cost(const Packet& packet, Entry& entry);

  HashlimitTraits traits_;
  int64_t expire_ticks_;
  int64_t collect_ticks_;
  std::optional<int64_t> began_;  // when the first packet came
  int64_t last_collected_ = 0;    // which collection was the last to make room
  BoundedTable<Key, Entry> entries_;
};

}  // namespace sallyport
