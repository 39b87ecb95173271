// The helpers by name: those that the kernel has, with its limits.

#include "conntrack/helpers.h"

namespace sallyport {
namespace {

constexpr Duration kMinutes = 60 * kSecond;

constexpr Helper kHelpers[] = {
    {"ftp", kTcp, Families::Both, {{{1, 5 * kMinutes}}}, look_at_ftp},
    {"tftp", kUdp, Families::Both, {{{1, 5 * kMinutes}}}, look_at_tftp},
    {"irc", kTcp, Families::Ipv4Only},
    {"sip", kTcp},
    {"sip", kUdp},
    {"sane", kTcp},
    {"amanda", kUdp},
    {"RAS", kUdp},
    {"Q.931", kTcp},
    {"H.245", kUdp},
    {"snmp", kUdp, Families::Ipv4Only},
    {"snmp_trap", kUdp, Families::Ipv4Only},
    {"netbios-ns", kUdp, Families::Ipv4Only},
    {"pptp", kTcp, Families::Ipv4Only},
};

}  // namespace

const Helper* find_helper(std::string_view name, Family family, uint8_t protocol) {
  for (const Helper& helper : kHelpers) {
    if (helper.name == name && helper.protocol == protocol && exists_in(helper.families, family)) return &helper;
  }
  return nullptr;
}

}  // namespace sallyport
