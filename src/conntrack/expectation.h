// The connections that are expected.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "conntrack/connection_table.h"
#include "sallyport/helper.h"
#include "wire/siphash.h"

namespace sallyport {

// Bounded by `most` in all and by each helper's classes per connection. An expectation ends when its connection comes,
// when its time is over, and with the connection that announced it. One thread.
class ExpectationTable final : public Expecter, public ConnectionListener {
 public:
  ExpectationTable(uint64_t most, const SipHashKey& key);

  // Renews what this master expects already; makes room by forgetting the oldest of its class.
  bool expect(Connection& master, const Expectation& expectation, Timestamp now) override;
  void ended(Connection& connection) override;

  bool empty() const { return size_ == 0; }
  uint64_t size() const { return size_; }
  // What a connection that begins with this tuple was expected as; uses it up unless it is permanent.
  struct Expected {
    Connection* master = nullptr;
    Expectation expectation = {};
  };
  std::optional<Expected> take(const Tuple& tuple, uint16_t zone, Timestamp now);

 private:
  struct Entry {
    Expectation expectation = {};
    Connection* master = nullptr;  // null: free
    Timestamp deadline = 0;
    uint32_t next_in_bucket = 0;  // by number; 0: the end
    uint32_t next_of_master = 0;
  };
  uint32_t& bucket_of(const Tuple& tuple);
  void add(Connection& master, const Expectation& expectation, Timestamp now);
  void remove(uint32_t number);
  void end_some(Timestamp now);
  void forget_oldest(const Connection& master, uint8_t helper_class);

  uint64_t most_;
  SipHashKey key_;
  std::vector<uint32_t> buckets_;
  std::vector<Entry> entries_;  // number 0 means none
  std::vector<uint32_t> free_;
  uint64_t size_ = 0;
  uint32_t look_at_ = 0;
};

}  // namespace sallyport
