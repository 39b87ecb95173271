// Events of the packet's path: drop, with the header's numbers under EVE's names, and anomaly of type decode.

#include "hook/path_events.h"

#include <utility>

#include "sallyport/clock.h"

namespace sallyport {
namespace {

using FieldList = EventFields<18>;  // TCP over IPv4 has that many

void add_ip(const Packet& packet, FieldList& fields) {
  const uint8_t* const ip = packet.data();
  fields.add("len", packet.length);
  if (packet.family == Family::Ipv4) {
    fields.add("tos", packet.tos());
    fields.add("ttl", packet.ttl());
    fields.add("ipid", load_be16(ip + 4));
  } else {
    fields.add("tc", packet.tos());
    fields.add("hoplimit", packet.ttl());
    fields.add("flowlbl", load_be32(ip) & 0xfffff);
  }
}

void add_tcp(const uint8_t* tcp, FieldList& fields) {
  fields.add("tcpseq", load_be32(tcp + 4));
  fields.add("tcpack", load_be32(tcp + 8));
  fields.add("tcpwin", load_be16(tcp + 14));
  fields.add("tcpres", tcp[12] & 0x0f);
  fields.add("tcpurgp", load_be16(tcp + 18));
  constexpr std::pair<std::string_view, uint8_t> kFlags[] = {{"syn", 0x02}, {"ack", 0x10}, {"psh", 0x08},
                                                             {"rst", 0x04}, {"urg", 0x20}, {"fin", 0x01}};
  for (const auto& [name, bit] : kFlags) fields.add(name, (tcp[13] & bit) != 0);
}

void add_transport(const Packet& packet, FieldList& fields) {
  const bool tcp = packet.protocol == kTcp;
  const uint8_t* const header = packet.transport(tcp ? 20 : 8);
  if (header == nullptr) return;
  if (tcp) add_tcp(header, fields);
  if (packet.protocol == kUdp) fields.add("udplen", load_be16(header + 4));
  if (packet.protocol == kIcmp || packet.protocol == kIcmp6) {
    fields.add("icmp_id", load_be16(header + 4));
    fields.add("icmp_seq", load_be16(header + 6));
  }
}

}  // namespace

void tell_drop(const Packet& packet, const HookContext& context) {
  FieldList fields;
  add_ip(packet, fields);
  add_transport(packet, fields);
  fields.add("reason", std::string_view(context.decision.table.empty() ? "module" : "rules"));
  context.events->emit(
      {.type = "drop", .time = context.now(), .packet = &packet, .context = &context, .fields = fields.view()});
}

void tell_malformed(const Packet& packet, std::string_view reason, Timestamp time, EventSink& events) {
  const EventField fields[] = {{"type", "decode"}, {"event", reason}};
  events.emit({.type = "anomaly", .time = time, .packet = &packet, .fields = fields});
}

}  // namespace sallyport
