// -j TCPMSS: limits the segment size that a SYN asks for, to a value or to what the path's MTU carries. Counterpart of
// net/netfilter/xt_TCPMSS.c; RFC 9293 3.7.1, RFC 4459.
//
// A value is never raised. A SYN without the option gets one of at most the protocol's default (536, IPv6 1220: RFC
// 9293), unless it carries data or its header is full. A header that is not all there drops the packet
// (CVE-2017-18017).

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "sallyport/host.h"
#include "target/targets.h"
#include "wire/checksum.h"
#include "wire/edit.h"

namespace sallyport {
namespace {

constexpr uint32_t kTcpBytes = 20, kLongestTcpBytes = 60;
constexpr uint32_t kChecksumOffset = 16, kFlagsOffset = 12;
constexpr uint8_t kNoOperation = 1, kMssOption = 2, kMssBytes = 4;

// TCP and IP headers without options: what an MTU loses.
constexpr uint32_t header_bytes(Family family) { return kTcpBytes + (family == Family::Ipv4 ? 20 : 40); }
constexpr uint16_t default_mss(Family family) { return family == Family::Ipv4 ? 536 : 1220; }

// The MTU of the way back to the sender; all that a number can hold where there is none.
uint32_t reverse_mtu(const Packet& packet, const HookContext& context) {
  if (context.router == nullptr) return UINT32_MAX;
  if (packet.paired && packet.in != kNoInterface) return context.router->interface(packet.in).mtu;
  const Route back = context.router->route({.destination = packet.source()});
  if (back.mtu != 0) return back.mtu;
  return back.out == kNoInterface ? UINT32_MAX : context.router->interface(back.out).mtu;
}

// Where the MSS option's value lies from the header's start, or 0. `header` holds `count` bytes.
uint32_t find_mss(const uint8_t* header, uint32_t count) {
  for (uint32_t i = kTcpBytes; i + kMssBytes <= count;) {
    if (header[i] == kMssOption && header[i + 1] == kMssBytes) return i + 2;
    i += header[i] <= kNoOperation || header[i + 1] == 0 ? 1 : header[i + 1];
  }
  return 0;
}

class TcpmssTarget final : public Target {
 public:
  // Without a value: clamp to the path's MTU.
  explicit TcpmssTarget(std::optional<uint16_t> mss) : mss_(mss) {}

  Action apply(Packet& packet, HookContext& context) override {
    if (packet.transport_state == Transport::LaterFragment) return Action::go_on();
    const uint32_t length = packet.transport_length();
    uint8_t* const tcp = packet.transport(kTcpBytes);
    if (tcp == nullptr || length < kTcpBytes) return Action::drop();
    const uint32_t header = (tcp[12] >> 4) * 4u;
    if (header < kTcpBytes || header > length || packet.transport(header) == nullptr) return Action::drop();
    const auto wanted = wanted_mss(packet, context);
    if (!wanted) return Action::drop();
    if (const uint32_t at = find_mss(tcp, header); at != 0) {
      if (load_be16(tcp + at) > *wanted) lower(tcp, at, *wanted);
      return Action::go_on();
    }
    const bool room = length == header && header < kLongestTcpBytes;
    if (room) add_option(packet, std::min(*wanted, default_mss(packet.family)));
    return Action::go_on();
  }

 private:
  std::optional<uint16_t> wanted_mss(const Packet& packet, const HookContext& context) const {
    if (mss_) return mss_;
    const uint32_t mtu = std::min<uint32_t>(packet.path_mtu, reverse_mtu(packet, context));
    if (mtu <= header_bytes(packet.family)) return std::nullopt;
    return static_cast<uint16_t>(mtu - header_bytes(packet.family));
  }

  // The value may lie at an odd offset: the kernel updates the checksum as if it did not, and so do we.
  static void lower(uint8_t* tcp, uint32_t at, uint16_t mss) {
    const uint16_t before = load_be16(tcp + at);
    store_be16(tcp + at, mss);
    store_be16(tcp + kChecksumOffset, checksum_update(load_be16(tcp + kChecksumOffset), before, mss));
  }

  static void add_option(Packet& packet, uint16_t mss) {
    const uint32_t before = packet.transport_length();
    packet.insert(packet.transport_offset + kTcpBytes, kMssBytes);
    set_length(packet);
    uint8_t* const tcp = packet.transport(kTcpBytes + kMssBytes);
    uint16_t sum = load_be16(tcp + kChecksumOffset);
    const auto replace = [&](uint32_t offset, uint16_t value) {
      sum = checksum_update(sum, load_be16(tcp + offset), value);
      store_be16(tcp + offset, value);
    };
    // The length is part of the pseudo-header.
    sum = checksum_update(sum, static_cast<uint16_t>(before), static_cast<uint16_t>(before + kMssBytes));
    replace(kTcpBytes, kMssOption << 8 | kMssBytes);
    replace(kTcpBytes + 2, mss);
    replace(kFlagsOffset, static_cast<uint16_t>(load_be16(tcp + kFlagsOffset) + ((kMssBytes / 4) << 12)));
    store_be16(tcp + kChecksumOffset, sum);
  }

  std::optional<uint16_t> mss_;
};

uint64_t largest_mss(Family family) { return UINT16_MAX - (family == Family::Ipv4 ? 20u : 40u); }

Result<void> parse_mss(std::string_view text, const RuleContext& rule, OptionValue& value) {
  const auto number = parse_number(text);
  if (!number || *number > largest_mss(rule.family)) {
    return fail(fmt::format("\"{}\" is not a value for --set-mss", text),
                fmt::format("a number from 0 to {}", largest_mss(rule.family)));
  }
  value.number = *number;
  return {};
}

// Of both options, which iptables takes together, the later one counts.
bool clamps(const Options& options) {
  const OptionValue& clamp = options["clamp-mss-to-pmtu"];
  return clamp.present && clamp.order > options["set-mss"].order;
}

void save(const Options& options, const RuleContext&, std::string& out) {
  out += clamps(options) ? " --clamp-mss-to-pmtu" : fmt::format(" --set-mss {}", options.number("set-mss"));
}

Result<void> check(Options&, const RuleContext& rule) {
  if (!rule.syn_required) return fail("TCPMSS works on SYN packets only", "--syn or --tcp-flags MASK SYN in the rule");
  return {};
}

uint8_t hooks_for(const Options& options) {
  if (!clamps(options)) return kAllHooks;
  return hook_bit(Hook::Forward) | hook_bit(Hook::Output) | hook_bit(Hook::Postrouting);
}

Result<std::unique_ptr<Target>> create(const Options& options, const RuleContext&) {
  std::optional<uint16_t> mss;
  if (!clamps(options)) mss = static_cast<uint16_t>(options.number("set-mss"));
  return std::make_unique<TcpmssTarget>(mss);
}

}  // namespace

TargetType tcpmss_target() {
  return {
      .name = "TCPMSS",
      .options = {{.name = "set-mss", .kind = OptionKind::Custom, .parse = parse_mss, .summary = "to N at most"},
                  {.name = "clamp-mss-to-pmtu", .summary = "to what the path's MTU carries"}},
      .at_least_one = true,
      .protocols = {kTcp},
      .hooks_for = hooks_for,
      .check = check,
      .save = save,
      .create = create,
      .summary = "limits the segment size that a SYN asks for",
  };
}

}  // namespace sallyport
