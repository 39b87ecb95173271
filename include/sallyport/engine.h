// One network namespace: rules, host and modules, through which packets are led.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/clock.h"
#include "sallyport/connection_counters.h"
#include "sallyport/connection_text.h"
#include "sallyport/event.h"
#include "sallyport/hook.h"
#include "sallyport/host.h"
#include "sallyport/queue.h"
#include "sallyport/refusal.h"
#include "sallyport/ruleset.h"

namespace sallyport {

// How a packet's way ended.
enum class Fate : uint8_t {
  Left,        // by packet.out
  Delivered,   // to a local process
  Dropped,     // by a module or rule
  Malformed,   // did not pass validation
  Unroutable,  // no route, a route that refuses, TTL used up, too large: the machine, not a rule
  Held,        // stolen: waiting fragments
};
constexpr size_t kFates = 6;

// Takes what the engine lets go. May be called several times for one input packet (fragments, answers), and not at all
// for one that waits in a queue.
class PacketSink {
 public:
  virtual ~PacketSink() = default;
  // `hook` is where it ended; `decision` says which rule decided, where one did.
  virtual void ended(Packet& packet, Fate fate, Hook hook, const Decision& decision) = 0;
};

// What is made of the transport checksums of packets that come in. A capture taken on the machine that sent them holds
// packets whose checksum the network card had yet to fill in.
enum class Checksums : uint8_t { Verify, Trust, Repair };

// Of one interface: transport checksums looked at, and how many of them were wrong.
struct ChecksumCounters {
  uint64_t checked = 0;
  uint64_t wrong = 0;
};

class ModuleSet;
struct ModuleReport;

// What searching for patterns came to.
struct ContentCounters {
  uint64_t found = 0;       // by -m content: each pattern once in each direction of a conversation
  uint64_t bounds_met = 0;  // by -m content: directions that met one
  uint64_t unknown = 0;     // packets to which it owed an answer because of a bound
  uint64_t evasions = 0;    // with EngineConfig::evasions
};

// Something that rules keep by name, as the kernel lists it.
struct StateListing {
  std::string file = {};  // under /proc/net: "xt_recent/DEFAULT"
  std::string text = {};
};

struct EngineConfig {
  std::vector<Ruleset> rulesets = {};  // at most one per family
  HostModel host;
  uint64_t seed = 0;
  Checksums checksums = Checksums::Verify;
  // Recorded answers follow connections that the rules map elsewhere: they are taken for the new peer's.
  bool follow_mappings = false;
  // A TCP packet that is larger than the MTU of the interface it came by was put together by a network card, as
  // captures hold them: its segments fit, so no MTU is held against it. Off: it is one packet, as on a TUN device.
  bool super_packets = false;
  // Tells, as events of type evasion, in which flows -m string missed a pattern that the stream held. Slow; connections
  // are tracked whether rules need it or not.
  bool evasions = false;
  LogSink* log = nullptr;                            // null: lines are discarded
  EventSink* events = nullptr;                       // null: nobody listens
  ConnectionEventSink* connection_events = nullptr;  // null: likewise
  bool flows = false;                  // `events` is told of connections and mappings too (types flow, nat)
  PacketSink* sink = nullptr;          // null: packets are only counted
  const ModuleSet* modules = nullptr;  // started before the rules are compiled; outlives the engine
};

struct EngineCounters {
  uint64_t packets = 0;
  uint64_t bytes = 0;
  uint64_t generated = 0;
  uint64_t followed = 0;  // recorded answers that were taken for a new peer's
  std::array<uint64_t, kFates> fates = {};
  std::array<std::array<uint64_t, 2>, kHooks> by_hook = {};  // seen, dropped
  std::vector<ChecksumCounters> checksums = {};              // by InterfaceId; of the first packets only
};

// Not shared between threads; several engines may run side by side.
class Engine {
 public:
  // Refuses, by file and line, rules that have no meaning yet, and all of them in one go.
  static Results<std::unique_ptr<Engine>> create(EngineConfig config);
  virtual ~Engine() = default;

  // Leads each packet from where it enters (packet.in, or Output when that is none) to its end, in order. The packets
  // are the caller's to reuse afterwards.
  virtual void process(std::span<Packet> burst) = 0;

  // Who is asked about packets that a rule queues to `number`; takes the place, and what waits there, of who was asked
  // before. An empty handler: nobody listens any more, what waits is dropped. Without a listener a packet is dropped
  // unless its rule says bypass.
  virtual void on_queue(uint16_t number, QueueHandler handler, QueueLimits limits = {}) = 0;
  // The packet that waits in queue `number` under this ticket's number: to be looked at, and changed as a handler may
  // change it. Null: none waits. Valid until it is answered.
  virtual Packet* queued(uint16_t number, uint64_t ticket) = 0;
  // Ends a packet's wait, in any order, from a handler too: it goes its whole way before the call returns. False:
  // nothing waits under that number. `Later` changes nothing.
  virtual bool answer(uint16_t number, uint64_t ticket, QueueAnswer answer) = 0;
  virtual QueueCounters queue_counters(uint16_t number) const = 0;

  // Registers a module; it goes before those of equal priority that are there already.
  virtual void add_module(std::unique_ptr<HookModule> module, Family family, Hook hook, int priority) = 0;

  // What the modules of EngineConfig::modules counted, in their order.
  virtual std::vector<ModuleReport> module_reports() const = 0;
  // Gives a command to the module of that name; its answer, or why there is none.
  virtual Result<std::string> command(std::string_view module, std::string_view words) = 0;
  virtual Clock& clock() = 0;
  virtual const HostModel& host() const = 0;
  virtual const EngineCounters& counters() const = 0;
  // Tells EngineConfig::events, as an event of type stats, what has been counted so far.
  virtual void tell_statistics() = 0;
  // The connection table, oldest first; timeouts as at the clock's time. Empty where no rule needs connection tracking.
  virtual std::string connection_listing(const ConnectionStyle& style) = 0;
  // As /proc/net/nf_conntrack lists it.
  std::string connection_listing() { return connection_listing({.form = ConnectionForm::NfConntrack}); }
  // Puts the connections of a listing into the table, which live on from the clock's time. Windows and expectations are
  // in no listing: they are learnt anew. Either all or, with every error, none: then the table is to be used no more.
  // Returns how many they were; 0 where no rule needs connection tracking.
  virtual Results<uint64_t> restore_connections(std::string_view listing, std::string_view file) = 0;
  // The interface went down, or only one of its addresses went: connections that MASQUERADE gave an address of it are
  // forgotten, with `address` those that have that one. The host model stays as it is. Between packets.
  virtual void interface_down(InterfaceId interface, std::optional<IpAddress> address = {}) = 0;
  virtual ConnectionCounters connection_counters() const = 0;
  // What packets connection tracking refused or ignored, by RefusalReason; empty where no rule needs it.
  virtual std::span<const RefusalCount> refusals() const = 0;
  // The connections that helpers expect, as /proc/net/nf_conntrack_expect lists them, in no order.
  virtual std::string expectation_listing() const = 0;
  virtual ContentCounters content_counters() const = 0;
  // The lists of -m recent and the tables of -m hashlimit, those that hold something, by file.
  virtual std::vector<StateListing> state_listings() const = 0;
  // What the rules ask for and get in part only, a line each, by file and line.
  virtual std::vector<std::string> warnings() const = 0;
  // The rules with their counters as they are now.
  virtual const Ruleset* ruleset(Family family) = 0;
};

}  // namespace sallyport
