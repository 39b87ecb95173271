// The machine that the packets pass through: interfaces, addresses, routes, sysctls. As a question (Router) and as a
// model that answers it (HostModel).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sallyport/address.h"
#include "sallyport/packet.h"
#include "sallyport/result.h"

namespace sallyport {

struct InterfaceAddress {
  IpAddress address = {};
  uint8_t prefix_bits = 0;
  bool operator==(const InterfaceAddress&) const = default;
};

struct Interface {
  std::array<char, 16> name = {};  // zero-filled, as rules compare it
  uint32_t mtu = 65535;
  uint32_t group = 0;
  std::array<uint8_t, 6> mac = {};
  std::vector<InterfaceAddress> addresses = {};  // in the order of `ip address`: an earlier one is preferred
  bool loopback = false;
  bool point_to_point = false;  // no link-layer addresses (tun)
  std::string_view name_text() const { return std::string_view(name.data()); }
};

// As `ip route` calls them. None: nothing matched, the network is unreachable.
enum class RouteType : uint8_t {
  None,
  Unicast,
  Local,
  Broadcast,
  Anycast,
  Multicast,
  Blackhole,
  Unreachable,
  Prohibit,
  Throw
};

struct RouteQuery {
  IpAddress destination = {};
  IpAddress source = {};           // unspecified: not chosen yet
  InterfaceId in = kNoInterface;   // none: a local sender asks
  InterfaceId out = kNoInterface;  // only routes by this interface
  uint32_t mark = 0;
  uint8_t tos = 0;
};

struct Route {
  RouteType type = RouteType::None;
  InterfaceId out = kNoInterface;
  IpAddress gateway = {};           // unspecified: the destination itself is the neighbour
  IpAddress preferred_source = {};  // what a local sender without an address takes
  uint32_t mtu = 0;                 // the route's own, else the interface's
  uint32_t realm = 0;               // as -m realm compares it: the source's realm in the upper half, where there is one
  bool martian = false;             // Blackhole because an address is not believable here (rp_filter, 127.0.0.1 ...)
};

// What the path and the rules ask of the machine. Const: many threads may ask at once. Nothing here allocates but
// `sysctl` look-ups, which belong to set-up.
class Router {
 public:
  virtual ~Router() = default;
  // As ip_route_output() and ip_route_input() answer, and their IPv6 counterparts. With `in`: Local, Broadcast and
  // Multicast are to be delivered here, Unicast is to be forwarded, all others end the packet: None with a "network
  // unreachable", Unreachable with a "host unreachable" (also where forwarding is off), Prohibit with an
  // "administratively prohibited", Blackhole silently. `out` of a local route is the loopback interface where the model
  // has one, else the interface that has the address. Pairs play no part here.
  virtual Route route(const RouteQuery& query) const = 0;
  // What an address is to this machine (-m addrtype). IPv4: Local, Broadcast, Multicast, Unicast, Anycast. IPv6: also
  // Unreachable (any route that refuses, or none). With `on`, only what is so by that interface, else Unicast.
  virtual RouteType address_type(const IpAddress& address, InterfaceId on = kNoInterface) const = 0;
  // The address that the machine gives an IPv6 packet of its own that leaves by `out` (RFC 6724); unspecified: none.
  virtual IpAddress source_address(const IpAddress& destination, InterfaceId out) const {
    static_cast<void>(out);
    return {.family = destination.family};
  }
  // `id` from 1 to interface_count(); 0 is an interface without a name.
  virtual const Interface& interface(InterfaceId id) const = 0;
  virtual size_t interface_count() const = 0;
  virtual std::optional<InterfaceId> find_interface(std::string_view name) const = 0;
  // The other end of the pair that `id` belongs to, or none.
  virtual InterfaceId pair_of(InterfaceId id) const = 0;
  virtual bool pair_is_bridge(InterfaceId id) const = 0;
  // A sysctl by its kernel name, "net.ipv4.ip_forward"; its default where unset. Set-up only.
  virtual int64_t sysctl(std::string_view name) const = 0;
};

// `ip rule`: asked in order of priority; the first whose selectors hold and whose table has a route answers.
// An interface that the model does not have never matches, but "lo" is any local sender.
struct PolicyRule {
  uint32_t priority = 0;
  std::optional<AddressMask> from = {};
  std::optional<AddressMask> to = {};
  std::string iif = {};
  std::string oif = {};
  std::optional<std::pair<uint32_t, uint32_t>> fwmark = {};  // value, mask
  std::optional<uint8_t> tos = {};
  uint32_t table = 0;
  RouteType type = RouteType::Unicast;  // Unicast: look the table up; else the answer itself
  std::optional<Family> family = {};    // unset: both
};

struct RouteEntry {
  AddressMask to = {};
  RouteType type = RouteType::Unicast;
  std::string dev = {};  // empty: the interface that leads to `via`; refusing types need none
  IpAddress via = {};    // IPv6 also for an IPv4 route, given `dev`
  IpAddress source = {};
  uint32_t metric = 0;  // IPv6: 0 stands for 1024, as in the kernel
  uint32_t table = 254;
  uint32_t mtu = 0;  // 0: the interface's
  uint32_t realm = 0;
};

// A timeout policy, as `nfct timeout add` makes one; -j CT --timeout gives it to connections by name.
struct TimeoutPolicy {
  static constexpr uint8_t kGeneric = 255;  // every protocol that has no tracker of its own
  std::string name = {};
  Family family = Family::Ipv4;
  uint8_t protocol = 0;
  // By state, as nfct(8) names it. What is not there lasts as the sysctls say.
  std::vector<std::pair<std::string, uint32_t>> seconds = {};
};

// A protocol that can have policies, and its states, in nfct(8)'s words.
struct TimeoutStates {
  std::string_view protocol_name = {};
  uint8_t protocol = 0;
  std::span<const std::string_view> states = {};
};
std::span<const TimeoutStates> timeout_states();

// Ports that the machine itself listens on, both ends included; of a protocol whose ports NAT may change (TCP, UDP,
// UDP-Lite, SCTP).
struct ListeningPorts {
  uint8_t protocol = 0;
  uint16_t low = 0;
  uint16_t high = 0;
  bool operator==(const ListeningPorts&) const = default;
};

// The machine as data. Built by a reader or by hand, then finished and constant.
class HostModel final : public Router {
 public:
  HostModel();
  HostModel(HostModel&&) noexcept;
  HostModel& operator=(HostModel&&) noexcept;
  ~HostModel() override;

  // One pair of two interfaces, MTU 65535, no address: what stands where no model is given.
  static HostModel pair(std::string_view first, std::string_view second);

  // Each answers what is wrong with its argument (a name twice, an unknown device ...).
  Result<InterfaceId> add_interface(Interface interface);
  Result<void> add_pair(std::string_view first, std::string_view second, bool bridge);
  Result<void> add_route(RouteEntry route);
  Result<void> add_rule(PolicyRule rule);
  Result<void> add_timeout_policy(TimeoutPolicy policy);
  // False: the name is unknown; it is kept all the same.
  bool set_sysctl(std::string_view name, int64_t value);
  // Whether the machine answers what is delivered to it ([host] answers); no, unless set.
  void set_answers(bool answers);
  // At the machine's own addresses: NAT gives no connection these ports ([host] spared_by_nat). None, unless added.
  Result<void> spare_from_nat(ListeningPorts ports);
  // Off: finish() adds no rules, no routes of its own; the model states all of them.
  void set_default_rules(bool wanted);
  void set_kernel_routes(bool wanted);
  // Adds what the kernel adds by itself: connected, local and broadcast routes, the rules for local, main, default.
  // To be called again after any change.
  void finish();

  Route route(const RouteQuery& query) const override;
  RouteType address_type(const IpAddress& address, InterfaceId on) const override;
  IpAddress source_address(const IpAddress& destination, InterfaceId out) const override;
  const Interface& interface(InterfaceId id) const override;
  size_t interface_count() const override;
  std::optional<InterfaceId> find_interface(std::string_view name) const override;
  InterfaceId pair_of(InterfaceId id) const override;
  bool pair_is_bridge(InterfaceId id) const override;
  int64_t sysctl(std::string_view name) const override;
  bool has_pairs() const;
  bool answers() const;

  // What was added and set, in order; not what finish() adds.
  const std::vector<RouteEntry>& routes() const;
  const std::vector<PolicyRule>& rules() const;
  const std::vector<TimeoutPolicy>& timeout_policies() const;
  const std::vector<ListeningPorts>& spared_by_nat() const;
  const std::map<std::string, int64_t, std::less<>>& sysctls() const;
  bool default_rules() const;
  bool kernel_routes() const;

  struct State;  // host/state.h

 private:
  std::unique_ptr<State> state_;
};

// Reads a model from TOML. `file` names it in errors. Unknown sysctls are named in `warnings`.
Results<HostModel> read_host_model(std::string_view toml, std::string_view file, std::vector<std::string>& warnings);

// The machine that this process runs on, as far as the model has words for it; `warnings` name what it has none for,
// and interfaces that are down, which are left out. An error: the kernel does not answer. Needs no privilege.
Result<HostModel> snapshot_host(std::vector<std::string>& warnings);

// The model as TOML that read_host_model() reads back to the same model.
std::string host_model_text(const HostModel& model);

}  // namespace sallyport
