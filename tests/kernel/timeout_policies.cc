// Timeout policies as nfct(8) takes them.

#include "kernel/timeout_policies.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/tool.h"

namespace sallyport::kernel {
namespace {

const TimeoutStates& states_of(uint8_t protocol) {
  return *std::ranges::find(timeout_states(), protocol, &TimeoutStates::protocol);
}

std::string name_of(Family family, std::string_view protocol) {
  return fmt::format("{}-{}", family == Family::Ipv4 ? "four" : "six", protocol);
}

// A state that the kernel has and nfct(8) 1.4.7 knows no word for.
constexpr std::string_view kUnknownToTool = "heartbeat_sent";

}  // namespace

Result<void> add_to_kernel(const TimeoutPolicy& policy) {
  std::vector<std::string> words = {"nfct",
                                    "timeout",
                                    "add",
                                    policy.name,
                                    policy.family == Family::Ipv6 ? "inet6" : "inet",
                                    std::string(states_of(policy.protocol).protocol_name)};
  for (const auto& [state, seconds] : policy.seconds) {
    words.push_back(state);
    words.push_back(std::to_string(seconds));
  }
  const ToolResult result = run_tool(words);
  if (result.status != 0) return fail(fmt::format("nfct: exit code {}: {}", result.status, result.err));
  return {};
}

std::vector<TimeoutPolicy> different_policies(Family family) {
  std::vector<TimeoutPolicy> policies;
  // More than one second apart, and longer than any table lives.
  uint32_t seconds = 40;
  for (const TimeoutStates& protocol : timeout_states()) {
    TimeoutPolicy policy = {.name = name_of(family, protocol.protocol_name),
                            .family = family,
                            .protocol = protocol.protocol,
                            .seconds = {}};
    for (const std::string_view state : protocol.states) {
      if (state != kUnknownToTool) policy.seconds.emplace_back(state, seconds += 7);
    }
    policies.push_back(std::move(policy));
  }
  return policies;
}

std::string policy_rules(Family family) {
  std::string rules;
  for (const TimeoutStates& protocol : timeout_states()) {
    if (protocol.protocol == (family == Family::Ipv4 ? kIcmp6 : kIcmp)) continue;
    const std::string name = name_of(family, protocol.protocol_name);
    const auto add = [&](std::string_view condition, std::string_view more) {
      rules += fmt::format("-A PREROUTING -p {} -j CT{} --timeout {}\n", condition, more, name);
    };
    if (protocol.protocol == kTcp) add("tcp -m tcp --dport 21", " --helper ftp");
    if (protocol.protocol == kUdp) add("udp -m udp --dport 5060", " --helper sip");
    if (protocol.protocol != TimeoutPolicy::kGeneric) {
      add(std::to_string(protocol.protocol), "");
    } else {
      add("33", "");
      add("200", "");
    }
  }
  return rules;
}

}  // namespace sallyport::kernel
