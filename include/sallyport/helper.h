// A helper of connection tracking: reads the payload of connections whose peers agree there on further connections.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "sallyport/clock.h"
#include "sallyport/connection.h"
#include "sallyport/hook.h"
#include "sallyport/match.h"
#include "sallyport/packet.h"

namespace sallyport {

// How NAT maps an expected connection when it comes (HelperNat).
struct ExpectedMapping {
  enum class Kind : uint8_t {
    None,       // as the rules say
    AsMaster,   // from whom its master talks to, to whom that is, on port `id`
    SipCall,    // to `address` and `id`, and as its master where it comes from the master's other end
    SipMedium,  // the same, but from where its own sender said that it would be heard, if that was said
    PptpCall,   // as its master, with `id` as the key that the two ends know by different numbers
  };
  Kind kind = Kind::None;
  Direction announced_by = Direction::Original;  // the direction of the master's packet that announced it
  uint16_t id = 0;
  IpAddress address = {};
  bool operator==(const ExpectedMapping&) const = default;
};

// A connection that is about to come. Its first packet has this tuple, in the zone of the connection that announced it;
// where it may come from need not be known. Counterpart of the kernel's struct nf_conntrack_expect.
struct Expectation {
  static constexpr uint8_t kWholeAddress = 128;
  Tuple tuple = {};
  uint8_t source_bits = kWholeAddress;  // so many of its source address must be right; 0: from any address
  bool any_source_port = true;          // from any port
  uint8_t helper_class = 0;             // which of Helper::classes limits it
  bool permanent = false;               // stays when its connection came
  bool inactive = false;                // not looked up
  const Helper* helper = nullptr;       // of the expected connection; null: none
  ExpectedMapping mapping = {};
  bool operator==(const Expectation&) const = default;
};

enum class Expected : uint8_t {
  Refused,  // another connection expects the same, or there are too many
  Already,  // just this is expected: in another class, or by another connection where that may be
  Added,
};

// Takes what helpers expect.
class Expecter {
 public:
  virtual ~Expecter() = default;
  // `master`, which has a helper, expects another connection; renewed where it expects it already. `of_any_master`:
  // that another connection expects the very same is all right. Where it is not added, the helper drops the packet that
  // announced it.
  virtual Expected expect(Connection& master, const Expectation& expectation, Timestamp now,
                          bool of_any_master = false) = 0;
  // What a connection that begins with this tuple in the zone of `master` would be expected as, be it inactive; null:
  // nothing. Valid until the next call.
  struct Found {
    const Expectation* expectation = nullptr;
    const Connection* master = nullptr;
  };
  virtual Found find(const Connection& master, const Tuple& tuple, Timestamp now) = 0;
  // No longer expects what find() would find.
  virtual void forget(const Connection& master, const Tuple& tuple, Timestamp now) = 0;
  // No longer expects what `master` does in those classes (a bit for each).
  virtual void forget_classes(Connection& master, uint8_t classes) = 0;
  // Makes an expectation of `master` in that class, to that address, port and protocol, an active one that lasts so
  // long. False: there is none.
  virtual bool renew(Connection& master, uint8_t helper_class, const Tuple& to, Duration lasts, Timestamp now) = 0;
  // What `master` expects that will be led to the source of `tuple`; null: nothing. Valid until the next call.
  virtual const Expectation* find_led_to(const Connection& master, const Tuple& tuple, Timestamp now) = 0;
};

struct HelperContext;
class PptpCalls;

// A piece of a packet's payload: of what stands behind the TCP or UDP header.
struct PayloadPart {
  uint32_t begin = 0;
  uint32_t size = 0;
};

// What NAT does for a helper whose connection is mapped, so that what one side says of itself stays true on the other:
// the helper expects through this, and writes into the packet the port that it is told, with the address by which the
// other side knows the sender: the destination of the tuple opposite to the packet's direction. One thread.
class HelperNat {
 public:
  virtual ~HelperNat() = default;
  // As Expecter::expect, for a connection that will be mapped as `expectation.mapping` says. Returns the port by which
  // it will come: that of `expectation.tuple`, or another where that one is expected by somebody else. None: no port is
  // to be had, and the packet that announced it is dropped.
  virtual std::optional<uint16_t> expect(Connection& master, Expectation expectation, const HelperContext& context) = 0;
  // Puts `text` in the place of a part of the payload, lengths and checksums kept right. Pointers into the packet are
  // invalid afterwards. False: the packet would be too large.
  virtual bool write(Packet& packet, PayloadPart part, std::string_view text) = 0;
  // The packet's payload has grown by `bytes`: later sequence numbers of a TCP connection are shifted.
  virtual void grew(const Packet& packet, Connection& connection, int32_t bytes) = 0;
  // Both in one.
  bool replace(Packet& packet, Connection& connection, PayloadPart part, std::string_view text) {
    if (!write(packet, part, text)) return false;
    grew(packet, connection, static_cast<int32_t>(static_cast<int64_t>(text.size()) - part.size));
    return true;
  }
  // Whether the destination (address, protocol, port) is one of the machine's own that NAT may not give away ([host]
  // spared_by_nat): what is expected there must not be told to the other side. expect() asks it by itself; only who
  // calls Expecter::expect for a mapped connection has to.
  virtual bool spares(const Tuple& expected) const = 0;
  // Connection tracking only: maps a connection that was expected and now begins.
  virtual void follow(Connection& connection, const Expectation& expectation, Expecter& expecter, Timestamp now) = 0;
};

// What a helper is told beside the packet and its connection, extra included. When a connection has ended there is no
// packet: then only `now`, `expecter` and `calls` mean something.
struct HelperContext {
  Timestamp now = 0;
  PacketState state = PacketState::New;
  Direction direction = Direction::Original;
  Expecter* expecter = nullptr;
  HelperNat* nat = nullptr;  // null: the connection is not mapped; what is said can be believed as it stands
  PptpCalls* calls = nullptr;
  const HookContext* hook = nullptr;  // where the packet is; null: there is none
};

// A constant; -j CT --helper gives it to connections by name, family and protocol.
struct Helper {
  // Limits of what one connection may expect at a time.
  struct Class {
    uint32_t most = 0;   // 0: as many as all helpers together may have (nf_conntrack_expect_max)
    Duration lasts = 0;  // more than 0, or what is expected is over at once
    std::string_view name = {};
  };
  std::string_view name = {};
  uint8_t protocol = 0;
  Families families = Families::Both;
  std::array<Class, 4> classes = {};
  // Looks at a packet of its connection at the end of INPUT or POSTROUTING. False: drop it. Null: this helper's
  // payload is not read. Never throws, never allocates once warm.
  bool (*look)(Packet& packet, Connection& connection, const HelperContext& context) = nullptr;
  // The connection has ended. Null: nothing to do.
  void (*ended)(Connection& connection, const HelperContext& context) = nullptr;
  // What a mapped connection says is passed on as it stands, where the kernel would write it anew.
  bool leaves_mapped_alone = false;
};

// Among those that Sallyport has itself. Null: there is none.
const Helper* find_helper(std::string_view name, Family family, uint8_t protocol);
// The same where modules may have others; see ModuleSet::find_helper.
using HelperFinder = std::function<const Helper*(std::string_view name, Family family, uint8_t protocol)>;

}  // namespace sallyport
