// Timeouts and switches of connection tracking from the host model's sysctls.

#include "conntrack/timeouts.h"

#include <string>
#include <string_view>

namespace sallyport {

Timeouts::Timeouts(const Router& router) {
  const auto value = [&](std::string_view name) {
    return router.sysctl("net.netfilter.nf_conntrack_" + std::string(name));
  };
  const auto seconds = [&](std::string_view name) { return value(name) * kSecond; };
  // There is no sysctl for the second SYN of a simultaneous open: it lives as long as the first.
  constexpr std::string_view kTcpNames[] = {"syn_sent",   "syn_sent", "syn_recv",  "established", "fin_wait",
                                            "close_wait", "last_ack", "time_wait", "close",       "syn_sent"};
  for (size_t i = 0; i < tcp.size(); ++i) tcp[i] = seconds("tcp_timeout_" + std::string(kTcpNames[i]));
  // Nor does changing syn_sent's change it.
  constexpr Duration kSynSent2 = 120 * kSecond;
  tcp[9] = kSynSent2;
  tcp_retransmitted = seconds("tcp_timeout_max_retrans");
  tcp_unacknowledged = seconds("tcp_timeout_unacknowledged");
  udp = seconds("udp_timeout");
  udp_stream = seconds("udp_timeout_stream");
  icmp = seconds("icmp_timeout");
  icmp6 = seconds("icmpv6_timeout");
  gre = seconds("gre_timeout");
  gre_stream = seconds("gre_timeout_stream");
  generic = seconds("generic_timeout");
  constexpr std::string_view kSctpNames[] = {"closed",        "closed",        "cookie_wait",   "cookie_echoed",
                                             "established",   "shutdown_sent", "shutdown_recd", "shutdown_ack_sent",
                                             "heartbeat_sent"};
  for (size_t i = 0; i < sctp.size(); ++i) sctp[i] = seconds("sctp_timeout_" + std::string(kSctpNames[i]));
  tcp_most_retransmissions = value("tcp_max_retrans");
  tcp_loose = value("tcp_loose") != 0;
  tcp_be_liberal = value("tcp_be_liberal") != 0;
  tcp_ignore_invalid_rst = value("tcp_ignore_invalid_rst") != 0;
  verify_checksums = value("checksum") != 0;
  accounting = value("acct") != 0;
}

}  // namespace sallyport
