// -m pkttype: to whom the frame was addressed. Counterpart of net/netfilter/xt_pkttype.c.

#include <fmt/format.h>

#include "match/matches.h"
#include "match/number_text.h"

namespace sallyport {
namespace {

struct TypeName {
  std::string_view name;
  PacketType type;
};
// Of two names for one type the first is printed.
constexpr TypeName kNames[] = {{"unicast", PacketType::Unicast},     {"broadcast", PacketType::Broadcast},
                               {"multicast", PacketType::Multicast}, {"otherhost", PacketType::OtherHost},
                               {"bcast", PacketType::Broadcast},     {"mcast", PacketType::Multicast},
                               {"host", PacketType::Unicast}};

// A packet that the host sent to a group and hears itself was never a frame: its address tells.
PacketType type_of(const Packet& packet) {
  if (packet.type != PacketType::Loopback) return packet.type;
  const bool group = packet.family == Family::Ipv6 || (packet.destination_bytes()[0] & 0xf0) == 0xe0;
  return group ? PacketType::Multicast : PacketType::Broadcast;
}

class PkttypeMatch final : public Match {
 public:
  PkttypeMatch(PacketType type, bool inverted) : type_(type), inverted_(inverted) {}
  bool matches(const Packet& packet, HookContext&) override { return (type_of(packet) == type_) != inverted_; }

 private:
  PacketType type_;
  bool inverted_;
};

Result<void> parse(std::string_view text, const RuleContext&, OptionValue& value) {
  for (const auto& [name, type] : kNames) {
    if (!same_word(text, name)) continue;
    value.number = static_cast<uint64_t>(type);
    return {};
  }
  return fail(fmt::format("unknown packet type \"{}\"", text), "unicast, broadcast, multicast or otherhost");
}

void print(const OptionValue& value, const RuleContext&, std::string& out) {
  for (const auto& [name, type] : kNames) {
    if (static_cast<uint64_t>(type) != value.number) continue;
    out += fmt::format(" {}", name);
    return;
  }
}

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext&) {
  const OptionValue& type = options["pkt-type"];
  return std::make_unique<PkttypeMatch>(static_cast<PacketType>(type.number), type.inverted);
}

}  // namespace

MatchType pkttype_match() {
  return {
      .name = "pkttype",
      .options = {{.name = "pkt-type",
                   .kind = OptionKind::Custom,
                   .invertible = true,
                   .required = true,
                   .hint = "unicast, broadcast, multicast or otherhost",
                   .parse = parse,
                   .print = print,
                   .summary = "to whom the frame was addressed"}},
      .create = create,
      .summary = "unicast, broadcast or multicast",
  };
}

}  // namespace sallyport
