// Names every built-in match and target once; nothing registers itself.

#include "engine/builtins.h"

#include "match/matches.h"
#include "target/targets.h"

namespace sallyport {

void add_builtin_matches(Registry& registry) {
  for (MatchType (*make)() : {
           addrtype_match,  ah_match,         ah_ipv6_match,  cluster_match,   comment_match, connbytes_match,
           connlabel_match, connlimit_match,  connmark_match, conntrack_match, content_match, dccp_match,
           dscp_match,      dst_match,        ecn_match,      esp_match,       eui64_match,   frag_match,
           hashlimit_match, hbh_match,        helper_match,   hl_match,        icmp6_match,   icmp_match,
           iprange_match,   ipv6header_match, length_match,   limit_match,     mac_match,     mark_match,
           mh_match,        multiport_match,  owner_match,    physdev_match,   pkttype_match, policy_match,
           recent_match,    rpfilter_match,   rt_match,       sctp_match,      set_match,     state_match,
           statistic_match, string_match,     tcp_match,      tcpmss_match,    time_match,    tos_match,
           ttl_match,       u32_match,        udp_match,
       }) {
    registry.add(make());
  }
}

void add_builtin_targets(Registry& registry) {
  for (TargetType (*make)() : {
           accept_target, checksum_target,   connmark_target, ct_target,     delude_target,  dnat_target,
           dnpt_target,   drop_target,       dscp_target,     ecn_target,    hl_target,      log_target,
           mark_target,   masquerade_target, netmap_target,   nflog_target,  nfqueue_target, notrack_target,
           queue_target,  redirect_target,   reject_target,   return_target, set_target,     snat_target,
           snpt_target,   synproxy_target,   tarpit_target,   tcpmss_target, tos_target,     tproxy_target,
           trace_target,  ttl_target,
       }) {
    registry.add(make());
  }
}

const Registry& builtin_registry() {
  static const Registry kRegistry = [] {
    Registry registry;
    add_builtin_matches(registry);
    add_builtin_targets(registry);
    return registry;
  }();
  return kRegistry;
}

}  // namespace sallyport
