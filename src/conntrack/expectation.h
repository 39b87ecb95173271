// The connections that are expected.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "conntrack/connection_table.h"
#include "sallyport/helper.h"
#include "wire/siphash.h"

namespace sallyport {

// Told of what is expected and of what is so no more, at once.
class ExpectationListener {
 public:
  virtual ~ExpectationListener() = default;
  virtual void began(const Expectation& expectation, const Connection& master, Timestamp deadline) = 0;
  virtual void ceased(const Expectation& expectation, const Connection& master, Timestamp deadline) = 0;
};

// Bounded by `most` in all and by each helper's classes per connection. An expectation ends when its connection comes,
// when its time is over, and with the connection that announced it. One thread.
class ExpectationTable final : public Expecter, public ConnectionListener {
 public:
  ExpectationTable(uint64_t most, const SipHashKey& key);

  // Renews what this master expects already; makes room by forgetting the oldest of its class.
  Expected expect(Connection& master, const Expectation& expectation, Timestamp now,
                  bool of_any_master = false) override;
  Found find(const Connection& master, const Tuple& tuple, Timestamp now) override;
  void forget(const Connection& master, const Tuple& tuple, Timestamp now) override;
  void forget_classes(Connection& master, uint8_t classes) override;
  bool renew(Connection& master, uint8_t helper_class, const Tuple& to, Duration lasts, Timestamp now) override;
  const Expectation* find_led_to(const Connection& master, const Tuple& tuple, Timestamp now) override;
  void killed(Connection& connection) override;
  void ended(Connection& connection) override;

  // It outlives this. Null: nobody.
  void listen(ExpectationListener* listener) { listener_ = listener; }
  // Ends some of those past their deadline.
  void sweep(Timestamp now);

  bool empty() const { return size_ == 0; }
  uint64_t size() const { return size_; }
  // What a connection that begins with this tuple was expected as; uses it up unless it is permanent.
  struct Taken {
    Connection* master = nullptr;
    Expectation expectation = {};
  };
  std::optional<Taken> take(const Tuple& tuple, uint16_t zone, Timestamp now);

  struct Listed {
    Expectation expectation = {};
    const Helper* of = nullptr;  // the helper that expects it
    Duration left = 0;
  };
  std::vector<Listed> list(Timestamp now) const;

 private:
  struct Entry {
    Expectation expectation = {};
    Connection* master = nullptr;  // null: free
    Timestamp deadline = 0;
    uint32_t next_in_bucket = 0;  // by number; 0: the end
    uint32_t next_of_master = 0;
  };
  uint32_t& bucket_of(const Tuple& tuple);
  uint32_t number_of(const Connection& master, const Tuple& tuple, Timestamp now);  // 0: none
  void add(Connection& master, const Expectation& expectation, Timestamp now);
  void remove(uint32_t number);
  void forget_oldest(const Connection& master, uint8_t helper_class);

  uint64_t most_;
  SipHashKey key_;
  std::vector<uint32_t> buckets_;
  std::vector<Entry> entries_;  // number 0 means none
  std::vector<uint32_t> free_;
  uint64_t size_ = 0;
  uint32_t look_at_ = 0;
  ExpectationListener* listener_ = nullptr;
};

}  // namespace sallyport
