// -m eui64: the IPv6 source's last eight bytes are made of the sender's MAC address (RFC 4291, appendix A).
// Counterpart of net/ipv6/netfilter/ip6t_eui64.c. A packet without an Ethernet header never matches.

#include <algorithm>
#include <array>

#include "match/matches.h"

namespace sallyport {
namespace {

constexpr size_t kEthernetBytes = 14;
constexpr uint16_t kEtherTypeIpv6 = 0x86dd;
constexpr uint32_t kInterfaceIdOffset = 16;  // in the IPv6 header

class Eui64Match final : public Match {
 public:
  bool matches(const Packet& packet, HookContext&) override {
    const auto frame = packet.link_header();
    if (frame.size() < kEthernetBytes || frame.size() % 4 != 2) return false;
    if (load_be16(frame.data() + frame.size() - 2) != kEtherTypeIpv6) return false;
    const uint8_t* mac = frame.data() + 6;
    const std::array<uint8_t, 8> id = {
        static_cast<uint8_t>(mac[0] ^ 0x02), mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]};
    return std::ranges::equal(packet.bytes().subspan(kInterfaceIdOffset, id.size()), id);
  }
};

Result<std::unique_ptr<Match>> create(const Options&, const RuleContext&) { return std::make_unique<Eui64Match>(); }

}  // namespace

MatchType eui64_match() {
  return {
      .name = "eui64",
      .families = Families::Ipv6Only,
      .hooks = hook_bit(Hook::Prerouting) | hook_bit(Hook::Input) | hook_bit(Hook::Forward),
      .create = create,
      .summary = "the source address is made of the sender's MAC address",
  };
}

}  // namespace sallyport
