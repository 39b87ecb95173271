// Every match that the engine has, one file each; src/engine/builtins.cc registers them.
#pragma once

#include "sallyport/match.h"

namespace sallyport {

MatchType addrtype_match();
MatchType ah_match();
MatchType ah_ipv6_match();
MatchType cluster_match();
MatchType comment_match();
MatchType connbytes_match();
MatchType connlabel_match();
MatchType connlimit_match();
MatchType connmark_match();
MatchType content_match();
MatchType conntrack_match();
MatchType dccp_match();
MatchType dscp_match();
MatchType dst_match();
MatchType ecn_match();
MatchType esp_match();
MatchType eui64_match();
MatchType frag_match();
MatchType hashlimit_match();
MatchType hbh_match();
MatchType helper_match();
MatchType hl_match();
MatchType icmp_match();
MatchType icmp6_match();
MatchType iprange_match();
MatchType ipv6header_match();
MatchType length_match();
MatchType limit_match();
MatchType mac_match();
MatchType mark_match();
MatchType mh_match();
MatchType multiport_match();
MatchType owner_match();
MatchType physdev_match();
MatchType pkttype_match();
MatchType policy_match();
MatchType recent_match();
MatchType rpfilter_match();
MatchType rt_match();
MatchType sctp_match();
MatchType set_match();
MatchType state_match();
MatchType statistic_match();
MatchType string_match();
MatchType tcp_match();
MatchType tcpmss_match();
MatchType time_match();
MatchType tos_match();
MatchType ttl_match();
MatchType u32_match();
MatchType udp_match();

}  // namespace sallyport
