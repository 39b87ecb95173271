// What the module does to packets, hook by hook; honeypot.cc says what for.
#pragma once

#include <sallyport/host.h>
#include <sallyport/module.h>
#include <sallyport/per_connection.h>

#include <algorithm>
#include <bit>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "honeypot/chronicle.h"
#include "honeypot/disguise.h"
#include "honeypot/leases.h"
#include "honeypot/outbound.h"
#include "networks.h"

namespace honeypot {

constexpr uint8_t kSyn = 0x02, kAck = 0x10, kTcpFlags = 0x17;  // of FIN, SYN, RST, ACK

// ICMPv6 by which neighbours find each other (RFC 4861): no connection, and needed.
inline bool is_neighbour_discovery(const Packet& packet) {
  const uint8_t* const icmp = packet.protocol == kIcmp6 ? packet.transport(1) : nullptr;
  return packet.family == Family::Ipv6 && icmp != nullptr && icmp[0] >= 133 && icmp[0] <= 137;
}

// Owned by the engine's shared state. One thread.
class Honeypot final : public SharedObject {
 public:
  Honeypot(ModuleSetup& setup, const Limits& limits, uint32_t most, uint8_t ttl, std::vector<AddressMask> whitelist)
      : nat_(setup.nat()),
        leases_(most, setup.key(), Ended{&chronicle_}),
        outbound_(limits, setup.key()),
        disguise_(ttl, setup.key()),
        whitelist_(std::move(whitelist)),
        leases_given_(setup.metric("leases")),
        connections_(setup.metric("connections")),
        contained_(setup.metric("contained")) {}

  // Rules name them.
  void add_honeypot(const IpAddress& address) {
    if (!is_honeypot(address)) honeypots_.push_back(address);
  }

  void trigger(Packet& packet, HookContext& context, const Order& order) {
    chronicle_.at(context);
    const IpAddress source = packet.source();
    if (is_honeypot(source) || any_contains(whitelist_, source)) return;
    const Timestamp now = context.now();
    leases_.end_those_past(now);
    Lease& lease = leases_.extend(source, now + order.lease, now);
    if (++lease.triggers == 1) {
      lease.place = order.place;
      lease.log = order.log;
      ++leases_given_;
      chronicle_.lease_begins(packet, lease, order);
    }
    if (context.hook == Hook::Prerouting) lead_away(packet, context);
  }

  void release(const Packet& packet, HookContext& context) {
    chronicle_.at(context);
    leases_.end(packet.source(), End::Rule, context.now());
  }

  // At PREROUTING, before NAT.
  void lead_away(Packet& packet, HookContext& context) {
    chronicle_.at(context);
    const Timestamp now = context.now();
    leases_.end_those_past(now);
    Lease* const lease = leases_.find(packet.source(), now);
    if (lease == nullptr || !may_be_led(packet, context)) return;
    const Connection& connection = *packet.connection;
    const uint16_t port = has_ports(packet.protocol) ? lease->place.port : uint16_t{0};
    if (!map_connection(nat_, packet, context, NatEnd::Destination, lease->place.address, port)) return;
    lease->asked = packet.destination();
    ++lease->connections;
    ++connections_;
    steered_.of(connection) = {.lease = lease->number, .source = packet.source(), .since = now};
    chronicle_.led_away(packet, *lease);
  }

  // At PREROUTING, behind connection tracking. False: the honeypot has reached out too often.
  bool contain(const Packet& packet, HookContext& context) {
    if (honeypots_.empty() || !is_honeypot(packet.source()) || is_neighbour_discovery(packet)) return true;
    const Connection* const connection = packet.connection;
    const bool known =
        connection != nullptr && (connection->has(kStatusConfirmed) || packet_direction(packet) == Direction::Reply);
    if (known) return true;
    const Reach reach = outbound_.reach(packet.destination(), context.now());
    if (reach == Reach::Allowed) return true;
    // The first of them is told of, the second, the fourth, the eighth ...
    if (std::has_single_bit(++contained_)) {
      chronicle_.at(context);
      chronicle_.contained(packet, reach, contained_);
    }
    return false;
  }

  // At POSTROUTING, before source NAT: whom it knows, it talks to from the address that was asked.
  void hide_source(Packet& packet, HookContext& context) {
    own_error_ = is_own_error(packet) ? packet.source() : IpAddress{};
    if (leases_.empty() || !is_honeypot(packet.source())) return;
    const Lease* const lease = leases_.find(packet.destination(), context.now());
    if (lease == nullptr || lease->asked.is_unspecified() || lease->asked.family != packet.family) return;
    map_connection(nat_, packet, context, NatEnd::Source, lease->asked, 0);
  }

  // At POSTROUTING, behind NAT: what gets through. False: it would not have come as far as the machine that was asked.
  bool passes(Packet& packet, HookContext& context) {
    if (packet.connection == nullptr) return true;
    // NAT has given it the address of whom was asked; but a router on the way there says who it is.
    if (is_own_error(packet)) {
      set_source(packet, own_error_);
      return true;
    }
    const Connection& connection = *packet.connection;
    const bool answer = packet_direction(packet) == Direction::Reply;
    Steered* const steered = steered_.find(connection);
    const Timestamp now = context.now();
    if (steered == nullptr) {
      if (answer && shows_ttl(packet)) disguise_.learn(packet.source(), packet.ttl(), now);
      return true;
    }
    chronicle_.at(context);
    if (!hide_ttl(packet, connection, *steered, answer, now)) return false;
    steered->traffic.add(!answer, packet.length);
    if (Lease* const lease = leases_.find(steered->source, now); lease != nullptr && lease->number == steered->lease) {
      lease->traffic.add(!answer, packet.length);
    }
    const bool over = packet.protocol == kTcp &&
                      (connection.tcp.state == TcpState::TimeWait || connection.tcp.state == TcpState::Close);
    if (over) chronicle_.connection_ended(connection, *steered);
    return true;
  }

  void connection_ended(const Connection& connection, HookContext& context) {
    chronicle_.at(context);
    if (Steered* const steered = steered_.find(connection)) chronicle_.connection_ended(connection, *steered);
  }

  // "list", "release ADDRESS".
  Result<std::string> command(std::string_view words, HookContext& context) {
    chronicle_.at(context);
    leases_.end_those_past(context.now());
    constexpr std::string_view kRelease = "release ";
    if (words == "list") return list(context.now());
    if (!words.starts_with(kRelease)) return fail(std::string(words) + " is no command", "list or release ADDRESS");
    const auto source = parse_address(words.substr(kRelease.size()));
    if (!source) return std::unexpected(source.error());
    if (!leases_.end(*source, End::Command, context.now())) return fail(source->text() + " has no lease");
    return source->text() + " is released\n";
  }

 private:
  struct Ended {
    const Chronicle* chronicle;
    void operator()(const IpAddress& source, const Lease& lease, End why) const {
      chronicle->lease_ended(source, lease, why);
    }
  };

  bool is_honeypot(const IpAddress& address) const {
    return std::ranges::find(honeypots_, address) != honeypots_.end();
  }

  // An ICMP error of this machine about what is led away: TTL used up, too large, no route.
  bool is_own_error(const Packet& packet) {
    return packet.in == kNoInterface && packet.connection != nullptr && packet_state(packet) == PacketState::Related &&
           steered_.find(*packet.connection) != nullptr;
  }

  static bool may_be_led(const Packet& packet, const HookContext& context) {
    if (packet.connection == nullptr || packet_state(packet) != PacketState::New) return false;
    if (packet.protocol == kTcp) {
      const uint8_t* const tcp = packet.transport(20);
      if (tcp == nullptr || (tcp[13] & kTcpFlags) != kSyn) return false;
    }
    const RouteType type = context.router->address_type(packet.destination());
    return type != RouteType::Broadcast && type != RouteType::Multicast;
  }

  // Of TCP the SYN-ACK will do: one look a connection.
  static bool shows_ttl(const Packet& packet) {
    if (packet_state(packet) == PacketState::Related) return false;
    if (packet.protocol != kTcp) return true;
    const uint8_t* const tcp = packet.transport(20);
    return tcp != nullptr && (tcp[13] & (kSyn | kAck)) == (kSyn | kAck);
  }

  bool hide_ttl(Packet& packet, const Connection& connection, Steered& steered, bool answer, Timestamp now) {
    const IpAddress asked = connection.tuple(Direction::Original).destination_address();
    const IpAddress honeypot = connection.tuple(Direction::Reply).source_address();
    if (answer) {
      if (shows_ttl(packet)) disguise_.learn(honeypot, packet.ttl(), now);
      if (steered.answer_ttl == 0) steered.answer_ttl = disguise_.ttl_of_answer(asked, packet.ttl(), now);
      set_ttl(packet, steered.answer_ttl);
      return true;
    }
    const int ttl = packet.ttl() + disguise_.detour(asked, honeypot, now);
    if (ttl < 1) return false;
    set_ttl(packet, static_cast<uint8_t>(std::min(ttl, 255)));
    return true;
  }

  std::string list(Timestamp now) const {
    std::string out;
    leases_.for_each([&](const IpAddress& source, const Lease& lease) {
      out += source.text() + " to " + place_text(lease.place) + ", lease " + std::to_string(lease.number) + ", " +
             std::to_string((lease.until - now) / kSecond) + " s left, " + std::to_string(lease.connections) +
             " connections\n";
    });
    return out;
  }

  Nat& nat_;
  Chronicle chronicle_;
  Leases<Ended> leases_;
  Outbound outbound_;
  Disguise disguise_;
  PerConnection<Steered> steered_;
  std::vector<AddressMask> whitelist_;
  std::vector<IpAddress> honeypots_;
  uint64_t& leases_given_;
  uint64_t& connections_;
  uint64_t& contained_;
  IpAddress own_error_ = {};  // the source that such a one has before NAT
};

}  // namespace honeypot
