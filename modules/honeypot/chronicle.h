// What the honeypot tells: events that are linked by the lease's number, and lines of LOG.
//
//   trigger and lease, connection, connection_end, end; contained by itself
#pragma once

#include <sallyport/event.h>
#include <sallyport/hook.h>
#include <sallyport/options.h>

#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "honeypot/leases.h"
#include "honeypot/outbound.h"

namespace honeypot {

using namespace sallyport;

inline bool has_ports(uint8_t protocol) {
  return protocol == kTcp || protocol == kUdp || protocol == kSctp || protocol == kUdplite || protocol == kDccp;
}

inline std::string place_text(const Place& place) {
  const std::string address = place.address.text();
  if (place.port == 0) return address;
  return (place.address.family == Family::Ipv6 ? "[" + address + "]" : address) + ":" + std::to_string(place.port);
}

// One thread. Nothing happens where nobody listens.
class Chronicle {
 public:
  // Where all that follows happens: on a packet's way, at the end of a connection, by a command.
  void at(const HookContext& context) { context_ = &context; }

  void lease_begins(const Packet& packet, const Lease& lease, const Order& order) const {
    const EventField why[] = {{"event", "trigger"},
                              {"lease", lease.number},
                              {"table", order.table},
                              {"chain", order.chain},
                              {"line", order.line}};
    tell_of(packet, why);
    if (context_->events == nullptr) return;
    const EventField given[] = {{"event", "lease"},
                                {"lease", lease.number},
                                {"to", lease.place.address},
                                {"lease_s", in_seconds(lease.until - lease.since)},
                                {"to_port", lease.place.port}};
    const EventFlow flow = {.source = packet.source()};
    const size_t count = std::size(given) - (lease.place.port == 0 ? 1 : 0);
    context_->events->emit(
        {.type = "honeypot", .time = context_->now(), .flow = &flow, .fields = std::span(given).first(count)});
  }

  void led_away(const Packet& packet, const Lease& lease) const {
    const EventField fields[] = {{"event", "connection"}, {"lease", lease.number}, {"number", lease.connections}};
    tell_of(packet, fields);
    if (lease.log && context_->log != nullptr) log(packet, lease);
  }

  void connection_ended(const Connection& connection, Steered& steered) const {
    if (std::exchange(steered.told, true) || context_->events == nullptr) return;
    const Timestamp now = context_->now();
    const EventField fields[] = {{"event", "connection_end"},
                                 {"lease", steered.lease},
                                 {"pkts_toserver", steered.traffic.packets_to},
                                 {"pkts_toclient", steered.traffic.packets_from},
                                 {"bytes_toserver", steered.traffic.bytes_to},
                                 {"bytes_toclient", steered.traffic.bytes_from},
                                 {"duration_s", in_seconds(now - steered.since)}};
    context_->events->emit({.type = "honeypot", .time = now, .connection = &connection, .fields = fields});
  }

  void lease_ended(const IpAddress& source, const Lease& lease, End why) const {
    constexpr std::string_view kReasons[] = {"time", "command", "rule", "room"};
    if (context_ == nullptr || context_->events == nullptr) return;
    const Timestamp now = context_->now();
    const EventField fields[] = {{"event", "end"},
                                 {"lease", lease.number},
                                 {"reason", kReasons[static_cast<size_t>(why)]},
                                 {"triggers", lease.triggers},
                                 {"connections", lease.connections},
                                 {"pkts_toserver", lease.traffic.packets_to},
                                 {"pkts_toclient", lease.traffic.packets_from},
                                 {"bytes_toserver", lease.traffic.bytes_to},
                                 {"bytes_toclient", lease.traffic.bytes_from},
                                 {"duration_s", in_seconds(now - lease.since)}};
    const EventFlow flow = {.source = source};
    context_->events->emit({.type = "honeypot", .time = now, .flow = &flow, .fields = fields});
  }

  // The `count`-th packet by which a honeypot would have reached out too often.
  void contained(const Packet& packet, Reach reach, uint64_t count) const {
    const EventField fields[] = {{"event", "contained"},
                                 {"limit", reach == Reach::TooManyEach ? "outbound-each" : "outbound"},
                                 {"count", count}};
    tell_of(packet, fields);
  }

 private:
  static double in_seconds(Duration duration) { return static_cast<double>(duration) / static_cast<double>(kSecond); }

  void tell_of(const Packet& packet, std::span<const EventField> fields) const {
    if (context_->events == nullptr) return;
    context_->events->emit(
        {.type = "honeypot", .time = context_->now(), .packet = &packet, .context = context_, .fields = fields});
  }

  void log(const Packet& packet, const Lease& lease) const {
    constexpr uint8_t kWarning = 4;
    std::string line = "HONEYPOT: lease " + std::to_string(lease.number) + " SRC=" + packet.source().text() +
                       " DST=" + packet.destination().text() + " TO=" + place_text(lease.place) +
                       " PROTO=" + protocol_name(packet.protocol);
    if (const uint8_t* const ports = has_ports(packet.protocol) ? packet.transport(4) : nullptr) {
      line += " SPT=" + std::to_string(load_be16(ports)) + " DPT=" + std::to_string(load_be16(ports + 2));
    }
    context_->log->line(kWarning, line);
  }

  const HookContext* context_ = nullptr;
};

}  // namespace honeypot
