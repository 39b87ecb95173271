// Every target that the engine has, one file each; src/engine/builtins.cc registers them.
#pragma once

#include "sallyport/helper.h"
#include "sallyport/target.h"

namespace sallyport {

// The verdicts that need no module: ACCEPT, DROP, QUEUE, RETURN.
TargetType accept_target();
TargetType drop_target();
TargetType queue_target();
TargetType return_target();

TargetType checksum_target();
TargetType connmark_target();
TargetType ct_target();
// With the helpers that `find` finds, modules' too, which outlive what is made of it.
TargetType ct_target_with(HelperFinder find);
TargetType delude_target();
TargetType dnat_target();
TargetType dnpt_target();
TargetType dscp_target();
TargetType ecn_target();
TargetType hl_target();
TargetType log_target();
TargetType mark_target();
TargetType masquerade_target();
TargetType netmap_target();
TargetType nflog_target();
TargetType nfqueue_target();
TargetType notrack_target();
TargetType redirect_target();
TargetType reject_target();
TargetType set_target();
TargetType snat_target();
TargetType snpt_target();
TargetType synproxy_target();
TargetType tarpit_target();
TargetType tcpmss_target();
TargetType tos_target();
TargetType tproxy_target();
TargetType trace_target();
TargetType ttl_target();

}  // namespace sallyport
