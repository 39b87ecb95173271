// Rules that show what connection tracking makes of a packet.

#include "kernel/conntrack_tables.h"

#include <algorithm>
#include <fstream>

#include "kernel/timeout_policies.h"

namespace sallyport::kernel {
namespace {

// The packet's state as its mark, so that it can be seen from outside.
constexpr std::string_view kRules =
    "*raw\n"
    "-A PREROUTING -p tcp -m tcp --dport 21 -j CT --helper ftp\n"
    "-A PREROUTING -p udp -m udp --dport 69 -j CT --helper tftp\n"
    "-A PREROUTING -p tcp -m tcp --dport 5060 -j CT --helper sip\n"
    "-A PREROUTING -p udp -m udp --dport 5060 -j CT --helper sip\n"
    "-A PREROUTING -p tcp -m tcp --dport 80 -j CT --ctevents new,assured,mark\n"
    "-A PREROUTING -p udp -m udp --dport 443 -j CT --ctevents destroy,reply\n"
    "-A PREROUTING -p tcp -m tcp --dport 22 -j CT --zone 7\n"
    "-A PREROUTING -p tcp -m tcp --sport 22 -j CT --zone 7\n"
    "-A PREROUTING -p udp -m udp --dport 22 -j CT --zone-orig 9\n"
    "-A PREROUTING -p udp -m udp --dport 53 -j CT --zone-reply 11\n"
    "-A PREROUTING -p udp -m udp --sport 53 -j CT --zone-reply 11\n"
    "-A PREROUTING -p udp -m udp --dport 80 -j CT --zone mark\n"
    "-A PREROUTING -p tcp -m multiport --ports 443 -j MARK --set-mark 0x1234\n"
    "-A PREROUTING -p sctp -m multiport --ports 443 -j MARK --set-mark 0x10005\n"
    "-A PREROUTING -m mark ! --mark 0 -j CT --zone mark\n"
    "COMMIT\n"
    "*mangle\n"
    "-A PREROUTING -m state --state NEW -j MARK --set-mark 1\n"
    "-A PREROUTING -m state --state ESTABLISHED -j MARK --set-mark 2\n"
    "-A PREROUTING -m state --state RELATED -j MARK --set-mark 3\n"
    "-A PREROUTING -m state --state INVALID -j MARK --set-mark 4\n"
    "-A PREROUTING -m state --state UNTRACKED -j MARK --set-mark 5\n"
    "-A PREROUTING -m conntrack --ctdir REPLY -j MARK --set-xmark 16/16\n"
    "-A FORWARD -m conntrack --ctstatus ASSURED -j MARK --set-xmark 32/32\n"
    "-A FORWARD -p tcp -m multiport --ports 80 -m length --length 60:1100 -j CONNMARK --or-mark 1\n"
    "-A FORWARD -p udp -m multiport --ports 443 -m length --length 100: -j CONNMARK --save-mark\n"
    "-A FORWARD -p tcp -m tcp --tcp-flags RST,FIN FIN -m length --length 41: -j DROP\n"
    "-A FORWARD -m helper --helper ftp-21 -j MARK --set-xmark 64/64\n"
    "-A FORWARD -m helper --helper sip -j MARK --set-xmark 128/128\n"
    "-A FORWARD -m helper ! --helper \"\" -j MARK --set-xmark 256/256\n"
    "COMMIT\n";
// Those of IPv4 alone.
constexpr std::string_view kIpv4Rules =
    "-A PREROUTING -p tcp -m tcp --dport 6667 -j CT --helper irc\n"
    "-A PREROUTING -p tcp -m tcp --dport 1723 -j CT --helper pptp\n";
constexpr std::string_view kLabelRules =
    "-A PREROUTING -m connlabel --label 3 --set\n"
    "-A FORWARD -m length --length 60: -m connlabel --label 77 --set -j MARK --set-xmark 512/512\n"
    "-A FORWARD -m connlabel --label 77\n";

// One table after the other.
const TableSetting kSettings[] = {
    {"as it is"},
    {"no pick-up", {{"net.netfilter.nf_conntrack_tcp_loose", 0}}},
    {"labels", {}, RuleKind::Labels},
    {"plain rules", {}, RuleKind::Plain},
    {"liberal windows", {{"net.netfilter.nf_conntrack_tcp_be_liberal", 1}}},
    {"timeout policies", {}, RuleKind::Policies},
    {"as it is"},
    {"checksums believed", {{"net.netfilter.nf_conntrack_checksum", 0}}},
    {"RSTs believed", {{"net.netfilter.nf_conntrack_tcp_ignore_invalid_rst", 1}}},
    {"accounting", {{"net.netfilter.nf_conntrack_acct", 1}}},
    {"as it is"},
    {"time stamps", {{"net.netfilter.nf_conntrack_timestamp", 1}}},
};
// What a setting does not name has the kernel's default.
constexpr Sysctl kUsual[] = {
    {"net.netfilter.nf_conntrack_tcp_loose", 1}, {"net.netfilter.nf_conntrack_tcp_be_liberal", 0},
    {"net.netfilter.nf_conntrack_checksum", 1},  {"net.netfilter.nf_conntrack_acct", 0},
    {"net.netfilter.nf_conntrack_timestamp", 0}, {"net.netfilter.nf_conntrack_tcp_ignore_invalid_rst", 0}};

}  // namespace

std::string rules_of(Family family, RuleKind kind) {
  const std::string mangle(kRules.substr(kRules.find("*mangle")));
  if (kind == RuleKind::Plain) return "*raw\nCOMMIT\n" + mangle;
  if (kind == RuleKind::Policies) return "*raw\n" + policy_rules(family) + "COMMIT\n" + mangle;
  if (kind == RuleKind::Labels) {
    std::string rules = rules_of(family, RuleKind::Usual);
    return rules.insert(rules.rfind("COMMIT"), kLabelRules);
  }
  constexpr std::string_view kBegin = "*raw\n";
  std::string rules(kBegin);
  if (family == Family::Ipv4) rules += kIpv4Rules;
  return rules.append(kRules.substr(kBegin.size()));
}

std::string raw_rules_of(Family family) {
  const std::string rules = rules_of(family, RuleKind::Usual);
  return rules.substr(0, rules.find("*mangle"));
}

std::span<const TableSetting> table_settings() { return kSettings; }

bool set_sysctl(const Sysctl& sysctl) {
  std::string path(sysctl.name);
  std::ranges::replace(path, '.', '/');
  std::ofstream file("/proc/sys/" + path);
  file << sysctl.value;
  file.flush();
  return file.good();
}

bool set_sysctls(const TableSetting& setting) {
  return std::ranges::all_of(kUsual, set_sysctl) && std::ranges::all_of(setting.sysctls, set_sysctl);
}

}  // namespace sallyport::kernel
