// Timeout policies: every state that one can name changes how long connections live, and nothing else does.

#include "conntrack/timeouts.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "sallyport/engine.h"
#include "sallyport/registry.h"

namespace sallyport {
namespace {

// Every duration, in some order.
std::vector<Duration> all_of(const Timeouts& timeouts) {
  std::vector<Duration> all(timeouts.tcp.begin(), timeouts.tcp.end());
  all.insert(all.end(), timeouts.sctp.begin(), timeouts.sctp.end());
  all.insert(all.end(), {timeouts.tcp_retransmitted, timeouts.tcp_unacknowledged, timeouts.udp, timeouts.udp_stream,
                         timeouts.icmp, timeouts.icmp6, timeouts.gre, timeouts.gre_stream, timeouts.generic});
  return all;
}

TEST(Timeouts, EachStateOfAPolicyCounts) {
  constexpr Duration kUnheardOf = 4711 * kSecond;
  const HostModel host;
  const std::vector<Duration> usual = all_of(Timeouts(host));
  for (const TimeoutStates& protocol : timeout_states()) {
    for (const std::string_view state : protocol.states) {
      const TimeoutPolicy policy = {.name = "p",
                                    .family = Family::Ipv4,
                                    .protocol = protocol.protocol,
                                    .seconds = {{std::string(state), static_cast<uint32_t>(kUnheardOf / kSecond)}}};
      const std::vector<Duration> with = all_of(Timeouts(host, &policy));
      size_t changed = 0;
      for (size_t i = 0; i < with.size(); ++i) {
        if (with[i] == usual[i]) continue;
        EXPECT_EQ(with[i], kUnheardOf);
        ++changed;
      }
      // The state that a connection has before its first packet lasts as the first one after it.
      const bool twice = state == "syn_sent" || state == "closed";
      EXPECT_EQ(changed, twice ? 2u : 1u) << protocol.protocol_name << " " << state;
    }
  }
}

// What an engine says of rules where the machine has a policy "dns" for UDP over IPv4.
std::string refusal_of(std::string_view rule, Family family = Family::Ipv4) {
  EngineConfig config = {.host = HostModel::pair("in0", "out0")};
  EXPECT_TRUE(config.host.add_timeout_policy({.name = "dns", .protocol = kUdp, .seconds = {{"unreplied", 5}}}));
  EXPECT_TRUE(config.host.add_timeout_policy(
      {.name = "rest", .protocol = TimeoutPolicy::kGeneric, .seconds = {{"timeout", 5}}}));
  auto rules = read_ruleset(fmt::format("*raw\n-A PREROUTING {}\nCOMMIT\n", rule), "f", family, builtin_registry());
  if (!rules) return rules.error().front().text();
  config.rulesets.push_back(std::move(*rules));
  const auto engine = Engine::create(std::move(config));
  return engine ? "" : engine.error().front().text();
}

TEST(Timeouts, APolicyIsForItsOwnFamilyAndProtocol) {
  EXPECT_EQ(refusal_of("-p udp -j CT --timeout dns"), "");
  EXPECT_EQ(refusal_of("-p esp -j CT --timeout rest"), "");
  EXPECT_NE(refusal_of("-p udp -j CT --timeout rest").find("is for IPv4 generic"), std::string::npos);
  EXPECT_NE(refusal_of("-p tcp -j CT --timeout dns").find("is for IPv4 udp"), std::string::npos);
  EXPECT_NE(refusal_of("-p udp -j CT --timeout dns", Family::Ipv6).find("is for IPv4 udp"), std::string::npos);
  EXPECT_NE(refusal_of("-p udp -j CT --timeout none").find("f:2"), std::string::npos);
  EXPECT_NE(refusal_of("-j CT --timeout dns").find("name its protocol"), std::string::npos);
  EXPECT_NE(refusal_of("! -p udp -j CT --timeout dns").find("name its protocol"), std::string::npos);
}

}  // namespace
}  // namespace sallyport
