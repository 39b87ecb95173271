// Network address translation on its hooks.
#pragma once

#include <array>
#include <optional>

#include "conntrack/clash_listener.h"
#include "conntrack/connection_table.h"
#include "nat/by_source.h"
#include "nat/exhaustion.h"
#include "nat/range.h"
#include "nat/spared_ports.h"
#include "sallyport/helper.h"
#include "sallyport/hook.h"
#include "sallyport/nat.h"

namespace sallyport {

// At -100 of PREROUTING and OUTPUT (destination) and 100 of POSTROUTING and INPUT (source), for both families. Shows a
// connection's first packet to the nat table, keeps what that decides, and rewrites every packet by it. One thread.
class NatModule final : public HookModule,
                        public Nat,
                        public HelperNat,
                        public ClashListener,
                        private ConnectionListener {
 public:
  // `random` outlives this.
  NatModule(ConnectionTable& table, Random& random, const SipHashKey& key, SparedPorts spared = {});

  // The nat table's rules of a family; it outlives this.
  void set_rules(Family family, HookModule& rules) { rules_[static_cast<size_t>(family)] = &rules; }

  // Between packets: ends the connections that MASQUERADE gave an address of the interface, or that address.
  void forget_masqueraded(InterfaceId interface, const std::optional<IpAddress>& address, Timestamp now);

  std::string_view name() const override { return "nat"; }
  Verdict handle(Packet& packet, HookContext& context) override;
  void map(Packet& packet, const HookContext& context, NatEnd end, const NatRequest& request) override;
  void bind(Packet& packet, InterfaceId out) override;
  std::optional<uint16_t> expect(Connection& master, Expectation expectation, const HelperContext& context) override;
  bool write(Packet& packet, PayloadPart part, std::string_view text) override;
  void grew(const Packet& packet, Connection& connection, int32_t bytes) override;
  bool spares(const Tuple& expected) const override { return spared_.hold_destination(expected); }
  void follow(Connection& connection, const Expectation& expectation, Expecter& expecter, Timestamp now) override;
  void dropped(const Packet& packet, const HookContext& context) override;

 private:
  // Returns how many tuples were looked up.
  uint32_t set_up(Connection& connection, NatEnd end, const NatRequest& request, Timestamp now);
  void ended(Connection& connection) override;
  Verdict decide(Packet& packet, HookContext& context, NatEnd end);
  Verdict refuse(const Packet& packet, const HookContext& context);
  static bool translate_error(Packet& packet, NatEnd end);

  ConnectionTable& table_;
  Random& random_;
  BySource by_source_;
  SparedPorts spared_;
  std::array<HookModule*, 2> rules_ = {};
  NatAttempt attempt_ = {};  // the last that a rule asked for
};

}  // namespace sallyport
