// The calls of PPTP: which key the other direction of a GRE flow has, and what ends with a control connection.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

#include "conntrack/connection_table.h"
#include "conntrack/expectation.h"
#include "wire/siphash.h"

namespace sallyport {

// What is known of a control connection. Kept in ConnectionExtra::helper_data, which begins as zeros.
struct PptpControl {
  enum class Session : uint8_t { None, Error, StopRequested, Requested, Confirmed };
  enum class Call : uint8_t {
    None,
    Error,
    OutRequested,
    OutConfirmed,
    InRequested,
    InReplied,
    InConfirmed,
    ClearRequested
  };
  Session session;
  Call call;
  uint16_t client_call;  // as the server knows it
  uint16_t server_call;
  uint16_t own_client_call;      // as the client itself knows it, where the connection is mapped
  std::array<uint32_t, 2> keys;  // PptpCalls::Numbers

  // Of a connection that has an extra.
  static PptpControl of(const Connection& connection) {
    PptpControl control{};
    static_assert(sizeof control <= sizeof(ConnectionExtra::helper_data));
    std::memcpy(&control, connection.extra->helper_data.data(), sizeof control);
    return control;
  }
};

// A GRE packet of PPTP carries its receiver's key only; the sender's is known from the control connection. Bounded by
// two keys for each connection with that helper. One thread.
class PptpCalls {
 public:
  PptpCalls(ConnectionTable& table, ExpectationTable& expectations, const SipHashKey& key)
      : table_(table), expectations_(expectations), key_(key), buckets_(kBuckets), keys_(1) {}

  // By direction; kept by the control connection; 0: none.
  using Numbers = std::array<uint32_t, 2>;

  // `there` and `back` are a call's two directions, as the client and as the server begin them. Expects both and learns
  // their keys. False: neither is expected, since one could not be.
  bool begin(Connection& control, const Expectation& there, const Expectation& back, Numbers& numbers, Timestamp now);
  // The call is over: its connection, or what was expected in its place.
  void end(Connection& control, const Tuple& there, const Tuple& back, Numbers& numbers, Timestamp now);

  // Fills in the sender's key of a GRE tuple. `gre`: the first eight bytes of its header, null where they are not
  // there.
  void complete(Tuple& tuple, const uint8_t* gre) const {
    constexpr uint8_t kVersionMask = 0x07, kPptpVersion = 1;
    if (size_ == 0 || tuple.protocol != kGre || gre == nullptr || (gre[1] & kVersionMask) != kPptpVersion) return;
    tuple.source_id = key_of(tuple);
  }
  // A call's connection has come as it was expected: the other direction belongs to it.
  void arrived(const Connection& control, const Expectation& expectation, Timestamp now);
  uint64_t size() const { return size_; }

 private:
  static constexpr size_t kBuckets = 1024;
  struct Key {
    Tuple tuple = {};
    uint32_t next = 0;  // by number; 0: the end
  };
  size_t bucket_of(const Tuple& tuple) const;
  uint16_t key_of(const Tuple& tuple) const;
  bool learn(const Tuple& tuple, uint32_t& number);
  void forget(uint32_t& number);
  void forget_both(Numbers& numbers);
  void end_one(Connection& control, const Tuple& tuple, Timestamp now);

  ConnectionTable& table_;
  ExpectationTable& expectations_;
  SipHashKey key_;
  std::vector<uint32_t> buckets_;
  std::vector<Key> keys_;  // number 0 means none
  std::vector<uint32_t> free_;
  uint64_t size_ = 0;
};

}  // namespace sallyport
