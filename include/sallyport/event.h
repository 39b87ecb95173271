// What the engine tells: structured events, log lines, logged packets. docs/events.md has every event's members.
#pragma once

#include <array>
#include <cassert>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

#include "sallyport/address.h"
#include "sallyport/clock.h"
#include "sallyport/hook.h"

namespace sallyport {

class Connection;

// One member of an event: a name and a value. What it points to need live only until `emit` returns. A name with a dot,
// "decoder.pkts", stands in an object of its own; members of the same object follow each other.
struct EventField {
  enum class Kind : uint8_t { Number, Signed, Real, Flag, Text, Address, Time };
  std::string_view name = {};
  std::string_view text = {};
  uint64_t number = 0;  // Number, Signed (as two's complement), Flag, Time
  double real = 0;
  Kind kind = Kind::Number;
  IpAddress address = {};

  EventField() = default;
  EventField(std::string_view field, std::string_view value) : name(field), text(value), kind(Kind::Text) {}
  EventField(std::string_view field, const char* value) : EventField(field, std::string_view(value)) {}
  EventField(std::string_view field, bool value) : name(field), number(value), kind(Kind::Flag) {}
  EventField(std::string_view field, double value) : name(field), real(value), kind(Kind::Real) {}
  EventField(std::string_view field, const IpAddress& value) : name(field), kind(Kind::Address), address(value) {}
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  EventField(std::string_view field, T value)
      : name(field),
        number(static_cast<uint64_t>(value)),
        kind(std::signed_integral<T> ? Kind::Signed : Kind::Number) {}
  // A moment, printed as the event's own timestamp is.
  static EventField moment(std::string_view field, Timestamp value) {
    EventField made(field, value);
    made.kind = Kind::Time;
    return made;
  }
};

// The members of one object of an event as they come together, on the stack; `most` bounds them.
template <size_t most>
class EventFields {
 public:
  template <class Value>
  void add(std::string_view name, const Value& value) {
    put(EventField(name, value));
  }
  void add_moment(std::string_view name, Timestamp time) { put(EventField::moment(name, time)); }
  std::span<const EventField> view() const { return {fields_.data(), size_}; }

 private:
  void put(const EventField& field) {
    assert(size_ < most);
    fields_[size_++] = field;
  }

  std::array<EventField, most> fields_;
  size_t size_ = 0;
};

// Who is concerned where no packet is at hand: a source that has fallen silent, a connection that ends.
struct EventFlow {
  IpAddress source = {};
  IpAddress destination = {};  // unspecified: left out
  uint16_t source_port = 0;    // with destination_port: of TCP, UDP, SCTP, UDP-Lite, DCCP
  uint16_t destination_port = 0;
  uint8_t protocol = 0;
  bool has_protocol = false;
};

// One event. Filled on the stack by whoever has something to tell:
//
//   if (context.events != nullptr) {
//     const EventField fields[] = {{"event", "rise"}, {"packets", count}};
//     context.events->emit({.type = "rate", .time = context.now(), .packet = &packet, .context = &context,
//                           .fields = fields});
//   }
//
// Addresses, ports, protocol, interface, packet number, flow_id and community_id come from `packet`, else from
// `connection` (its original direction), else from `flow`.
struct Event {
  std::string_view type = {};  // event_type, and the name of the object that holds `fields`
  Timestamp time = 0;
  const Packet* packet = nullptr;
  const HookContext* context = nullptr;    // its hook and decision go into the netfilter object
  const Connection* connection = nullptr;  // null: the packet's, where it has one
  const EventFlow* flow = nullptr;
  std::span<const EventField> fields = {};
  std::span<const EventField> netfilter = {};  // further members of the netfilter object
  bool ours = false;                           // Suricata has the type, but not for such a moment
};

// Takes events. Called on the packet path: never throws, never blocks, allocates nothing once warm. One thread.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void emit(const Event& event) = 0;
};

// For LogSink::packet: no limit was asked for.
constexpr uint32_t kWholePacket = std::numeric_limits<uint32_t>::max();

// Takes what LOG, TRACE and NFLOG write. Called on the packet path: an implementation buffers. One thread.
class LogSink {
 public:
  virtual ~LogSink() = default;
  // One line as the kernel writes it, without its end; `level` is syslog's (4: warning). Safe to show: what came from a
  // packet is in it as numbers only, control characters of prefixes and interface names as \xNN.
  virtual void line(uint8_t level, std::string_view text) = 0;
  // A packet for group `group`, with at most `copy_bytes` of it wanted (0: none of it).
  virtual void packet(uint16_t group, std::string_view prefix, uint32_t copy_bytes, const Packet& packet,
                      const HookContext& context) = 0;
};

}  // namespace sallyport
