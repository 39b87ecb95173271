// A helper of connection tracking: reads the payload of connections whose peers agree there on further connections.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "sallyport/clock.h"
#include "sallyport/connection.h"
#include "sallyport/match.h"
#include "sallyport/packet.h"

namespace sallyport {

// A connection that is about to come. Its first packet has this tuple, in the zone of the connection that announced it;
// where it may come from need not be known. Counterpart of the kernel's struct nf_conntrack_expect.
struct Expectation {
  Tuple tuple = {};
  bool any_source = false;         // from any address
  bool any_source_port = true;     // from any port
  uint8_t helper_class = 0;        // which of Helper::classes limits it
  bool permanent = false;          // stays when its connection came
  bool inactive = false;           // not looked up
  const Helper* helper = nullptr;  // of the expected connection; null: none
  bool operator==(const Expectation&) const = default;
};

// Takes what helpers expect.
class Expecter {
 public:
  virtual ~Expecter() = default;
  // `master`, which has a helper, expects another connection. False: it is not to be: another connection expects the
  // same, or there are too many. The helper then drops the packet that announced it.
  virtual bool expect(Connection& master, const Expectation& expectation, Timestamp now) = 0;
};

// What a helper is told beside the packet and its connection, extra included.
struct HelperContext {
  Timestamp now = 0;
  PacketState state = PacketState::New;
  Direction direction = Direction::Original;
  Expecter* expecter = nullptr;
};

// A constant; -j CT --helper gives it to connections by name, family and protocol.
struct Helper {
  // Limits of what one connection may expect at a time.
  struct Class {
    uint32_t most = 0;  // 0: no class
    Duration lasts = 0;
  };
  std::string_view name = {};
  uint8_t protocol = 0;
  Families families = Families::Both;
  std::array<Class, 4> classes = {};
  // Looks at a packet of its connection at the end of INPUT or POSTROUTING. False: drop it. Null: this helper's
  // payload is not read. Never throws, never allocates once warm.
  bool (*look)(const Packet& packet, Connection& connection, const HelperContext& context) = nullptr;
};

// Null: there is none.
const Helper* find_helper(std::string_view name, Family family, uint8_t protocol);

}  // namespace sallyport
