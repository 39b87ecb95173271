// -j TARPIT: takes part in a TCP connection without keeping any of it, so that the other side waits and this one does
// not. Counterpart: xt_TARPIT.c of xtables-addons, whose answers these are.
//
//   --tarpit    (unless said otherwise) accepts, then closes the window: the client keeps its connection open and asks
//               every few minutes whether it may go on. That it closes is not heard.
//   --honeypot  accepts, acknowledges large segments, resets who sends SYN-ACK or FIN: what an attacker sends is seen
//   --reset     resets whatever comes
//
// The packet itself is dropped. Nothing is said to resets, to later fragments, to IPv4 packets with options, to
// broadcasts, and where a checksum is wrong.

#include <optional>

#include "sallyport/bytes.h"
#include "sallyport/random.h"
#include "target/answer.h"
#include "target/targets.h"

namespace sallyport {
namespace {

using namespace tcp_flag;

constexpr uint32_t kTrap = 0xdeadbeef;  // an acknowledgement that nobody would make up

enum class Variant : uint8_t { Tarpit, Honeypot, Reset };

struct Segment {
  uint32_t sequence, acknowledgement;
  uint16_t window;
  uint32_t behind_header;  // bytes behind 20 of header
  uint8_t flags;

  bool has(uint8_t flag) const { return (flags & flag) != 0; }
};

std::optional<TcpAnswer> tarpit(const Segment& seen) {
  constexpr uint16_t kFirstWindow = 5;
  if (seen.has(kFin) || !seen.has(kSyn | kAck)) return std::nullopt;
  const uint32_t sequence = seen.has(kAck) ? seen.acknowledgement : 0;
  if (seen.has(kSyn) && seen.has(kAck)) return TcpAnswer{.sequence = sequence, .flags = kRst};
  if (!seen.has(kSyn)) return TcpAnswer{.sequence = sequence, .acknowledgement = seen.sequence, .flags = kAck};
  // A SYN-ACK without a window would keep the client from ever sending.
  return TcpAnswer{
      .sequence = sequence, .acknowledgement = seen.sequence + 1, .flags = kSyn | kAck, .window = kFirstWindow};
}

std::optional<TcpAnswer> honeypot(const Segment& seen, Random& random) {
  constexpr uint32_t kLargeSegment = 100;
  if (seen.sequence == kTrap) return std::nullopt;
  const auto some_window = [&] { return static_cast<uint16_t>(seen.window & (random.below(32) - 15)); };
  if (seen.has(kFin)) {
    return TcpAnswer{.sequence = seen.acknowledgement, .acknowledgement = seen.acknowledgement, .flags = kRst};
  }
  if (seen.has(kSyn) && seen.has(kAck)) {
    return TcpAnswer{.sequence = seen.acknowledgement, .acknowledgement = kTrap, .flags = kRst | kPsh};
  }
  if (seen.has(kSyn)) {
    return TcpAnswer{.sequence = random.next32(),
                     .acknowledgement = seen.sequence + 1,
                     .flags = kSyn | kAck,
                     .window = some_window()};
  }
  if (!seen.has(kAck)) return std::nullopt;
  const uint32_t taken = seen.behind_header > kLargeSegment ? seen.behind_header : 0;
  return TcpAnswer{.sequence = seen.acknowledgement,
                   .acknowledgement = seen.sequence + taken,
                   .flags = kAck,
                   .window = some_window()};
}

class TarpitTarget final : public Target {
 public:
  explicit TarpitTarget(Variant variant) : variant_(variant) {}

  Action apply(Packet& packet, HookContext& context) override {
    if (context.output != nullptr && is_plain(packet)) answer(packet, context);
    return Action::drop();
  }

 private:
  static bool is_plain(const Packet& packet) {
    if (packet.type == PacketType::Broadcast || packet.type == PacketType::Multicast) return false;
    return packet.transport_offset == (packet.family == Family::Ipv4 ? 20 : 40);
  }

  void answer(const Packet& packet, const HookContext& context) const {
    const uint8_t* const tcp = answerable_tcp(packet, context);
    if (tcp == nullptr) return;
    const Segment seen = {.sequence = load_be32(tcp + 4),
                          .acknowledgement = load_be32(tcp + 8),
                          .window = load_be16(tcp + 14),
                          .behind_header = packet.transport_length() - 20,
                          .flags = tcp[13]};
    const auto answer =
        variant_ == Variant::Tarpit ? tarpit(seen)
        : variant_ == Variant::Honeypot
            ? honeypot(seen, *context.random)
            : TcpAnswer{.sequence = seen.acknowledgement, .acknowledgement = seen.sequence, .flags = kRst};
    if (!answer) return;
    PacketRecipe look;
    if (packet.family == Family::Ipv4) look.tos = packet.tos();
    if (variant_ == Variant::Honeypot) {
      constexpr uint8_t kOtherSystem = 128;
      look.ttl = kOtherSystem;
      if (packet.family == Family::Ipv4) look.identification = static_cast<uint16_t>(-load_be16(packet.data() + 4));
    }
    send_tcp(packet, context, *answer, look);
  }

  Variant variant_;
};

// iptables prints the variant always.
void save(const Options& options, const RuleContext&, std::string& out) {
  out += options.has("honeypot") ? " --honeypot" : options.has("reset") ? " --reset" : " --tarpit";
}

Result<std::unique_ptr<Target>> create(const Options& options, const RuleContext&) {
  return std::make_unique<TarpitTarget>(options.has("honeypot") ? Variant::Honeypot
                                        : options.has("reset")  ? Variant::Reset
                                                                : Variant::Tarpit);
}

}  // namespace

TargetType tarpit_target() {
  return {
      .name = "TARPIT",
      .options = {{.name = "tarpit", .group = 1, .summary = "accept, then let the other side wait; so unless said"},
                  {.name = "honeypot", .group = 1, .summary = "accept, and take large segments"},
                  {.name = "reset", .group = 1, .summary = "reset whatever comes"}},
      .protocols = {kTcp},
      .hooks = hook_bit(Hook::Input) | hook_bit(Hook::Forward),
      .save = save,
      .create = create,
      .summary = "holds a TCP connection without keeping any of it",
  };
}

}  // namespace sallyport
