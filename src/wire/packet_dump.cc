// The text of LOG and TRACE lines: every header of a packet, as net/netfilter/nf_log_syslog.c prints it, so that tools
// that read such lines keep working. The transports, which both families share, and IPv4; IPv6 is in packet_dump6.cc.
//
// Counts of present bytes ("INCOMPLETE [N bytes]") are unsigned and wrap, as the kernel's do, where a quoted header
// claims to be longer than what is there. They are only printed.

#include "wire/packet_dump.h"

#include <algorithm>
#include <cstring>

#include "wire/packet_dump_parts.h"

namespace sallyport {

void DumpLine::add(std::string_view text) {
  const size_t count = std::min(text.size(), buffer_.size() - size_);
  if (count != 0) std::memcpy(buffer_.data() + size_, text.data(), count);
  size_ += count;
}

void DumpLine::add_hex(const uint8_t* bytes, uint32_t count, bool upper_case, char separator) {
  const char* const digits = upper_case ? "0123456789ABCDEF" : "0123456789abcdef";
  for (uint32_t i = 0; i < count; ++i) {
    const char pair[] = {separator, digits[bytes[i] >> 4], digits[bytes[i] & 15]};
    const bool separated = separator != 0 && i != 0;
    add(std::string_view(separated ? pair : pair + 1, separated ? 3 : 2));
  }
}

void dump_incomplete(DumpLine& line, const Packet& packet, uint32_t offset) {
  line.add("INCOMPLETE [{} bytes] ", packet.captured() - offset);
}

namespace {

// `word` is the header's seventh: length, reserved bits, flags. AE is RFC 9768's.
void dump_tcp_flags(DumpLine& line, uint16_t word) {
  struct Flag {
    uint16_t bit;
    std::string_view name;
  };
  constexpr Flag kFlags[] = {{0x100, "AE "}, {0x80, "CWR "}, {0x40, "ECE "}, {0x20, "URG "}, {0x10, "ACK "},
                             {0x08, "PSH "}, {0x04, "RST "}, {0x02, "SYN "}, {0x01, "FIN "}};
  line.add("RES=0x{:02x} ", (word & 0x0e00) >> 6);
  for (const Flag& flag : kFlags) {
    if (word & flag.bit) line.add(flag.name);
  }
}

bool dump_tcp(DumpLine& line, const Packet& packet, bool later_fragment, uint32_t offset, uint8_t flags) {
  line.add("PROTO=TCP ");
  if (later_fragment) return true;
  const uint8_t* const tcp = packet.at(offset, 20);
  if (tcp == nullptr) {
    dump_incomplete(line, packet, offset);
    return false;
  }
  line.add("SPT={} DPT={} ", load_be16(tcp), load_be16(tcp + 2));
  if (flags & kDumpTcpSequence) line.add("SEQ={} ACK={} ", load_be32(tcp + 4), load_be32(tcp + 8));
  line.add("WINDOW={} ", load_be16(tcp + 14));
  dump_tcp_flags(line, load_be16(tcp + 12));
  line.add("URGP={} ", load_be16(tcp + 18));
  const uint32_t header_bytes = (tcp[12] >> 4) * 4u;
  if ((flags & kDumpTcpOptions) && header_bytes > 20) {
    const uint8_t* const options = packet.at(offset + 20, header_bytes - 20);
    if (options == nullptr) {
      line.add("OPT (TRUNCATED)");
      return false;
    }
    line.add("OPT (");
    line.add_hex(options, header_bytes - 20, true);
    line.add(") ");
  }
  return true;
}

bool dump_udp(DumpLine& line, const Packet& packet, uint8_t protocol, bool later_fragment, uint32_t offset) {
  line.add(protocol == kUdp ? "PROTO=UDP " : "PROTO=UDPLITE ");
  if (later_fragment) return true;
  const uint8_t* const udp = packet.at(offset, 8);
  if (udp == nullptr) {
    dump_incomplete(line, packet, offset);
    return false;
  }
  line.add("SPT={} DPT={} LEN={} ", load_be16(udp), load_be16(udp + 2), load_be16(udp + 4));
  return true;
}

}  // namespace

bool dump_transport(DumpLine& line, const Packet& packet, uint8_t protocol, bool later_fragment, uint32_t offset,
                    uint8_t flags) {
  switch (protocol) {
    case kTcp:
      return dump_tcp(line, packet, later_fragment, offset, flags);
    case kUdp:
    case kUdplite:
      return dump_udp(line, packet, protocol, later_fragment, offset);
    default:
      line.add("PROTO={} ", protocol);
      return true;
  }
}

namespace {

constexpr uint8_t kEchoReply = 0, kUnreachable = 3, kSourceQuench = 4, kRedirect = 5, kEcho = 8, kTimeExceeded = 11,
                  kParameterProblem = 12;
constexpr uint8_t kFragmentationNeeded = 4;

// The least bytes that a type needs beside the plain header, by type; 0: none beyond it.
uint32_t least_icmp_bytes(uint8_t type) {
  constexpr uint8_t kLeast[] = {4, 0, 0, 28, 28, 28, 0, 0, 4, 0, 0, 28, 28, 20, 20, 0, 0, 12, 12};
  return type < std::size(kLeast) ? kLeast[type] : 0;
}

void dump_ipv4(DumpLine& line, const Packet& packet, uint32_t offset, uint8_t flags);

void dump_icmp(DumpLine& line, const Packet& packet, bool outermost, uint32_t offset, uint8_t flags) {
  const uint8_t* const icmp = packet.at(offset, 8);
  if (icmp == nullptr) return dump_incomplete(line, packet, offset);
  const uint8_t type = icmp[0], code = icmp[1];
  line.add("TYPE={} CODE={} ", type, code);
  if (packet.captured() - offset < least_icmp_bytes(type)) return dump_incomplete(line, packet, offset);
  switch (type) {
    case kEchoReply:
    case kEcho:
      line.add("ID={} SEQ={} ", load_be16(icmp + 4), load_be16(icmp + 6));
      return;
    case kParameterProblem:
      line.add("PARAMETER={} ", icmp[4]);
      return;
    case kRedirect:
      line.add("GATEWAY={}.{}.{}.{} ", icmp[4], icmp[5], icmp[6], icmp[7]);
      break;
    case kUnreachable:
    case kSourceQuench:
    case kTimeExceeded:
      break;
    default:
      return;
  }
  if (outermost) {  // only one level of quoting is followed
    line.add("[");
    dump_ipv4(line, packet, offset + 8, flags);
    line.add("] ");
  }
  if (type == kUnreachable && code == kFragmentationNeeded) line.add("MTU={} ", load_be16(icmp + 6));
}

void dump_security_index(DumpLine& line, const Packet& packet, uint8_t protocol, uint32_t offset) {
  const bool authentication = protocol == kAh;
  const uint8_t* const header = packet.at(offset, authentication ? 12 : 8);
  if (header == nullptr) return dump_incomplete(line, packet, offset);
  line.add("SPI=0x{:x} ", load_be32(header + (authentication ? 4 : 0)));
}

// False: a header was cut short, and nothing more is said of the packet.
bool dump_ipv4_payload(DumpLine& line, const Packet& packet, const uint8_t* ip, uint32_t offset, bool outermost,
                       uint8_t flags) {
  const uint8_t protocol = ip[9];
  const bool later_fragment = (load_be16(ip + 6) & 0x1fff) != 0;
  switch (protocol) {
    case kIcmp:
      line.add("PROTO=ICMP ");
      if (!later_fragment) dump_icmp(line, packet, outermost, offset, flags);
      return true;
    case kAh:
    case kEsp:
      if (protocol == kAh && later_fragment) return true;  // seen: the kernel names every protocol there but this one
      line.add(protocol == kAh ? "PROTO=AH " : "PROTO=ESP ");
      if (!later_fragment) dump_security_index(line, packet, protocol, offset);
      return true;
    default:
      return dump_transport(line, packet, protocol, later_fragment, offset, flags);
  }
}

void dump_ipv4(DumpLine& line, const Packet& packet, uint32_t offset, uint8_t flags) {
  const uint8_t* const ip = packet.at(offset, 20);
  if (ip == nullptr) return line.add("TRUNCATED");
  const bool outermost = offset == 0;
  line.add("SRC={}.{}.{}.{} DST={}.{}.{}.{} ", ip[12], ip[13], ip[14], ip[15], ip[16], ip[17], ip[18], ip[19]);
  line.add("LEN={} TOS=0x{:02X} PREC=0x{:02X} TTL={} ID={} ", load_be16(ip + 2), ip[1] & 0x1e, ip[1] & 0xe0, ip[8],
           load_be16(ip + 4));
  const uint16_t fragment = load_be16(ip + 6);
  if (fragment & 0x8000) line.add("CE ");
  if (fragment & 0x4000) line.add("DF ");
  if (fragment & 0x2000) line.add("MF ");
  if (fragment & 0x1fff) line.add("FRAG:{} ", fragment & 0x1fff);
  const uint32_t header_bytes = (ip[0] & 15) * 4u;
  if ((flags & kDumpIpOptions) && header_bytes > 20) {
    const uint8_t* const options = packet.at(offset + 20, header_bytes - 20);
    if (options == nullptr) return line.add("TRUNCATED");
    line.add("OPT (");
    line.add_hex(options, header_bytes - 20, true);
    line.add(") ");
  }
  if (!dump_ipv4_payload(line, packet, ip, offset + header_bytes, outermost, flags)) return;
  if (outermost && packet.mark != 0) line.add("MARK=0x{:x} ", packet.mark);
}

}  // namespace

void dump_packet(DumpLine& line, const Packet& packet, uint8_t flags) {
  if (packet.family == Family::Ipv4) {
    dump_ipv4(line, packet, 0, flags);
  } else {
    dump_ipv6(line, packet, 0, flags);
  }
}

}  // namespace sallyport
