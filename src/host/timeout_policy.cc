// Timeout policies: which protocols can have one, and what their states are called. Counterpart of the reading part of
// net/netfilter/nfnetlink_cttimeout.c, with the words of nfct(8).

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "host/state.h"

namespace sallyport {
namespace {

constexpr std::string_view kTcpStates[] = {"syn_sent",   "syn_recv", "established",   "fin_wait",
                                           "close_wait", "last_ack", "time_wait",     "close",
                                           "syn_sent2",  "retrans",  "unacknowledged"};
constexpr std::string_view kReplyStates[] = {"unreplied", "replied"};
constexpr std::string_view kOneState[] = {"timeout"};
constexpr std::string_view kSctpStates[] = {"closed",        "cookie_wait",   "cookie_echoed",     "established",
                                            "shutdown_sent", "shutdown_recd", "shutdown_ack_sent", "heartbeat_sent"};
constexpr TimeoutStates kProtocols[] = {
    {"tcp", kTcp, kTcpStates},           {"udp", kUdp, kReplyStates},
    {"udplite", kUdplite, kReplyStates}, {"sctp", kSctp, kSctpStates},
    {"icmp", kIcmp, kOneState},          {"icmpv6", kIcmp6, kOneState},
    {"gre", kGre, kReplyStates},         {"generic", TimeoutPolicy::kGeneric, kOneState}};

constexpr size_t kLongestName = 31;
// What the kernel, which counts in ticks, can hold.
constexpr uint32_t kMostSeconds = 8'589'934;

}  // namespace

std::span<const TimeoutStates> timeout_states() { return kProtocols; }

Result<void> HostModel::add_timeout_policy(TimeoutPolicy policy) {
  std::vector<TimeoutPolicy>& known = state_->timeout_policies;
  if (policy.name.empty() || policy.name.size() > kLongestName) {
    return fail(fmt::format("\"{}\" cannot be a timeout policy's name", policy.name), "1 to 31 characters");
  }
  if (std::ranges::find(known, policy.name, &TimeoutPolicy::name) != known.end()) {
    return fail(fmt::format("there is a timeout policy \"{}\" already", policy.name), "each name once");
  }
  const auto protocol = std::ranges::find(kProtocols, policy.protocol, &TimeoutStates::protocol);
  if (protocol == std::end(kProtocols)) {
    return fail(fmt::format("there are no timeout policies for protocol {}", policy.protocol),
                "tcp, udp ... or generic");
  }
  if (policy.seconds.empty()) {
    return fail("a timeout policy without a timeout", fmt::format("{}", fmt::join(protocol->states, ", ")));
  }
  for (const auto& [state, seconds] : policy.seconds) {
    if (std::ranges::find(protocol->states, state) == protocol->states.end()) {
      return fail(fmt::format("{} has no state \"{}\" that lasts for a time", protocol->protocol_name, state),
                  fmt::format("{}", fmt::join(protocol->states, ", ")));
    }
    if (seconds > kMostSeconds) {
      return fail(fmt::format("{} seconds are too many for {}", seconds, state),
                  fmt::format("at most {}", kMostSeconds));
    }
  }
  known.push_back(std::move(policy));
  return {};
}

const std::vector<TimeoutPolicy>& HostModel::timeout_policies() const { return state_->timeout_policies; }

}  // namespace sallyport
