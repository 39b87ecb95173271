// Names of protocols and ports, as /etc/protocols and the port registry have them: known without any file, so that
// the same rules mean the same on every machine.

#include <netdb.h>

#include <array>
#include <charconv>
#include <string>

#include "sallyport/options.h"

namespace sallyport {
namespace {

struct ProtocolName {
  uint8_t number;
  std::string_view name;
};

// In the spelling that iptables-save prints. Aliases that are only read follow below.
constexpr ProtocolName kProtocols[] = {
    {1, "icmp"},        {2, "igmp"},
    {3, "ggp"},         {4, "ipencap"},
    {5, "st"},          {6, "tcp"},
    {8, "egp"},         {9, "igp"},
    {12, "pup"},        {17, "udp"},
    {20, "hmp"},        {22, "xns-idp"},
    {27, "rdp"},        {29, "iso-tp4"},
    {33, "dccp"},       {36, "xtp"},
    {37, "ddp"},        {38, "idpr-cmtp"},
    {41, "ipv6"},       {43, "ipv6-route"},
    {44, "ipv6-frag"},  {45, "idrp"},
    {46, "rsvp"},       {47, "gre"},
    {50, "esp"},        {51, "ah"},
    {57, "skip"},       {58, "ipv6-icmp"},
    {59, "ipv6-nonxt"}, {60, "ipv6-opts"},
    {73, "rspf"},       {81, "vmtp"},
    {88, "eigrp"},      {89, "ospf"},
    {93, "ax.25"},      {94, "ipip"},
    {97, "etherip"},    {98, "encap"},
    {103, "pim"},       {108, "ipcomp"},
    {112, "vrrp"},      {115, "l2tp"},
    {124, "isis"},      {132, "sctp"},
    {133, "fc"},        {135, "mobility-header"},
    {136, "udplite"},   {137, "mpls-in-ip"},
    {138, "manet"},     {139, "hip"},
    {140, "shim6"},     {141, "wesp"},
    {142, "rohc"},      {143, "ethernet"},
};
constexpr ProtocolName kAliases[] = {
    {0, "all"},       {0, "ip"},   {0, "hopopt"}, {58, "icmpv6"},  {58, "icmp6"},
    {135, "ipv6-mh"}, {135, "mh"}, {4, "ipip4"},  {89, "ospfigp"}, {136, "udp-lite"},
};

struct ServiceName {
  uint16_t port;
  std::string_view name;
};

// What real rulesets spell out; anything else is asked of the machine's own list.
constexpr ServiceName kServices[] = {
    {7, "echo"},
    {9, "discard"},
    {13, "daytime"},
    {19, "chargen"},
    {20, "ftp-data"},
    {21, "ftp"},
    {22, "ssh"},
    {23, "telnet"},
    {25, "smtp"},
    {37, "time"},
    {43, "whois"},
    {49, "tacacs"},
    {53, "domain"},
    {67, "bootps"},
    {68, "bootpc"},
    {69, "tftp"},
    {70, "gopher"},
    {79, "finger"},
    {80, "http"},
    {80, "www"},
    {88, "kerberos"},
    {110, "pop3"},
    {111, "sunrpc"},
    {113, "auth"},
    {119, "nntp"},
    {123, "ntp"},
    {137, "netbios-ns"},
    {138, "netbios-dgm"},
    {139, "netbios-ssn"},
    {143, "imap2"},
    {143, "imap"},
    {161, "snmp"},
    {162, "snmp-trap"},
    {162, "snmptrap"},
    {179, "bgp"},
    {194, "irc"},
    {389, "ldap"},
    {443, "https"},
    {445, "microsoft-ds"},
    {465, "submissions"},
    {465, "ssmtp"},
    {500, "isakmp"},
    {514, "syslog"},
    {515, "printer"},
    {520, "route"},
    {546, "dhcpv6-client"},
    {547, "dhcpv6-server"},
    {548, "afpovertcp"},
    {554, "rtsp"},
    {563, "nntps"},
    {587, "submission"},
    {631, "ipp"},
    {636, "ldaps"},
    {853, "domain-s"},
    {873, "rsync"},
    {989, "ftps-data"},
    {990, "ftps"},
    {993, "imaps"},
    {995, "pop3s"},
    {1080, "socks"},
    {1194, "openvpn"},
    {1433, "ms-sql-s"},
    {1701, "l2f"},
    {1812, "radius"},
    {1813, "radius-acct"},
    {1900, "ssdp"},
    {2049, "nfs"},
    {3128, "squid"},
    {3306, "mysql"},
    {3389, "ms-wbt-server"},
    {3690, "svn"},
    {4500, "ipsec-nat-t"},
    {5060, "sip"},
    {5061, "sip-tls"},
    {5222, "xmpp-client"},
    {5269, "xmpp-server"},
    {5353, "mdns"},
    {5432, "postgresql"},
    {5666, "nrpe"},
    {5900, "rfb"},
    {6000, "x11"},
    {6667, "ircd"},
    {8080, "http-alt"},
    {9418, "git"},
    {10000, "webmin"},
    {10050, "zabbix-agent"},
    {10051, "zabbix-trapper"},
};

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& letter : result) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter + ('a' - 'A'));
  }
  return result;
}

}  // namespace

std::optional<uint64_t> parse_number(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\n\v\f\r");
  text.remove_prefix(begin == std::string_view::npos ? text.size() : begin);
  if (text.starts_with('+')) text.remove_prefix(1);
  int base = 10;
  if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
    base = 16;
    text.remove_prefix(2);
  } else if (text.size() > 1 && text[0] == '0') {
    base = 8;
    text.remove_prefix(1);
  }
  uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<uint8_t> parse_protocol(std::string_view text) {
  if (const auto number = parse_number(text)) {
    if (*number > 255) return std::nullopt;
    return static_cast<uint8_t>(*number);
  }
  const std::string name = lower(text);
  for (const auto& [number, known] : kProtocols) {
    if (name == known) return number;
  }
  for (const auto& [number, known] : kAliases) {
    if (name == known) return number;
  }
  return std::nullopt;
}

std::string protocol_name(uint8_t protocol) {
  for (const auto& [number, name] : kProtocols) {
    if (number == protocol) return std::string(name);
  }
  return std::to_string(protocol);
}

std::optional<uint16_t> parse_port(std::string_view text, uint8_t protocol) {
  if (const auto number = parse_number(text)) {
    if (*number > 65535) return std::nullopt;
    return static_cast<uint16_t>(*number);
  }
  for (const auto& [port, name] : kServices) {
    if (text == name) return port;
  }
  const std::string name(text);
  const std::string transport = protocol == 0 ? "" : protocol_name(protocol);
  servent entry = {};
  servent* found = nullptr;
  std::array<char, 2048> buffer = {};
  getservbyname_r(name.c_str(), transport.empty() ? nullptr : transport.c_str(), &entry, buffer.data(), buffer.size(),
                  &found);
  if (found == nullptr) return std::nullopt;
  return __builtin_bswap16(static_cast<uint16_t>(found->s_port));
}

}  // namespace sallyport
