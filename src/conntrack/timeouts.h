// net.netfilter.nf_conntrack_*: how long a connection lives in which state, and how strictly it is judged.
#pragma once

#include <array>

#include "sallyport/clock.h"
#include "sallyport/connection.h"
#include "sallyport/host.h"

namespace sallyport {

// Read once from the host model; where a policy says how long, that counts.
struct Timeouts {
  explicit Timeouts(const Router& router, const TimeoutPolicy* policy = nullptr);

  std::array<Duration, 10> tcp = {};  // by TcpState
  Duration tcp_retransmitted = 0;
  Duration tcp_unacknowledged = 0;
  Duration udp = 0;
  Duration udp_stream = 0;
  Duration icmp = 0;
  Duration icmp6 = 0;
  Duration gre = 0;
  Duration gre_stream = 0;
  Duration generic = 0;
  std::array<Duration, 9> sctp = {};  // by SctpState
  int64_t tcp_most_retransmissions = 3;
  bool tcp_loose = true;
  bool tcp_be_liberal = false;
  bool tcp_ignore_invalid_rst = false;
  bool verify_checksums = true;
  bool accounting = false;
  bool timestamps = false;
};

}  // namespace sallyport
