// An event as a line of JSON.

#include "event/event_text.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>
#include <iterator>
#include <optional>

#include "event/community_id.h"
#include "event/flow_key.h"
#include "sallyport/connection.h"
#include "sallyport/json_text.h"

namespace sallyport {
namespace {

// Those of ours that Suricata has too, with the same members.
constexpr std::string_view kEveTypes[] = {"drop", "flow", "anomaly", "engine", "stats"};

// What EVE calls protocols; others by three digits.
struct ProtocolName {
  uint8_t number;
  std::string_view name;
};
constexpr ProtocolName kProtocolNames[] = {
    {kIcmp, "ICMP"}, {2, "IGMP"},           {4, "IP-in-IP"},         {kTcp, "TCP"},
    {kUdp, "UDP"},   {kDccp, "DCCP"},       {kGre, "GRE"},           {kEsp, "ESP"},
    {kAh, "AH"},     {kIcmp6, "IPv6-ICMP"}, {89, "OSPFIGP"},         {103, "PIM"},
    {112, "VRRP"},   {kSctp, "SCTP"},       {kMobility, "Mobility"}, {kUdplite, "UDPLite"},
};

void append_number(uint64_t number, std::string& out) {
  const fmt::format_int text(number);
  out.append(text.data(), text.size());
}

// Object members, one after the other. Knows whether a comma is due.
class Members {
 public:
  explicit Members(std::string& out) : out_(out) { out_ += '{'; }
  void name(std::string_view name) {
    if (any_) out_ += ',';
    any_ = true;
    append_json_quoted(name, out_);
    out_ += ':';
  }
  void number(std::string_view member, uint64_t value) {
    name(member);
    append_number(value, out_);
  }
  void text(std::string_view member, std::string_view value) {
    name(member);
    append_json_quoted(value, out_);
  }
  void address(std::string_view member, const IpAddress& value) {
    std::array<char, INET6_ADDRSTRLEN> text = {};
    inet_ntop(value.family == Family::Ipv4 ? AF_INET : AF_INET6, value.bytes.data(), text.data(), text.size());
    this->text(member, text.data());
  }
  void flag(std::string_view member, bool value) {
    name(member);
    out_ += value ? "true" : "false";
  }
  void field(const EventField& field, std::string_view member);
  void fields(std::span<const EventField> fields);
  // An object within; it is over with close().
  void open(std::string_view member) {
    name(member);
    out_ += '{';
    any_ = false;
  }
  void close() {
    out_ += '}';
    any_ = true;
  }

 private:
  std::string& out_;
  bool any_ = false;
};

void Members::field(const EventField& field, std::string_view member) {
  switch (field.kind) {
    case EventField::Kind::Number:
      return number(member, field.number);
    case EventField::Kind::Signed:
      name(member);
      fmt::format_to(std::back_inserter(out_), "{}", static_cast<int64_t>(field.number));
      return;
    case EventField::Kind::Real:
      name(member);
      fmt::format_to(std::back_inserter(out_), "{}", std::isfinite(field.real) ? field.real : 0.0);
      return;
    case EventField::Kind::Flag:
      return flag(member, field.number != 0);
    case EventField::Kind::Text:
      return text(member, field.text);
    case EventField::Kind::Address:
      return address(member, field.address);
    case EventField::Kind::Time:
      name(member);
      return append_timestamp(static_cast<Timestamp>(field.number), out_);
  }
}

// "decoder.pkts" stands in an object of its own, together with its neighbours of the same object.
void Members::fields(std::span<const EventField> fields) {
  std::string_view within;
  for (const EventField& one : fields) {
    const size_t dot = one.name.find('.');
    const std::string_view object = dot == std::string_view::npos ? "" : one.name.substr(0, dot);
    if (object != within) {
      if (!within.empty()) close();
      if (!object.empty()) open(object);
      within = object;
    }
    field(one, object.empty() ? one.name : one.name.substr(dot + 1));
  }
  if (!within.empty()) close();
}

std::string_view state_name(PacketState state) {
  constexpr std::string_view kNames[] = {"INVALID", "NEW", "ESTABLISHED", "RELATED", "UNTRACKED"};
  return kNames[static_cast<size_t>(state)];
}

// The addresses that the connection has on its other side, where they were mapped.
void add_nat(const Connection& connection, Members& members) {
  if (!connection.has(kStatusSourceNat) && !connection.has(kStatusDestinationNat)) return;
  const Tuple reply = connection.tuple(Direction::Reply);
  members.open("nat");
  if (connection.has(kStatusSourceNat)) {
    members.address("src_ip", reply.destination_address());
    if (has_port_numbers(reply.protocol)) members.number("src_port", reply.destination_id);
  }
  if (connection.has(kStatusDestinationNat)) {
    members.address("dest_ip", reply.source_address());
    if (has_port_numbers(reply.protocol)) members.number("dest_port", reply.source_id);
  }
  members.close();
}

class EventLine {
 public:
  EventLine(const Event& event, const EventStyle& style, std::string& out)
      : event_(event), style_(style), out_(out), members_(out) {
    connection_ = event.connection;
    if (connection_ == nullptr && event.packet != nullptr) connection_ = event.packet->connection;
    if (event.packet != nullptr) {
      flow_ = flow_of(*event.packet);
    } else if (connection_ != nullptr) {
      flow_ = flow_of(*connection_);
    } else if (event.flow != nullptr) {
      flow_ = flow_of(*event.flow);
    }
    // What is told of a source alone has no flow.
    whole_ = flow_ && !flow_->destination.is_unspecified() && (event.flow == nullptr || event.flow->has_protocol);
  }

  void write() {
    members_.name("timestamp");
    append_timestamp(event_.time, out_);
    if (whole_) members_.number("flow_id", flow_id(*flow_, connection_, style_.flow_key));
    if (event_.packet != nullptr) add_packet(*event_.packet);
    members_.text("event_type", event_.type);
    if (flow_) add_flow();
    if (!event_.fields.empty()) {
      members_.open(event_.type);
      members_.fields(event_.fields);
      members_.close();
    }
    if (!style_.eve_strict) add_netfilter();
    out_ += "}\n";
  }

 private:
  void add_packet(const Packet& packet) {
    if (packet.number != 0) members_.number("pcap_cnt", packet.number);
    const std::string_view in = interface_name(packet.in);
    if (!in.empty()) members_.text("in_iface", in);
  }

  std::string_view interface_name(InterfaceId id) const {
    return id == kNoInterface || style_.router == nullptr ? "" : style_.router->interface(id).name_text();
  }

  void add_flow() {
    members_.address("src_ip", flow_->source);
    const bool icmp = is_icmp_protocol(flow_->protocol);
    if (flow_->has_ports && !icmp) members_.number("src_port", flow_->source_port);
    if (!flow_->destination.is_unspecified()) members_.address("dest_ip", flow_->destination);
    if (flow_->has_ports && !icmp) members_.number("dest_port", flow_->destination_port);
    if (event_.flow == nullptr || event_.flow->has_protocol) add_protocol(flow_->protocol);
    if (flow_->has_ports && icmp) {
      members_.number("icmp_type", flow_->source_port);
      members_.number("icmp_code", flow_->destination_port);
    }
    // A transport header that cannot be read would give the ID of another flow.
    const bool readable = flow_->has_ports || !(has_port_numbers(flow_->protocol) || icmp);
    if (!whole_ || !readable) return;
    members_.name("community_id");
    out_ += '"';
    append_community_id(*flow_, style_.community_seed, out_);
    out_ += '"';
  }

  void add_protocol(uint8_t protocol) {
    const auto* known = std::ranges::find(kProtocolNames, protocol, &ProtocolName::number);
    if (known != std::end(kProtocolNames)) return members_.text("proto", known->name);
    members_.name("proto");
    fmt::format_to(std::back_inserter(out_), "\"{:03}\"", protocol);
  }

  void add_netfilter() {
    const bool tracked =
        connection_ != nullptr || (event_.packet != nullptr && packet_state(*event_.packet) == PacketState::Untracked);
    if (event_.context == nullptr && !tracked && event_.netfilter.empty()) return;
    members_.open("netfilter");
    if (event_.context != nullptr) add_decision(*event_.context);
    if (event_.packet != nullptr) {
      if (tracked) members_.text("state", state_name(packet_state(*event_.packet)));
      if (event_.packet->mark != 0) members_.number("mark", event_.packet->mark);
    }
    if (connection_ != nullptr) add_connection(*connection_);
    members_.fields(event_.netfilter);
    members_.close();
  }

  void add_decision(const HookContext& context) {
    members_.text("hook", hook_name(context.hook));
    const std::string_view out = interface_name(context.out);
    if (!out.empty()) members_.text("out_iface", out);
    const Decision& decision = context.decision;
    if (decision.table.empty()) return;
    members_.text("table", decision.table);
    members_.text("chain", decision.chain);
    if (decision.rule_number != 0) members_.number("rule", decision.rule_number);
    if (decision.rule_number == 0) members_.flag("policy", true);
    if (decision.line != 0) members_.number("line", decision.line);
  }

  void add_connection(const Connection& connection) {
    if (event_.packet != nullptr) {
      members_.text("direction", packet_direction(*event_.packet) == Direction::Reply ? "reply" : "original");
    }
    if (connection.mark != 0) members_.number("connmark", connection.mark);
    if (const uint16_t zone = connection.zone().original; zone != 0) members_.number("zone", zone);
    add_nat(connection, members_);
  }

  const Event& event_;
  const EventStyle& style_;
  std::string& out_;
  Members members_;
  const Connection* connection_ = nullptr;
  std::optional<FlowKey> flow_;
  bool whole_ = false;
};

}  // namespace

void append_timestamp(Timestamp time, std::string& out) {
  const Timestamp whole = time >= 0 ? time / kSecond : (time - kSecond + 1) / kSecond;
  const std::time_t seconds = whole;
  std::tm civil = {};
  gmtime_r(&seconds, &civil);
  fmt::format_to(std::back_inserter(out), "\"{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}+0000\"", civil.tm_year + 1900,
                 civil.tm_mon + 1, civil.tm_mday, civil.tm_hour, civil.tm_min, civil.tm_sec,
                 (time - whole * kSecond) / kMicrosecond);
}

bool can_say(const Event& event, const EventStyle& style) {
  return !style.eve_strict || (!event.ours && std::ranges::find(kEveTypes, event.type) != std::end(kEveTypes));
}

void append_event(const Event& event, const EventStyle& style, std::string& out) {
  EventLine(event, style, out).write();
}

}  // namespace sallyport
