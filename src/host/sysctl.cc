// Sysctls under their kernel names, with the defaults of a new network namespace (read from Linux 6.18).
// Counterparts: Documentation/networking/ip-sysctl.rst, nf_conntrack-sysctl.rst, include/linux/inetdevice.h.

#include "host/sysctl.h"

#include <algorithm>

namespace sallyport {
namespace {

constexpr SysctlDefault kDefaults[] = {
    {"net.ipv4.fwmark_reflect", 0},
    {"net.ipv4.icmp_echo_ignore_all", 0},
    {"net.ipv4.icmp_echo_ignore_broadcasts", 1},
    {"net.ipv4.icmp_errors_use_inbound_ifaddr", 0},
    {"net.ipv4.icmp_ignore_bogus_error_responses", 1},
    {"net.ipv4.icmp_msgs_burst", 50},
    {"net.ipv4.icmp_msgs_per_sec", 1000},
    {"net.ipv4.icmp_ratelimit", 1000},
    {"net.ipv4.icmp_ratemask", 6168},
    {"net.ipv4.ip_default_ttl", 64},
    // Differs from the kernel, where it is 0: what is described here is a router unless it says otherwise.
    {"net.ipv4.ip_forward", 1},
    {"net.ipv4.ip_forward_update_priority", 1},
    {"net.ipv4.ip_forward_use_pmtu", 0},
    {"net.ipv4.ip_no_pmtu_disc", 0},
    {"net.ipv4.ipfrag_high_thresh", 4194304},
    {"net.ipv4.ipfrag_low_thresh", 3145728},
    {"net.ipv4.ipfrag_max_dist", 64},
    {"net.ipv4.ipfrag_time", 30},
    {"net.ipv6.fwmark_reflect", 0},
    {"net.ipv6.icmp.echo_ignore_all", 0},
    {"net.ipv6.icmp.echo_ignore_anycast", 0},
    {"net.ipv6.icmp.echo_ignore_multicast", 0},
    {"net.ipv6.icmp.error_anycast_as_unicast", 0},
    {"net.ipv6.icmp.ratelimit", 100},
    // A set of types, "0-1,3-127"; as a number, bit N is type N, types above 62 are not kept.
    {"net.ipv6.icmp.ratemask", 0x7ffffffffffffffb},
    {"net.ipv6.ip6frag_high_thresh", 4194304},
    {"net.ipv6.ip6frag_low_thresh", 3145728},
    {"net.ipv6.ip6frag_time", 60},
    {"net.netfilter.nf_conntrack_acct", 0},
    {"net.netfilter.nf_conntrack_buckets", 262144},
    {"net.netfilter.nf_conntrack_checksum", 1},
    {"net.netfilter.nf_conntrack_events", 2},
    {"net.netfilter.nf_conntrack_expect_max", 4096},
    {"net.netfilter.nf_conntrack_frag6_high_thresh", 4194304},
    {"net.netfilter.nf_conntrack_frag6_low_thresh", 3145728},
    {"net.netfilter.nf_conntrack_frag6_timeout", 60},
    {"net.netfilter.nf_conntrack_generic_timeout", 600},
    {"net.netfilter.nf_conntrack_gre_timeout", 30},
    {"net.netfilter.nf_conntrack_gre_timeout_stream", 180},
    {"net.netfilter.nf_conntrack_icmp_timeout", 30},
    {"net.netfilter.nf_conntrack_icmpv6_timeout", 30},
    {"net.netfilter.nf_conntrack_log_invalid", 0},
    {"net.netfilter.nf_conntrack_max", 262144},
    {"net.netfilter.nf_conntrack_sctp_timeout_closed", 10},
    {"net.netfilter.nf_conntrack_sctp_timeout_cookie_echoed", 3},
    {"net.netfilter.nf_conntrack_sctp_timeout_cookie_wait", 3},
    {"net.netfilter.nf_conntrack_sctp_timeout_established", 210},
    {"net.netfilter.nf_conntrack_sctp_timeout_heartbeat_sent", 30},
    {"net.netfilter.nf_conntrack_sctp_timeout_shutdown_ack_sent", 3},
    {"net.netfilter.nf_conntrack_sctp_timeout_shutdown_recd", 3},
    {"net.netfilter.nf_conntrack_sctp_timeout_shutdown_sent", 3},
    {"net.netfilter.nf_conntrack_tcp_be_liberal", 0},
    {"net.netfilter.nf_conntrack_tcp_ignore_invalid_rst", 0},
    {"net.netfilter.nf_conntrack_tcp_loose", 1},
    {"net.netfilter.nf_conntrack_tcp_max_retrans", 3},
    {"net.netfilter.nf_conntrack_tcp_timeout_close", 10},
    {"net.netfilter.nf_conntrack_tcp_timeout_close_wait", 60},
    {"net.netfilter.nf_conntrack_tcp_timeout_established", 432000},
    {"net.netfilter.nf_conntrack_tcp_timeout_fin_wait", 120},
    {"net.netfilter.nf_conntrack_tcp_timeout_last_ack", 30},
    {"net.netfilter.nf_conntrack_tcp_timeout_max_retrans", 300},
    {"net.netfilter.nf_conntrack_tcp_timeout_syn_recv", 60},
    {"net.netfilter.nf_conntrack_tcp_timeout_syn_sent", 120},
    {"net.netfilter.nf_conntrack_tcp_timeout_time_wait", 120},
    {"net.netfilter.nf_conntrack_tcp_timeout_unacknowledged", 300},
    {"net.netfilter.nf_conntrack_timestamp", 0},
    {"net.netfilter.nf_conntrack_udp_timeout", 30},
    {"net.netfilter.nf_conntrack_udp_timeout_stream", 120},
    {"net.netfilter.nf_log_all_netns", 0},
};

constexpr InterfaceSysctl kInterfaceSysctls[] = {
    {"ipv4", "accept_local", 0, 0, Combine::Either},
    {"ipv4", "accept_source_route", 0, 1, Combine::Both},
    {"ipv4", "bc_forwarding", 0, 0, Combine::Both},
    {"ipv4", "drop_unicast_in_l2_multicast", 0, 0, Combine::Either},
    {"ipv4", "forwarding", 1, 1, Combine::Spread},
    {"ipv4", "log_martians", 0, 0, Combine::Either},
    {"ipv4", "mc_forwarding", 0, 0, Combine::Both},
    {"ipv4", "route_localnet", 0, 0, Combine::Either},
    {"ipv4", "rp_filter", 0, 0, Combine::Larger},
    {"ipv4", "send_redirects", 1, 1, Combine::Either},
    {"ipv4", "src_valid_mark", 0, 0, Combine::Either},
    {"ipv6", "accept_source_route", 0, 0, Combine::Smaller},
    {"ipv6", "disable_ipv6", 0, 0, Combine::Spread},
    {"ipv6", "drop_unicast_in_l2_multicast", 0, 0, Combine::Either},
    {"ipv6", "force_forwarding", 0, 0, Combine::Spread},
    {"ipv6", "forwarding", 1, 1, Combine::Spread},
    {"ipv6", "hop_limit", 64, 64, Combine::Own},
    {"ipv6", "use_oif_addrs_only", 0, 0, Combine::Either},
};

const InterfaceSysctl* find_interface_sysctl(const InterfaceSysctlName& name) {
  const auto* const found = std::ranges::find_if(kInterfaceSysctls, [&](const InterfaceSysctl& known) {
    return known.family == name.family && known.name == name.name;
  });
  return found == std::end(kInterfaceSysctls) ? nullptr : found;
}

const SysctlDefault* find_default(std::string_view name) {
  const auto* const found = std::ranges::find(kDefaults, name, &SysctlDefault::name);
  return found == std::end(kDefaults) ? nullptr : found;
}

std::optional<int64_t> stated(const Sysctls& set, std::string_view name) {
  const auto found = set.find(canonical_sysctl(name));
  return found == set.end() ? std::nullopt : std::optional(found->second);
}

std::optional<int64_t> stated(const Sysctls& set, const InterfaceSysctl& sysctl, std::string_view interface) {
  std::string name = "net.";
  name.append(sysctl.family).append(".conf.").append(interface).append(".").append(sysctl.name);
  return stated(set, name);
}

int64_t combined(const Sysctls& set, const InterfaceSysctl& sysctl, std::string_view interface) {
  const std::optional<int64_t> all_stated = stated(set, sysctl, "all");
  const int64_t all = all_stated.value_or(sysctl.all);
  const std::optional<int64_t> own_stated = stated(set, sysctl, interface);
  const int64_t own = own_stated.value_or(stated(set, sysctl, "default").value_or(sysctl.each));
  switch (sysctl.combine) {
    case Combine::Own:
      return own;
    case Combine::Either:
      return static_cast<int64_t>(own != 0 || all != 0);
    case Combine::Both:
      return static_cast<int64_t>(own != 0 && all != 0);
    case Combine::Larger:
      return std::max(own, all);
    case Combine::Smaller:
      return std::min(own, all);
    case Combine::Spread:
      return own_stated ? own : all_stated.value_or(own);
  }
  return own;
}

}  // namespace

std::span<const SysctlDefault> sysctl_defaults() { return kDefaults; }
std::span<const InterfaceSysctl> interface_sysctls() { return kInterfaceSysctls; }

std::optional<InterfaceSysctlName> split_interface_sysctl(std::string_view name) {
  for (const std::string_view family : {"ipv4", "ipv6"}) {
    std::string prefix = "net.";
    prefix.append(family).append(".conf.");
    const size_t last = name.rfind('.');
    if (!name.starts_with(prefix) || last <= prefix.size()) continue;
    return InterfaceSysctlName{family, name.substr(prefix.size(), last - prefix.size()), name.substr(last + 1)};
  }
  return std::nullopt;
}

bool sysctl_is_known(std::string_view name) {
  if (find_default(canonical_sysctl(name)) != nullptr) return true;
  const auto parts = split_interface_sysctl(name);
  return parts && find_interface_sysctl(*parts) != nullptr;
}

std::string_view canonical_sysctl(std::string_view name) {
  if (name == "net.ipv4.conf.all.forwarding") return "net.ipv4.ip_forward";
  if (name == "net.nf_conntrack_max") return "net.netfilter.nf_conntrack_max";
  return name;
}

int64_t sysctl_value(const Sysctls& set, std::string_view name) {
  if (const auto parts = split_interface_sysctl(name)) {
    const InterfaceSysctl* const known = find_interface_sysctl(*parts);
    if (known != nullptr && parts->interface == "all") return stated(set, name).value_or(known->all);
    if (known != nullptr && parts->interface == "default") return stated(set, name).value_or(known->each);
    if (known != nullptr) return combined(set, *known, parts->interface);
  }
  const SysctlDefault* const known = find_default(canonical_sysctl(name));
  return stated(set, name).value_or(known == nullptr ? 0 : known->value);
}

}  // namespace sallyport
