// Connection tracking on its hooks.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "conntrack/clash_listener.h"
#include "conntrack/connection_events.h"
#include "conntrack/connection_table.h"
#include "conntrack/expectation.h"
#include "conntrack/pptp_calls.h"
#include "conntrack/refusals.h"
#include "conntrack/timeouts.h"
#include "conntrack/tracker.h"
#include "sallyport/connection_finder.h"
#include "sallyport/hook.h"

namespace sallyport {

// At -200 of PREROUTING and OUTPUT: finds or makes the packet's connection and tells the packet what it is to it. One
// for both families. Owns the table. One thread.
class ConntrackModule final : public HookModule,
                              public ConnectionFinder,
                              private ConnectionListener,
                              private ExpectationListener {
 public:
  ConntrackModule(const Router& router, const SipHashKey& key, const SipHashKey& expectation_key,
                  std::span<const TimeoutPolicy> policies = {});

  std::string_view name() const override { return "conntrack"; }
  Verdict handle(Packet& packet, HookContext& context) override;
  // Last of INPUT and POSTROUTING: the connection's helper looks at a packet that came so far, which then makes its
  // connection known.
  Verdict confirm(Packet& packet, HookContext& context);

  // Look-ahead for packets that parse() has seen, be it that it refused them: takes their hashes and has memory
  // fetched; then, for each of them, look_ahead(). At most TupleColumns' kMost at a time.
  void prepare(std::span<Packet> packets) const;
  SALLYPORT_PREFETCHES void look_ahead(Packet& packet) const {
    if (!packet.flow_hashed) return;
    packet.flow_connection = table_.prefetch_connection(packet.flow_hash, packet.protocol == kTcp);
  }
  // Between packets: nothing of the table is in use.
  void reclaim() { table_.reclaim(); }
  // Between bursts: ends what is past its time, more of it the more packets there were.
  void sweep(Timestamp now, size_t packets);
  ConnectionTable& table() { return table_; }
  ExpectationTable& expectations() { return expectations_; }
  const ExpectationTable& expectations() const { return expectations_; }
  const Timeouts& timeouts() const { return timeouts_; }
  ConnectionCounters counters() const;
  const RefusalCounts& refusals() const { return refusals_.counts(); }
  const Connection* find_connection(const Tuple& tuple, Zone zone, Timestamp now) const override;
  std::optional<Tuple> tuple_for(const Packet& packet) const override;
  uint64_t most_connections() const override { return table_.most(); }
  Result<const Timeouts*> find_timeouts(std::string_view policy, Family family, uint8_t protocol) const override;
  // Before the first packet: what connections carry is counted; they have room for labels.
  void keep_accounts() { timeouts_.accounting = true; }
  void keep_labels() { labels_ = true; }
  // Who maps what helpers announce; it outlives this. Null: nobody.
  void set_nat(HelperNat* nat) { nat_ = nat; }
  // Who is told of packets dropped for the sake of other connections; outlives this. Null: nobody.
  void set_clashes(ClashListener* listener) { clashes_ = listener; }
  // Who tells of connections; outlives this. Null: nobody.
  void set_events(ConnectionEvents* events) {
    events_ = events;
    expectations_.listen(events != nullptr ? this : nullptr);
  }

 private:
  void killed(Connection& connection) override;
  void ended(Connection&) override {}
  void began(const Expectation& expectation, const Connection& master, Timestamp deadline) override;
  void ceased(const Expectation& expectation, const Connection& master, Timestamp deadline) override;
  Verdict find_connection_of(Packet& packet, const HookContext& context);
  Verdict look_and_shift(Packet& packet, Connection& connection, const HookContext& context);
  static Zone zone_of(const Packet& packet);
  template <size_t N>
  Connection* look_up(Packet& packet, TrackContext& context);
  template <size_t N>
  Connection* look_up_anew(Packet& packet, TrackContext& context);
  template <size_t N>
  [[gnu::noinline]] Connection* begin_flow(const TupleWords<N>& tuple, Packet& packet, Zone zone,
                                           TrackContext& context);
  template <size_t N>
  Connection* begin(const TupleWords<N>& original, const TupleWords<N>& reply, Packet& packet, Zone zone,
                    TrackContext& context);
  Verdict resolve_clash(Packet& packet, const HookContext& context);
  bool follow_expectation(Connection& connection, const Tuple& tuple, Zone zone, Timestamp now);
  void follow_template(Connection& connection, const ConnectionTemplate& wanted);
  Tracked track(Connection& connection, const Packet& packet, TrackContext& context);
  void forget(Packet& packet);
  [[gnu::cold]] Verdict leave_untracked(Packet& packet, const HookContext& context);
  [[gnu::cold]] void tell_refused(Packet& packet, const TrackContext& tracking, const HookContext& context);

  // A timeout policy of the host model.
  struct Policy {
    std::string name;
    Family family;
    uint8_t protocol;
    Timeouts timeouts;
  };

  Timeouts timeouts_;
  std::vector<Policy> policies_;  // constant, as rules and connections point to them
  ConnectionTable table_;
  ExpectationTable expectations_;
  PptpCalls calls_;
  Refusals refusals_;
  Refusal refusal_;  // of the packet on its way; meaningful where a tracker says so
  bool labels_ = false;
  Timestamp now_ = 0;  // of the last packet
  const Router& router_;
  HelperNat* nat_ = nullptr;
  ConnectionEvents* events_ = nullptr;
  ClashListener* clashes_ = nullptr;
};

// Hands packets to ConntrackModule::confirm.
class ConfirmModule final : public HookModule {
 public:
  explicit ConfirmModule(ConntrackModule& conntrack) : conntrack_(conntrack) {}
  std::string_view name() const override { return "confirm"; }
  Verdict handle(Packet& packet, HookContext& context) override { return conntrack_.confirm(packet, context); }

 private:
  ConntrackModule& conntrack_;
};

}  // namespace sallyport
