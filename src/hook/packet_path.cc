// A packet's way through the machine, top to bottom: the netfilter diagram in code.
//
//   receive: PREROUTING -> route -+-> INPUT -> delivered
//                                 +-> TTL, MTU -> FORWARD -> POSTROUTING -> leaves
//   send:    route -> OUTPUT (-> route again) -> POSTROUTING -> leaves, or comes back in by the loopback interface
//
// Counterparts: ip_rcv, ip_forward, ip_output, ip_local_out and their IPv6 twins in net/ipv4 and net/ipv6. What the
// kernel does outside netfilter (martian sources, redirects, multicast routing) has no place here.

#include "hook/packet_path.h"

#include <utility>

#include "wire/build.h"
#include "wire/checksum.h"
#include "wire/edit.h"
#include "wire/fragment.h"
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
constexpr IcmpCode kUnreachable[2] = {{3, 1}, {1, 3}};
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

}  // namespace

PacketPath::PacketPath(const Parts& parts) : parts_(parts), ports_(parts.router->interface_count() + 1) {
  for (size_t i = 1; i < ports_.size(); ++i) {
    const auto id = static_cast<InterfaceId>(i);
    const Interface& interface = parts.router->interface(id);
    ports_[i] = {parts.router->pair_of(id), parts.router->pair_is_bridge(id), interface.mtu};
    has_addresses_ |= !interface.addresses.empty();
  }
}

HookContext PacketPath::new_context() {
  HookContext context;
  context.router = parts_.router;
  context.clock = parts_.clock;
  context.random = parts_.random;
  context.output = this;
  context.log = parts_.log;
  return context;
}

void PacketPath::receive(Packet& packet, HookContext& context) {
  if (parse(packet) != Malformed::None) [[unlikely]]
    return end(packet, Fate::Malformed, Hook::Prerouting);

  context.decision = {};
  if (!run(Hook::Prerouting, packet, context)) return;

  const NextHop route = route_in(packet);
  switch (route.type) {
    case RouteType::Local:
    case RouteType::Broadcast:
    case RouteType::Anycast:
    case RouteType::Multicast:
      if (!run(Hook::Input, packet, context)) return;
      return end(packet, Fate::Delivered, Hook::Input);
    case RouteType::Unicast:
      return forward(packet, route, context);
    default:
      return refuse_route(packet, route.type);
  }
}

void PacketPath::forward(Packet& packet, const NextHop& route, HookContext& context) {
  packet.out = route.out;
  packet.path_mtu = path_mtu(route.mtu);
  if (!ports_[packet.in].bridge) {
    // What the link sent to many is for whoever it is addressed to, and not passed on.
    const bool to_many = packet.type == PacketType::Broadcast || packet.type == PacketType::Multicast;
    if (to_many) return end(packet, Fate::Unroutable, Hook::Forward);
    if (!may_forward(packet, mtu_of(packet))) return end(packet, Fate::Unroutable, Hook::Forward);
    lower_ttl(packet);
  }
  if (!run(Hook::Forward, packet, context)) return;
  if (!run(Hook::Postrouting, packet, context)) return;
  finish(packet);
}

// What a router refuses before FORWARD sees it: a TTL that is used up, a packet that does not fit and may not be cut.
bool PacketPath::may_forward(Packet& packet, uint32_t mtu) {
  if (packet.ttl() <= 1) {
    send_error(packet, kTimeExceeded[index(packet.family)].type, kTimeExceeded[index(packet.family)].code, 0);
    return false;
  }
  const uint32_t largest = packet.largest_fragment != 0 ? packet.largest_fragment : packet.length;
  if (packet.length <= mtu || largest <= mtu || !dont_fragment(packet)) return true;
  send_error(packet, kTooLarge[index(packet.family)].type, kTooLarge[index(packet.family)].code, mtu);
  return false;
}

NextHop PacketPath::route_in(const Packet& packet) {
  const Port& port = ports_[packet.in];
  if (port.pair == kNoInterface) return routes_.find(*parts_.router, packet);
  const bool local = has_addresses_ && parts_.router->address_type(packet.destination()) == RouteType::Local;
  if (!local) return {.type = RouteType::Unicast, .out = port.pair, .mtu = ports_[port.pair].mtu};
  return {.type = RouteType::Local};
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
  ++parts_.counters->generated;
  Route route = parts_.router->route(
      {.destination = made.destination(), .source = made.source(), .mark = made.mark, .tos = made.tos()});
  if (made.source().is_unspecified() && !route.preferred_source.is_unspecified()) {
    const auto address = route.preferred_source.view();
    std::memcpy(made.data() + (made.source_bytes() - made.data()), address.data(), address.size());
    set_header_checksum(made);
    if (made.family == Family::Ipv6) set_transport_checksum(made);
  }
  output(made, route);
}

// From here a packet of the machine's own: OUTPUT, POSTROUTING, out or back in.
void PacketPath::output(Packet& packet, const Route& route) {
  const bool local = route.type == RouteType::Local;
  const bool routed = local || route.type == RouteType::Unicast || route.type == RouteType::Broadcast ||
                      route.type == RouteType::Multicast || route.type == RouteType::Anycast;
  if (!routed || nesting_ >= kMostNesting) return end(packet, Fate::Unroutable, Hook::Output);
  ++nesting_;
  packet.in = kNoInterface;
  packet.out = route.out;
  packet.path_mtu = path_mtu(route.mtu);
  HookContext context = new_context();
  if (run(Hook::Output, packet, context) && run(Hook::Postrouting, packet, context)) {
    const bool loops = packet.out != kNoInterface && parts_.router->interface(packet.out).loopback;
    if (!loops) {
      finish(packet);
    } else {
      packet.in = std::exchange(packet.out, kNoInterface);
      receive(packet, context);
    }
  }
  --nesting_;
}

bool PacketPath::reroute(Packet& packet, HookContext& context) {
  const Route route = parts_.router->route(
      {.destination = packet.destination(), .source = packet.source(), .mark = packet.mark, .tos = packet.tos()});
  if (route.type != RouteType::Unicast && route.type != RouteType::Local) return false;
  packet.out = context.out = route.out;
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
  uint32_t mtu = mtu_of(packet);
  if (packet.largest_fragment != 0 && packet.largest_fragment < mtu) mtu = packet.largest_fragment;
  if (dont_fragment(packet) && packet.largest_fragment == 0) {
    send_error(packet, kTooLarge[index(packet.family)].type, kTooLarge[index(packet.family)].code, mtu);
    return end(packet, Fate::Unroutable, Hook::Postrouting);
  }
  std::vector<Packet> pieces = std::exchange(pieces_, {});
  pieces.clear();
  if (!fragment(packet, mtu, ++next_fragment_id_, pieces)) {
    end(packet, Fate::Unroutable, Hook::Postrouting);
  } else {
    for (Packet& piece : pieces) end(piece, Fate::Left, Hook::Postrouting);
  }
  pieces_ = std::move(pieces);
}

bool PacketPath::may_send_error(const Packet& cause, uint8_t type) {
  return !parts_.icmp_gate || parts_.icmp_gate(cause.source(), type, parts_.clock->now());
}

void PacketPath::send_error(const Packet& cause, uint8_t type, uint8_t code, uint32_t rest) {
  if (!may_answer_with_icmp_error(cause) || !may_send_error(cause, type)) return;
  Packet error = build_icmp_error(cause, type, code, rest);
  send(std::move(error), cause);
}

uint32_t PacketPath::mtu_of(const Packet& packet) const {
  const uint32_t mtu = ports_[packet.out].mtu;
  return packet.path_mtu != 0 && packet.path_mtu < mtu ? packet.path_mtu : mtu;
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
  if (verdict == Verdict::Kind::Drop) {
    ++parts_.counters->by_hook[static_cast<size_t>(context.hook)][1];
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
