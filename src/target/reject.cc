// -j REJECT: drops the packet and tells its sender, by an ICMP error or a TCP reset. Counterparts:
// net/ipv{4,6}/netfilter/{ipt,ip6t}_REJECT.c, nf_reject_ipv{4,6}.c; RFC 1122 3.2.2, RFC 4443 2.4, RFC 9293 3.10.7.
//
// Nothing is said to a later fragment, a broadcast, an ICMP error, or a packet whose checksum is wrong; nor is a reset
// answered by a reset. The answer is routed and filtered as a packet of this machine's own.

#include <fmt/format.h>

#include <span>

#include "target/answer.h"
#include "target/targets.h"
#include "wire/build.h"

namespace sallyport {
namespace {

constexpr uint8_t kTcpReset = 0xff;  // among the codes; none of ICMP's

struct Kind {
  std::string_view name;
  std::string_view alias;
  uint8_t code;
};
// In the order in which a beginning of a name is looked up.
constexpr Kind kKinds4[] = {
    {"icmp-net-unreachable", "net-unreach", 0},
    {"icmp-host-unreachable", "host-unreach", 1},
    {"icmp-proto-unreachable", "proto-unreach", 2},
    {"icmp-port-unreachable", "port-unreach", 3},
    {"icmp-net-prohibited", "net-prohib", 9},
    {"icmp-host-prohibited", "host-prohib", 10},
    {"tcp-reset", "tcp-rst", kTcpReset},
    {"icmp-admin-prohibited", "admin-prohib", 13},
};
constexpr Kind kKinds6[] = {
    {"icmp6-no-route", "no-route", 0},
    {"icmp6-adm-prohibited", "adm-prohibited", 1},
    {"icmp6-addr-unreachable", "addr-unreach", 3},
    {"icmp6-port-unreachable", "port-unreach", 4},
    {"tcp-reset", "tcp-reset", kTcpReset},
    {"icmp6-policy-fail", "policy-fail", 5},
    {"icmp6-reject-route", "reject-route", 6},
};

std::span<const Kind> kinds(Family family) {
  if (family == Family::Ipv4) return kKinds4;
  return kKinds6;
}

class RejectTarget final : public Target {
 public:
  explicit RejectTarget(uint8_t code) : code_(code) {}
  Action apply(Packet& packet, HookContext& context) override {
    if (context.output != nullptr && packet.transport_state == Transport::Present) {
      code_ == kTcpReset ? answer_with_reset(packet, context) : answer_with_icmp(packet, context);
    }
    return Action::drop();
  }

 private:
  void answer_with_icmp(const Packet& packet, const HookContext& context) const {
    const bool ipv6 = packet.family == Family::Ipv6;
    if (is_broadcast(packet.destination(), context)) return;
    if (ipv6 && (packet.protocol == kNoNextHeader || packet.transport_offset >= packet.length)) return;
    if (!may_answer_with_icmp_error(packet) || !checksum_holds(packet)) return;
    const uint8_t unreachable = ipv6 ? 1 : 3;
    if (!context.output->may_send_error(packet, unreachable)) return;
    context.output->send(build_icmp_error(packet, unreachable, code_, 0), packet);
  }

  static void answer_with_reset(const Packet& packet, const HookContext& context) {
    if (const uint8_t* const tcp = answerable_tcp(packet, context)) send_tcp(packet, context, reset_of(packet, tcp));
  }

  uint8_t code_;
};

bool begins_with(std::string_view name, std::string_view text) {
  if (text.size() > name.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char letter = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + ('a' - 'A')) : text[i];
    if (letter != name[i]) return false;
  }
  return true;
}

// As iptables does: the first kind that begins so, in any case of letters.
Result<void> parse_kind(std::string_view text, const RuleContext& rule, OptionValue& value) {
  for (const Kind& kind : kinds(rule.family)) {
    if (!begins_with(kind.name, text) && !begins_with(kind.alias, text)) continue;
    value.number = kind.code;
    return {};
  }
  std::string known;
  for (const Kind& kind : kinds(rule.family)) {
    if (!known.empty()) known += ", ";
    known += kind.name;
  }
  return fail(fmt::format("\"{}\" is not a way to reject", text), "one of " + known);
}

uint8_t code_of(const Options& options, Family family) {
  constexpr uint8_t kPort4 = 3, kPort6 = 4;
  return static_cast<uint8_t>(options.number("reject-with", family == Family::Ipv4 ? kPort4 : kPort6));
}

void save(const Options& options, const RuleContext& rule, std::string& out) {
  for (const Kind& kind : kinds(rule.family)) {
    if (kind.code == code_of(options, rule.family)) out += fmt::format(" --reject-with {}", kind.name);
  }
}

Result<void> check(Options& options, const RuleContext& rule) {
  const bool tcp = rule.protocol == kTcp && !rule.protocol_inverted;
  if (code_of(options, rule.family) == kTcpReset && !tcp) {
    return fail("tcp-reset answers TCP only, and the rule is for other protocols too", "-p tcp");
  }
  return {};
}

Result<std::unique_ptr<Target>> create(const Options& options, const RuleContext& rule) {
  return std::make_unique<RejectTarget>(code_of(options, rule.family));
}

}  // namespace

TargetType reject_target() {
  return {
      .name = "REJECT",
      .options = {{.name = "reject-with",
                   .kind = OptionKind::Custom,
                   .parse = parse_kind,
                   .summary = "the answer; icmp-port-unreachable unless given"}},
      .tables = {"filter"},
      .hooks = hook_bit(Hook::Input) | hook_bit(Hook::Forward) | hook_bit(Hook::Output),
      .check = check,
      .save = save,
      .create = create,
      .summary = "drops the packet and tells its sender",
  };
}

}  // namespace sallyport
