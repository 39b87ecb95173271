// The connections of one source (address, port, protocol, zone), so that a source keeps the mapping it has.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>

#include "conntrack/connection_table.h"

namespace sallyport {

// Chains through Connection::next_by_source, from heads whose number follows from the table's bound and never changes.
// Holds each connection whose source mapping is decided; bounded as the connection table is. One thread.
class BySource {
 public:
  BySource(ConnectionTable& table, const SipHashKey& key);

  void add(Connection& connection);
  void remove(Connection& connection);
  // How many entries a walk passes. Differs from the kernel, which passes all that a source has.
  static constexpr uint32_t kMostPassed = 256;
  // Calls `visit` with the living connections that have the source of `tuple`, the newest first, until it says true.
  template <class Visit>
  bool any_of(const Tuple& tuple, Visit visit) const {
    uint32_t number = heads_[bucket(tuple)];
    for (uint32_t passed = 0; number != 0 && passed < kMostPassed; ++passed) {
      const Connection& connection = table_.at(number);
      number = connection.next_by_source;
      if (!connection.has(kStatusDying) && same_source(connection.tuple(Direction::Original), tuple) &&
          visit(connection)) {
        return true;
      }
    }
    return false;
  }

 private:
  static bool same_source(const Tuple& a, const Tuple& b) {
    return a.source == b.source && a.source_id == b.source_id && a.protocol == b.protocol && a.family == b.family &&
           a.zone == b.zone;
  }
  size_t bucket(const Tuple& tuple) const;

  struct Free {
    void operator()(uint32_t* heads) const { std::free(heads); }
  };

  ConnectionTable& table_;
  SipHashKey key_;
  size_t mask_;
  std::unique_ptr<uint32_t[], Free> heads_;
};

}  // namespace sallyport
