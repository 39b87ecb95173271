// The helpers by name: those that the kernel has, with its limits.

#include "conntrack/helpers.h"

namespace sallyport {
namespace {

constexpr Duration kMinutes = 60 * kSecond;

using Classes = std::array<Helper::Class, 4>;
constexpr Classes kOne = {{{1, 5 * kMinutes}}};
constexpr Classes kSip = {{{1, 3 * kMinutes, "signalling"},
                           {4, 3 * kMinutes, "audio"},
                           {4, 3 * kMinutes, "video"},
                           {2, 3 * kMinutes, "image"}}};

constexpr Helper kHelpers[] = {
    {"ftp", kTcp, Families::Both, kOne, look_at_ftp},
    {"tftp", kUdp, Families::Both, kOne, look_at_tftp},
    {"irc", kTcp, Families::Ipv4Only, {{{8, 5 * kMinutes}}}, look_at_irc},
    {"sip", kTcp, Families::Both, kSip, look_at_sip_tcp},
    {"sip", kUdp, Families::Both, kSip, look_at_sip_udp},
    {"pptp", kTcp, Families::Ipv4Only, {{{2, 5 * kMinutes}}}, look_at_pptp, end_pptp},
    {"netbios-ns", kUdp, Families::Ipv4Only, {{{1, 3 * kSecond}}}, look_at_netbios_ns},
    {"snmp", kUdp, Families::Ipv4Only, {{{1, 30 * kSecond}}}, look_at_snmp, nullptr, true},
    // It serves NAT alone.
    {"snmp_trap",
     kUdp,
     Families::Ipv4Only,
     {},
     [](Packet&, Connection&, const HelperContext&) { return true; },
     nullptr,
     true},
    {"sane", kTcp},
    {"amanda", kUdp},
    {"RAS", kUdp},
    {"Q.931", kTcp},
    {"H.245", kUdp},
};

}  // namespace

const Helper* find_helper(std::string_view name, Family family, uint8_t protocol) {
  for (const Helper& helper : kHelpers) {
    if (helper.name == name && helper.protocol == protocol && exists_in(helper.families, family)) return &helper;
  }
  return nullptr;
}

}  // namespace sallyport
