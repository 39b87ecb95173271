// The kinds of conversations. Each says its part through the talker.
#pragma once

#include "kernel/talker.h"

namespace sallyport::kernel {

void talk_tcp(Talker& talker);  // to a state of the table in one of many ways, then whatever comes
void talk_udp(Talker& talker);
void talk_udplite(Talker& talker);
void talk_icmp(Talker& talker);
void talk_sctp(Talker& talker);
void talk_untracked(Talker& talker);  // GRE, DCCP, protocols that nobody knows
void talk_broken(Talker& talker);     // headers cut short, lengths that cannot be
void talk_ftp(Talker& talker);
void talk_tftp(Talker& talker);
void talk_irc(Talker& talker);  // IPv4 only, as PPTP
void talk_pptp(Talker& talker);
void talk_sip(Talker& talker);

}  // namespace sallyport::kernel
