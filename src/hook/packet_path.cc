// A packet's way through the machine, top to bottom: the netfilter diagram in code.
//
//   receive: PREROUTING -> route -+-> INPUT -> delivered
//                                 +-> TTL, MTU -> FORWARD -> POSTROUTING -> leaves
//   send:    route -> OUTPUT (-> route again) -> POSTROUTING -> leaves, or comes back in by the loopback interface
//
// Counterparts: ip_rcv, ip_forward, ip_output, ip_local_out and their IPv6 twins in net/ipv4 and net/ipv6. What the
// kernel does outside netfilter (martian sources, redirects, multicast routing) has no place here.

#include "hook/packet_path.h"

#include <algorithm>
#include <utility>

#include "hook/path_events.h"
#include "sallyport/connection.h"
#include "wire/build.h"
#include "wire/checksum.h"
#include "wire/edit.h"
#include "wire/fragment.h"
#include "wire/hop_by_hop.h"
#include "wire/ip_options.h"
#include "wire/parse.h"

namespace sallyport {
namespace {

// An answer to an answer to an answer: nothing that is allowed nests so deep.
constexpr int kMostNesting = 8;
constexpr uint16_t kDontFragment = 0x4000;

// ICMP errors by what they say, per family (RFC 792, RFC 4443).
struct IcmpCode {
  uint8_t type;
  uint8_t code;
};
constexpr IcmpCode kTimeExceeded[2] = {{11, 0}, {3, 0}};
constexpr IcmpCode kTooLarge[2] = {{3, 4}, {2, 0}};
constexpr IcmpCode kNoRoute[2] = {{3, 0}, {1, 0}};
constexpr IcmpCode kUnreachable[2] = {{3, 1}, {1, 0}};
constexpr IcmpCode kProhibited[2] = {{3, 13}, {1, 1}};

size_t index(Family family) { return static_cast<size_t>(family); }

// One less, the checksum with it (RFC 1624): the word that holds the TTL falls by 256, so the sum's complement rises.
void lower_ttl(Packet& packet) {
  uint8_t* header = packet.data();
  if (packet.family == Family::Ipv6) {
    --header[7];
    return;
  }
  --header[8];
  const uint32_t sum = load_be16(header + 10) + 256u;
  store_be16(header + 10, static_cast<uint16_t>(sum + (sum >= 0xffff)));
}

uint16_t path_mtu(uint32_t mtu) { return static_cast<uint16_t>(mtu < 65535 ? mtu : 65535); }

bool dont_fragment(const Packet& packet) {
  return packet.family == Family::Ipv6 || (load_be16(packet.data() + 6) & kDontFragment) != 0;
}

bool is_link_local(const IpAddress& address) { return address.bytes[0] == 0xfe && (address.bytes[1] & 0xc0) == 0x80; }

bool leads_somewhere(RouteType type) {
  return type == RouteType::Unicast || type == RouteType::Local || type == RouteType::Broadcast ||
         type == RouteType::Multicast || type == RouteType::Anycast;
}

bool is_localhost(const IpAddress& ipv6) {
  constexpr std::array<uint8_t, 16> kLocalhost = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return ipv6.bytes == kLocalhost;
}

void set_source(Packet& packet, const IpAddress& source) {
  std::memcpy(packet.data() + (packet.source_bytes() - packet.data()), source.bytes.data(), source.view().size());
  set_header_checksum(packet);
  if (packet.family == Family::Ipv6) set_transport_checksum(packet);
}

bool has_options(const Packet& packet) { return packet.family == Family::Ipv4 && packet.data()[0] > 0x45; }

}  // namespace

PacketPath::PacketPath(const Parts& parts) : parts_(parts), ports_(parts.router->interface_count() + 1) {
  for (size_t i = 1; i < ports_.size(); ++i) {
    const auto id = static_cast<InterfaceId>(i);
    const Interface& interface = parts.router->interface(id);
    ports_[i] = {parts.router->pair_of(id), parts.router->pair_is_bridge(id), interface.loopback, interface.mtu};
    has_addresses_ |= !interface.addresses.empty();
  }
  errors_to_anycast_ = parts.router->sysctl("net.ipv6.icmp.error_anycast_as_unicast") != 0;
}

HookContext PacketPath::new_context() {
  HookContext context;
  context.router = parts_.router;
  context.clock = parts_.clock;
  context.random = parts_.random;
  context.output = this;
  context.log = parts_.log;
  context.events = parts_.events;
  return context;
}

Malformed PacketPath::look_at(Packet& packet) const {
  packet.paired = ports_[packet.in].pair != kNoInterface;
  return parse(packet, ports_[packet.in].loopback ? Arrival::LoopbackInterface : Arrival::Wire);
}

void PacketPath::receive(Packet& packet, Malformed reason, HookContext& context) {
  if (reason != Malformed::None) [[unlikely]] {
    if (reason == Malformed::Options && packet.family == Family::Ipv6) answer_hop_by_hop(packet);
    if (parts_.events != nullptr) {
      tell_malformed(packet, malformed_name(reason), parts_.clock->now(), *parts_.events);
    }
    return end(packet, Fate::Malformed, Hook::Prerouting);
  }

  context.decision = {};
  if (run(Hook::Prerouting, packet, context)) behind_prerouting(packet, context);
}

void PacketPath::behind_prerouting(Packet& packet, HookContext& context) {
  const NextHop route = route_in(packet);
  OptionsAnswer options = OptionsAnswer::Fine;
  if (has_options(packet) && !route.martian) [[unlikely]] {
    options = judge_options(packet, route.type);
    if (options == OptionsAnswer::Refused) return end(packet, Fate::Unroutable, Hook::Prerouting);
  }
  switch (route.type) {
    case RouteType::Local:
    case RouteType::Broadcast:
    case RouteType::Anycast:
    case RouteType::Multicast:
      if (!run(Hook::Input, packet, context)) return;
      return end(packet, Fate::Delivered, Hook::Input);
    case RouteType::Unicast:
      return forward(packet, route, options == OptionsAnswer::Changed, context);
    default:
      return refuse_route(packet, route.type);
  }
}

// Options are judged behind the route; what is wrong with them is told to the sender. No way is taken that a packet
// asks for itself.
PacketPath::OptionsAnswer PacketPath::judge_options(Packet& packet, RouteType type) {
  const OptionsJudged judged = judge_ipv4_options(packet);
  if (judged.kind == OptionsJudged::Kind::Malformed) {
    constexpr uint8_t kParameterProblem = 12;
    const bool to_many = type == RouteType::Broadcast || type == RouteType::Multicast;
    if (!to_many) send_error(packet, kParameterProblem, 0, static_cast<uint32_t>(judged.pointer) << 24);
  }
  if (judged.kind != OptionsJudged::Kind::Fine) return OptionsAnswer::Refused;
  return judged.changed ? OptionsAnswer::Changed : OptionsAnswer::Fine;
}

void PacketPath::forward(Packet& packet, NextHop route, bool options_changed, HookContext& context) {
  packet.out = route.out;
  packet.path_mtu = path_mtu(route.mtu);
  if (!ports_[packet.in].bridge) {
    // What the link sent to many is for whoever it is addressed to, and not passed on.
    const bool to_many = packet.type == PacketType::Broadcast || packet.type == PacketType::Multicast;
    if (to_many) return end(packet, Fate::Unroutable, Hook::Forward);
    if (!may_forward(packet, mtu_of(packet))) return end(packet, Fate::Unroutable, Hook::Forward);
    lower_ttl(packet);
  }
  if (run(Hook::Forward, packet, context)) behind_forward(packet, options_changed, context);
}

void PacketPath::behind_forward(Packet& packet, bool options_changed, HookContext& context) {
  if (options_changed) set_header_checksum(packet);
  if (run(Hook::Postrouting, packet, context)) finish(packet);
}

// What a router refuses before FORWARD sees it: a TTL that is used up, an IPv6 source that means nothing beyond its own
// link, a packet that does not fit and may not be cut.
bool PacketPath::may_forward(Packet& packet, uint32_t mtu) {
  if (packet.ttl() <= 1) {
    send_error(packet, kTimeExceeded[index(packet.family)].type, kTimeExceeded[index(packet.family)].code, 0);
    return false;
  }
  if (packet.family == Family::Ipv6 && packet.in != packet.out && !source_may_travel(packet)) return false;
  const uint32_t largest = packet.largest_fragment != 0 ? packet.largest_fragment : packet.length;
  if (packet.length <= mtu || largest <= mtu || !dont_fragment(packet) || is_super(packet)) return true;
  send_error(packet, kTooLarge[index(packet.family)].type, kTooLarge[index(packet.family)].code, mtu);
  return false;
}

// RFC 4291 2.5.2, 2.5.6.
bool PacketPath::source_may_travel(const Packet& packet) {
  if (is_link_local(packet.source())) {
    constexpr uint8_t kDestinationUnreachable = 1, kBeyondScope = 2;
    send_error(packet, kDestinationUnreachable, kBeyondScope, 0);
    return false;
  }
  return !packet.source().is_unspecified();
}

NextHop PacketPath::route_in(const Packet& packet) {
  const Port& port = ports_[packet.in];
  // What the machine sends to itself had its way chosen at OUTPUT.
  if (port.loopback) return {.type = RouteType::Local};
  return port.pair == kNoInterface ? routes_.find(*parts_.router, packet) : across_pair(packet, port.pair);
}

NextHop PacketPath::across_pair(const Packet& packet, InterfaceId pair) const {
  const bool local = has_addresses_ && parts_.router->address_type(packet.destination()) == RouteType::Local;
  if (local) return {.type = RouteType::Local};
  return {.type = RouteType::Unicast, .out = pair, .mtu = ports_[pair].mtu};
}

void PacketPath::refuse_route(Packet& packet, RouteType type) {
  const size_t family = index(packet.family);
  const IcmpCode* answer = nullptr;
  if (type == RouteType::None) answer = &kNoRoute[family];
  if (type == RouteType::Unreachable) answer = &kUnreachable[family];
  if (type == RouteType::Prohibit) answer = &kProhibited[family];
  if (answer != nullptr) send_error(packet, answer->type, answer->code, 0);
  end(packet, Fate::Unroutable, Hook::Prerouting);
}

void PacketPath::send_local(Packet& packet) {
  if (parse(packet) != Malformed::None) return end(packet, Fate::Malformed, Hook::Output);
  const Route route = parts_.router->route(
      {.destination = packet.destination(), .source = packet.source(), .mark = packet.mark, .tos = packet.tos()});
  output(packet, route);
}

void PacketPath::send(Packet&& packet, const Packet& cause) {
  Packet made = std::move(packet);
  made.number = cause.number;
  made.time = cause.time;
  made.checksum_trusted = true;
  if (cause.connection != nullptr) {
    // An answer belongs to the connection of what it answers, in the other direction.
    made.connection = cause.connection;
    set_packet_state(made, PacketState::Related, opposite(packet_direction(cause)));
  }
  const bool icmp_error = made.source().is_unspecified();
  if (icmp_error) set_source(made, source_of_error(cause));
  RouteQuery query = {.destination = made.destination(), .source = made.source(), .mark = made.mark, .tos = made.tos()};
  // A neighbour is answered on its own link.
  if (icmp_error && made.family == Family::Ipv6 && is_link_local(query.destination)) {
    query.out = cause.in != kNoInterface ? cause.in : cause.out;
  }
  const Route route = parts_.router->route(query);
  // Nobody in particular sends from an anycast address, so nobody is told (RFC 4443 2.4).
  const bool to_any = made.family == Family::Ipv6 && route.type == RouteType::Anycast;
  if (icmp_error && to_any && !errors_to_anycast_) return;
  ++parts_.counters->generated;
  if (made.source().is_unspecified() && !route.preferred_source.is_unspecified()) {
    set_source(made, route.preferred_source);
  }
  output(made, route);
}

// The address that was asked; else IPv6 takes one of the side by which `cause` came, and IPv4 leaves it to the route.
IpAddress PacketPath::source_of_error(const Packet& cause) const {
  const IpAddress asked = cause.destination();
  RouteQuery query = {.destination = asked, .source = {.family = cause.family}};
  if (cause.family == Family::Ipv6 && is_link_local(asked)) query.out = cause.in;
  const RouteType type = parts_.router->route(query).type;
  // Addresses that mean the machine without being one of a link: user space may have put them there.
  const bool on_a_link = !(asked.is_unspecified() || is_localhost(asked));
  const bool own = type == RouteType::Local || type == RouteType::Anycast;
  // What the link sent to many asked nobody by name; IPv4 does not look at that.
  const bool by_name = cause.family == Family::Ipv4 || (on_a_link && cause.type == PacketType::Unicast);
  if (own && by_name) return asked;
  if (cause.family == Family::Ipv4 || cause.in == kNoInterface) return {.family = cause.family};
  return parts_.router->source_address(cause.source(), side_of(cause));
}

// By which `cause` came; what the machine sent to itself counts as come by the interface that has the address.
InterfaceId PacketPath::side_of(const Packet& cause) const {
  if (!ports_[cause.in].loopback) return cause.in;
  const auto has = [&](InterfaceId id) {
    return std::ranges::find(parts_.router->interface(id).addresses, cause.destination(), &InterfaceAddress::address) !=
           parts_.router->interface(id).addresses.end();
  };
  for (size_t id = 1; id < ports_.size(); ++id) {
    if (has(static_cast<InterfaceId>(id))) return static_cast<InterfaceId>(id);
  }
  return cause.in;
}

// From here a packet of the machine's own: OUTPUT, POSTROUTING, out or back in.
void PacketPath::output(Packet& packet, const Route& route) {
  if (!leads_somewhere(route.type) || nesting_ >= kMostNesting) return end(packet, Fate::Unroutable, Hook::Output);
  ++nesting_;
  packet.in = kNoInterface;
  packet.out = route.out;
  packet.path_mtu = path_mtu(route.mtu);
  HookContext context = new_context();
  if (run(Hook::Output, packet, context)) leave_host(packet, context);
  --nesting_;
}

// Out, or back in; what goes to many does both where this machine is one of them.
void PacketPath::leave_host(Packet& packet, HookContext& context) {
  const bool loops = ports_[packet.out].loopback;
  Packet heard;
  const bool hears = !loops && hears_itself(packet);
  if (hears) heard = packet.clone();
  // The copy passes POSTROUTING too: in IPv4 before the packet itself, in IPv6 behind it.
  const bool first = packet.family == Family::Ipv4;
  bool comes_in = hears && first && run(Hook::Postrouting, heard, context);
  if (run(Hook::Postrouting, packet, context)) {
    if (loops) return hear(packet);
    comes_in |= hears && !first && run(Hook::Postrouting, heard, context);
    finish(packet);
  }
  if (!comes_in) return;
  heard.type = PacketType::Loopback;
  hear(heard);
}

// Whether a packet of this machine's own is for a group that it belongs to on the way by which it leaves.
bool PacketPath::hears_itself(const Packet& packet) const {
  const RouteType type = parts_.router->address_type(packet.destination(), packet.out);
  if (type != RouteType::Multicast) return type == RouteType::Broadcast;
  const RouteQuery query = {.destination = packet.destination(), .source = {.family = packet.family}, .in = packet.out};
  return parts_.router->route(query).type == RouteType::Multicast;
}

// A packet that this machine sent to itself, as it comes in again: it keeps its route, so none is asked, unless its
// destination was translated.
void PacketPath::hear(Packet& packet) {
  packet.in = std::exchange(packet.out, kNoInterface);
  if (look_at(packet) != Malformed::None) return end(packet, Fate::Malformed, Hook::Prerouting);
  HookContext context = new_context();
  const IpAddress asked = packet.destination();
  if (!run(Hook::Prerouting, packet, context)) return;
  if (packet.destination() != asked) return behind_prerouting(packet, context);
  if (has_options(packet) && judge_options(packet, RouteType::Local) == OptionsAnswer::Refused) {
    return end(packet, Fate::Unroutable, Hook::Prerouting);
  }
  if (run(Hook::Input, packet, context)) end(packet, Fate::Delivered, Hook::Input);
}

void PacketPath::resume(QueuedPacket& held, QueueAnswer answer) {
  Packet& packet = held.packet;
  HookContext& context = held.context;
  const Hook hook = context.hook;
  const Verdict::Kind verdict = chain(packet.family, hook).resume(held, answer, queues_);
  if (verdict != Verdict::Kind::Accept) return stopped(verdict, packet, context);
  switch (hook) {
    case Hook::Prerouting:
      return behind_prerouting(packet, context);
    case Hook::Input:
      return end(packet, Fate::Delivered, Hook::Input);
    case Hook::Forward:
      // Whether the options changed on the way here is not remembered: the sum is right either way.
      return behind_forward(packet, has_options(packet), context);
    case Hook::Output:
      return leave_host(packet, context);
    case Hook::Postrouting:
      return packet.in == kNoInterface && ports_[packet.out].loopback ? hear(packet) : finish(packet);
  }
}

bool PacketPath::reroute(Packet& packet) {
  RouteQuery query = {
      .destination = packet.destination(), .source = packet.source(), .mark = packet.mark, .tos = packet.tos()};
  const bool stays_on_link =
      packet.family == Family::Ipv6 && (is_link_local(query.destination) || query.destination.bytes[0] == 0xff);
  if (stays_on_link) query.out = packet.out;
  const Route route = parts_.router->route(query);
  if (!leads_somewhere(route.type)) return false;
  packet.out = route.out;
  packet.path_mtu = path_mtu(route.mtu);
  return true;
}

void PacketPath::finish(Packet& packet) {
  if (packet.length <= mtu_of(packet) && packet.largest_fragment == 0) [[likely]]
    return end(packet, Fate::Left, Hook::Postrouting);
  leave_in_pieces(packet);
}

// Cuts what does not fit, as ip_finish_output() does: to the MTU, or to the size that the fragments came in.
void PacketPath::leave_in_pieces(Packet& packet) {
  if (is_super(packet)) return end(packet, Fate::Left, Hook::Postrouting);
  const DeparturePlan plan = plan_departure(packet, mtu_of(packet));
  if (plan.departure == Departure::Whole) return end(packet, Fate::Left, Hook::Postrouting);
  if (plan.departure == Departure::TooLarge) {
    const auto& error = kTooLarge[index(packet.family)];
    send_error(packet, error.type, error.code, plan.piece_mtu);
    return end(packet, Fate::Unroutable, Hook::Postrouting);
  }
  std::vector<Packet> pieces = std::exchange(pieces_, {});
  pieces.clear();
  if (!fragment(packet, plan.piece_mtu, ++next_fragment_id_, pieces)) {
    end(packet, Fate::Unroutable, Hook::Postrouting);
  } else {
    for (Packet& piece : pieces) end(piece, Fate::Left, Hook::Postrouting);
  }
  pieces_ = std::move(pieces);
}

bool PacketPath::may_send_error(const Packet& cause, uint8_t type) {
  return !parts_.icmp_gate || parts_.icmp_gate(cause.source(), type, parts_.clock->now());
}

// An option that nobody knows may ask for an answer even where the packet was sent to many (RFC 8200 4.2).
void PacketPath::answer_hop_by_hop(Packet& packet) {
  constexpr uint8_t kParameterProblem = 4, kUnknownOption = 2, kAnswerAlways = 2;
  HopByHopFault fault;
  if (check_hop_by_hop(packet, &fault) != HopByHop::Unknown) return;
  const uint8_t* const option = packet.at(fault.pointer, 1);
  const bool always = fault.code == kUnknownOption && option != nullptr && *option >> 6 == kAnswerAlways;
  send_error(packet, kParameterProblem, fault.code, fault.pointer, always);
}

void PacketPath::send_error(const Packet& cause, uint8_t type, uint8_t code, uint32_t rest, bool sent_to_many_too) {
  if (!may_answer_with_icmp_error(cause, sent_to_many_too) || !may_send_error(cause, type)) return;
  Packet error = build_icmp_error(cause, type, code, rest);
  send(std::move(error), cause);
}

uint32_t PacketPath::mtu_of(const Packet& packet) const {
  const uint32_t mtu = ports_[packet.out].mtu;
  return packet.path_mtu != 0 && packet.path_mtu < mtu ? packet.path_mtu : mtu;
}

bool PacketPath::is_super(const Packet& packet) const {
  return parts_.super_packets && packet.protocol == kTcp && packet.largest_fragment == 0 && packet.in != kNoInterface &&
         packet.length > ports_[packet.in].mtu;
}

// One hook. What it shows of the interfaces is what the kernel shows there.
bool PacketPath::run(Hook hook, Packet& packet, HookContext& context) {
  const HookChain& modules = chains_[index(packet.family)][static_cast<size_t>(hook)];
  ++parts_.counters->by_hook[static_cast<size_t>(hook)][0];
  if (modules.empty()) return true;
  context.hook = hook;
  context.in = packet.in;
  context.out = hook == Hook::Prerouting || hook == Hook::Input ? kNoInterface : packet.out;
  const Verdict::Kind verdict = modules.run(packet, context, queues_);
  if (verdict == Verdict::Kind::Accept) [[likely]]
    return true;
  stopped(verdict, packet, context);
  return false;
}

void PacketPath::stopped(Verdict::Kind verdict, Packet& packet, const HookContext& context) {
  if (verdict == Verdict::Kind::Queue) return;  // its way has not ended
  if (verdict == Verdict::Kind::Drop) {
    ++parts_.counters->by_hook[static_cast<size_t>(context.hook)][1];
    if (parts_.events != nullptr) tell_drop(packet, context);
    end(packet, Fate::Dropped, context.hook, context.decision);
  } else {
    end(packet, Fate::Held, context.hook, context.decision);
  }
}

void PacketPath::end(Packet& packet, Fate fate, Hook hook, const Decision& decision) {
  ++parts_.counters->fates[static_cast<size_t>(fate)];
  if (parts_.sink != nullptr) parts_.sink->ended(packet, fate, hook, decision);
}

}  // namespace sallyport
