// Timeouts and switches of connection tracking from the host model's sysctls, and from a timeout policy's states.

#include "conntrack/timeouts.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace sallyport {

Timeouts::Timeouts(const Router& router, const TimeoutPolicy* policy) {
  const auto value = [&](std::string_view name) {
    return router.sysctl("net.netfilter.nf_conntrack_" + std::string(name));
  };
  // How long a state of that protocol lasts by the policy, else `otherwise`.
  const auto lasting = [&](uint8_t protocol, std::string_view state, Duration otherwise) {
    if (policy == nullptr || policy->protocol != protocol) return otherwise;
    const auto stated = std::ranges::find(policy->seconds, state, &std::pair<std::string, uint32_t>::first);
    return stated == policy->seconds.end() ? otherwise : stated->second * kSecond;
  };
  const auto seconds = [&](uint8_t protocol, std::string_view state, std::string_view sysctl) {
    return lasting(protocol, state, value(sysctl) * kSecond);
  };
  constexpr std::string_view kTcpNames[] = {"syn_sent",   "syn_sent", "syn_recv",  "established", "fin_wait",
                                            "close_wait", "last_ack", "time_wait", "close"};
  for (size_t i = 0; i < std::size(kTcpNames); ++i) {
    tcp[i] = seconds(kTcp, kTcpNames[i], "tcp_timeout_" + std::string(kTcpNames[i]));
  }
  // There is no sysctl for the second SYN of a simultaneous open, nor does changing syn_sent's change it.
  constexpr Duration kSynSent2 = 120 * kSecond;
  tcp[static_cast<size_t>(TcpState::SynSent2)] = lasting(kTcp, "syn_sent2", kSynSent2);
  tcp_retransmitted = seconds(kTcp, "retrans", "tcp_timeout_max_retrans");
  tcp_unacknowledged = seconds(kTcp, "unacknowledged", "tcp_timeout_unacknowledged");
  // UDP-Lite, which has no sysctls of its own, has policies of its own.
  const uint8_t datagrams = policy != nullptr && policy->protocol == kUdplite ? kUdplite : kUdp;
  udp = seconds(datagrams, "unreplied", "udp_timeout");
  udp_stream = seconds(datagrams, "replied", "udp_timeout_stream");
  icmp = seconds(kIcmp, "timeout", "icmp_timeout");
  icmp6 = seconds(kIcmp6, "timeout", "icmpv6_timeout");
  gre = seconds(kGre, "unreplied", "gre_timeout");
  gre_stream = seconds(kGre, "replied", "gre_timeout_stream");
  generic = seconds(TimeoutPolicy::kGeneric, "timeout", "generic_timeout");
  constexpr std::string_view kSctpNames[] = {"closed",        "closed",        "cookie_wait",   "cookie_echoed",
                                             "established",   "shutdown_sent", "shutdown_recd", "shutdown_ack_sent",
                                             "heartbeat_sent"};
  for (size_t i = 0; i < sctp.size(); ++i) {
    sctp[i] = seconds(kSctp, kSctpNames[i], "sctp_timeout_" + std::string(kSctpNames[i]));
  }
  tcp_most_retransmissions = value("tcp_max_retrans");
  tcp_loose = value("tcp_loose") != 0;
  tcp_be_liberal = value("tcp_be_liberal") != 0;
  tcp_ignore_invalid_rst = value("tcp_ignore_invalid_rst") != 0;
  verify_checksums = value("checksum") != 0;
  accounting = value("acct") != 0;
  timestamps = value("timestamp") != 0;
}

}  // namespace sallyport
