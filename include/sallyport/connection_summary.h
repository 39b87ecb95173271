// What a listing amounts to: connections by protocol and state, who has most of them, how long they last.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "sallyport/connection_text.h"

namespace sallyport {

// Connections of one address, as source or as destination.
struct AddressCount {
  IpAddress address = {};
  uint64_t connections = 0;
  uint64_t unreplied = 0;
  uint64_t bytes = 0;  // both directions; where the listing has counters
};

struct PortCount {
  uint8_t protocol = 0;
  uint16_t port = 0;
  uint64_t connections = 0;
};

enum class SummaryOrder : uint8_t { Connections, Unreplied, Bytes };

// Upper bounds in seconds of what a spread counts apart; a last bucket takes the rest.
constexpr std::array<uint64_t, 7> kSpreadBounds = {10, 30, 120, 600, 3600, 86400, 432000};
using Spread = std::array<uint64_t, kSpreadBounds.size() + 1>;

struct SummaryTotals {
  uint64_t connections = 0;
  std::array<uint64_t, 2> by_family = {};
  uint64_t unreplied = 0;
  uint64_t assured = 0;
  uint64_t half_open = 0;  // TCP that has not finished its handshake
  uint64_t source_nat = 0;
  uint64_t destination_nat = 0;
  uint64_t both_nat = 0;
  uint64_t offloaded = 0;
  uint64_t with_counters = 0;
  uint64_t packets = 0;
  uint64_t bytes = 0;
  uint64_t with_age = 0;  // the kernel says it where nf_conntrack_timestamp is 1
  Spread age = {};
  Spread timeout = {};
};

// Bounded memory, whatever is added: up to 131,072 addresses are counted exactly on each side. Beyond, those with few
// connections are forgotten, and a count may be too low by no more than `address_error()`. The tables of addresses are
// hashed with a secret. One thread.
class ConnectionSummary {
 public:
  ConnectionSummary();
  ~ConnectionSummary();
  ConnectionSummary(const ConnectionSummary&) = delete;
  ConnectionSummary& operator=(const ConnectionSummary&) = delete;

  // Allocates only while it meets new addresses.
  void add(const ConnectionRecord& record);

  const SummaryTotals& totals() const;
  // How many connections of the protocol are in that state, and how many of the protocol have no answer.
  uint64_t in_state(uint8_t protocol, ListedState state) const;
  uint64_t of_protocol(uint8_t protocol) const;
  uint64_t unreplied_of(uint8_t protocol) const;
  // The first `count` in that order; ties by address.
  std::vector<AddressCount> top_sources(size_t count, SummaryOrder order) const;
  std::vector<AddressCount> top_destinations(size_t count, SummaryOrder order) const;
  std::vector<PortCount> top_ports(size_t count) const;
  uint64_t sources() const;
  uint64_t destinations() const;
  uint64_t address_error() const;

 private:
  struct Tables;
  std::unique_ptr<Tables> tables_;
};

// "tcp", "udp", ...; "unknown" where listings have no name for it.
std::string_view listed_protocol_name(uint8_t protocol);

}  // namespace sallyport
