// Every helper whose payload is read, one file each.
#pragma once

#include "sallyport/helper.h"

namespace sallyport {

bool look_at_ftp(Packet& packet, Connection& connection, const HelperContext& context);
bool look_at_irc(Packet& packet, Connection& connection, const HelperContext& context);
bool look_at_netbios_ns(Packet& packet, Connection& connection, const HelperContext& context);
bool look_at_pptp(Packet& packet, Connection& connection, const HelperContext& context);
void end_pptp(Connection& connection, const HelperContext& context);
bool look_at_sip_tcp(Packet& packet, Connection& connection, const HelperContext& context);
bool look_at_sip_udp(Packet& packet, Connection& connection, const HelperContext& context);
bool look_at_snmp(Packet& packet, Connection& connection, const HelperContext& context);
bool look_at_tftp(Packet& packet, Connection& connection, const HelperContext& context);

}  // namespace sallyport
