// A packet's way through the machine.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "hook/hook_chain.h"
#include "hook/route_cache.h"
#include "sallyport/engine.h"
#include "sallyport/hook.h"
#include "sallyport/host.h"
#include "wire/parse.h"

namespace sallyport {

// Whether one more ICMP error of `type` may go to `to` now (net.ipv4.icmp_ratelimit and its kin); counts it if so.
using IcmpErrorGate = std::function<bool(const IpAddress& to, uint8_t type, Timestamp now)>;

// Leads packets through routing and the five hooks. Owns nothing but its scratch space; what it points to outlives it.
// One thread; it re-enters itself for the packets that it makes.
class PacketPath final : public PacketOutput {
 public:
  struct Parts {
    const Router* router = nullptr;
    const Clock* clock = nullptr;
    Random* random = nullptr;
    LogSink* log = nullptr;
    EventSink* events = nullptr;   // may be null
    PacketSink* sink = nullptr;    // may be null
    IcmpErrorGate icmp_gate = {};  // may be empty: no limit
    EngineCounters* counters = nullptr;
    bool super_packets = false;  // as EngineConfig has it
  };
  explicit PacketPath(const Parts& parts);

  HookChain& chain(Family family, Hook hook) { return chains_[static_cast<size_t>(family)][static_cast<size_t>(hook)]; }
  Queues& queues() { return queues_; }
  const Queues& queues() const { return queues_; }

  // What modules are given. May be used for one packet after another, by one call of receive() at a time.
  HookContext new_context();
  // Reads a packet that came in by packet.in; the answer is for receive().
  Malformed look_at(Packet& packet) const;
  // Leads it from PREROUTING to its end.
  void receive(Packet& packet, Malformed reason, HookContext& context);
  // A packet of a local sender, not parsed yet.
  void send_local(Packet& packet);
  // Leads a packet that waited in a queue, and was taken out of it, from there to its end (or into the next queue).
  void resume(QueuedPacket& held, QueueAnswer answer);

  // PacketOutput: a packet that the machine itself made.
  void send(Packet&& packet, const Packet& cause) override;
  bool reroute(Packet& packet) override;
  bool may_send_error(const Packet& cause, uint8_t type) override;

 private:
  static constexpr Decision kUndecided = {};

  // What the path asks of each interface, looked up once.
  struct Port {
    InterfaceId pair = kNoInterface;
    bool bridge = false;
    bool loopback = false;
    uint32_t mtu = 0;
  };

  // What became of a packet's IPv4 options.
  enum class OptionsAnswer : uint8_t { Refused, Fine, Changed };

  // Inline: the steps of every packet, used by packet_path.cc alone.
  inline bool run(Hook hook, Packet& packet, HookContext& context);
  inline void behind_prerouting(Packet& packet, HookContext& context);
  inline NextHop route_in(const Packet& packet);
  NextHop across_pair(const Packet& packet, InterfaceId pair) const;
  inline void forward(Packet& packet, NextHop route, bool options_changed, HookContext& context);
  inline void behind_forward(Packet& packet, bool options_changed, HookContext& context);
  inline bool may_forward(Packet& packet, uint32_t mtu);
  inline void finish(Packet& packet);
  inline void end(Packet& packet, Fate fate, Hook hook, const Decision& decision = kUndecided);
  inline uint32_t mtu_of(const Packet& packet) const;
  bool is_super(const Packet& packet) const;

  void refuse_route(Packet& packet, RouteType type);
  void stopped(Verdict::Kind verdict, Packet& packet, const HookContext& context);
  void output(Packet& packet, const Route& route);
  void leave_host(Packet& packet, HookContext& context);
  bool hears_itself(const Packet& packet) const;
  void hear(Packet& packet);
  void leave_in_pieces(Packet& packet);
  OptionsAnswer judge_options(Packet& packet, RouteType type);
  bool source_may_travel(const Packet& packet);
  void send_error(const Packet& cause, uint8_t type, uint8_t code, uint32_t rest, bool sent_to_many_too = false);
  void answer_hop_by_hop(Packet& packet);
  InterfaceId side_of(const Packet& cause) const;
  IpAddress source_of_error(const Packet& cause) const;

  Parts parts_;
  std::array<std::array<HookChain, kHooks>, 2> chains_;
  Queues queues_;
  std::vector<Port> ports_;
  RouteCache routes_;
  bool has_addresses_ = false;
  bool errors_to_anycast_ = false;  // net.ipv6.icmp.error_anycast_as_unicast
  int nesting_ = 0;
  uint32_t next_fragment_id_ = 0;
  std::vector<Packet> pieces_;
};

}  // namespace sallyport
