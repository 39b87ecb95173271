// How many connections each host or network has.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

#include "sallyport/address.h"
#include "sallyport/connection_finder.h"
#include "sallyport/hook.h"
#include "sallyport/siphash.h"

namespace sallyport {

// Counts for one rule. A host's connections are a list, oldest first; those that have ended are struck off when the
// host is counted again, at most once in a tick of the kernel's clock and not many more than 64 at a time.
//
// Bounded: `most` hosts, and as many entries in their lists. Where either is full and nothing has ended that could make
// room, a newcomer cannot be counted. One thread.
class ConnectionCount {
 public:
  ConnectionCount(const ConnectionFinder& connections, uint32_t most);

  // Counts the packet's connection to the host or network `of` and answers how many that has now. 0: the packet is to
  // be dropped. That is so where it cannot be counted, and, as in the kernel, where its connection is known and all
  // that were counted here have ended.
  uint32_t count(const IpAddress& of, const Packet& packet, HookContext& context);

  uint32_t hosts() const { return host_count_; }
  uint32_t entries() const { return entry_count_; }

 private:
  struct Key {
    std::array<uint8_t, 16> address = {};
    uint64_t zone = 0;
    bool operator==(const Key&) const = default;
  };
  struct Host {
    Key key = {};
    uint32_t next_in_bucket = 0;
    uint32_t first = 0;
    uint32_t last = 0;
    uint32_t count = 0;
    uint32_t count_when_struck = 0;
    int64_t struck_at = 0;  // tick
  };
  struct Entry {
    Tuple tuple = {};
    Zone zone = {};
    uint32_t next = 0;
  };
  // What the packet is counted as.
  struct Newcomer {
    Tuple tuple = {};
    Zone zone = {};
    uint32_t status = 0;  // of its connection
  };

  std::optional<Newcomer> newcomer_of(const Packet& packet, Timestamp now) const;
  uint32_t& bucket_of(const Key& key);
  uint32_t find(const Key& key);
  uint32_t add_host(const Key& key, int64_t tick, Timestamp now);
  bool append(Host& host, const Newcomer& newcomer, Timestamp now);
  bool is_over(const Entry& entry, Timestamp now) const;
  // Unlinks the entry behind `previous` (0: the first) and answers which one stands there now.
  uint32_t strike(Host& host, uint32_t previous);
  void strike_ended(Host& host, Timestamp now);
  bool strike_ended_up_to(Host& host, const Newcomer& newcomer, Timestamp now);
  void make_room(Timestamp now, const Host* needed);

  const ConnectionFinder& connections_;
  uint32_t most_;
  uint32_t mask_;  // of buckets
  SipHashKey key_ = {};
  bool keyed_ = false;
  std::unique_ptr<uint32_t[], void (*)(void*)> buckets_;
  // Number 0 means none.
  std::deque<Host> hosts_;
  std::deque<Entry> entries_;
  uint32_t free_host_ = 0;   // chained by next_in_bucket
  uint32_t free_entry_ = 0;  // chained by next
  uint32_t host_count_ = 0;
  uint32_t entry_count_ = 0;
  uint32_t hand_ = 0;  // of make_room()
};

}  // namespace sallyport
