// Every target that the engine has, one file each; src/engine/builtins.cc registers them.
#pragma once

#include "sallyport/target.h"

namespace sallyport {

// The verdicts that need no module: ACCEPT, DROP, QUEUE, RETURN.
TargetType accept_target();
TargetType drop_target();
TargetType queue_target();
TargetType return_target();

TargetType checksum_target();
TargetType dscp_target();
TargetType ecn_target();
TargetType hl_target();
TargetType log_target();
TargetType mark_target();
TargetType nflog_target();
TargetType reject_target();
TargetType tcpmss_target();
TargetType tos_target();
TargetType trace_target();
TargetType ttl_target();

}  // namespace sallyport
