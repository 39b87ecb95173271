// The IPv6 half of LOG and TRACE lines: the header, the chain of extension headers, ICMPv6 with the packet that an
// error quotes. Counterpart: net/netfilter/nf_log_syslog.c.

#include "wire/packet_dump_parts.h"

namespace sallyport {
namespace {

constexpr uint8_t kUnreachable = 1, kTooBig = 2, kParameterProblem = 4, kEcho = 128, kEchoReply = 129;

void dump_address(DumpLine& line, const uint8_t* bytes) {
  for (int i = 0; i < 16; i += 2) {
    line.add_hex(bytes + i, 2, false);
    if (i != 14) line.add(":");
  }
}

bool is_extension(uint8_t header) {
  return header == kHopByHop || header == kRouting || header == kFragment || header == kAh || header == kEsp ||
         header == kDestinationOptions;
}

// Where the walk along the extension headers stands.
struct Walk {
  uint8_t header;
  uint32_t offset;
  bool later_fragment = false;
};

// Answers the header's length, or 0 where the dump ends.
uint32_t dump_fragment_header(DumpLine& line, const Packet& packet, Walk& walk) {
  line.add("FRAG:");
  const uint8_t* const fragment = packet.at(walk.offset, 8);
  if (fragment == nullptr) {
    line.add("TRUNCATED ");
    return 0;
  }
  const uint16_t word = load_be16(fragment + 2);
  line.add("{} ", word & 0xfff8);
  if (word & 1) line.add("INCOMPLETE ");
  line.add("ID:{:08x} ", load_be32(fragment + 4));
  if (word & 0xfff8) walk.later_fragment = true;
  return 8;
}

uint32_t dump_authentication(DumpLine& line, const Packet& packet, const Walk& walk, uint32_t length, uint8_t flags) {
  if (!(flags & kDumpIpOptions)) return length;
  line.add("AH ");
  if (walk.later_fragment) {
    line.add(")");
    return 0;
  }
  const uint8_t* const header = packet.at(walk.offset, 12);
  if (header == nullptr) {
    line.add("INCOMPLETE [{} bytes] )", packet.captured() - walk.offset);
    return 0;
  }
  line.add("SPI=0x{:x} ", load_be32(header + 4));
  return length;
}

void dump_encrypted(DumpLine& line, const Packet& packet, const Walk& walk, uint8_t flags) {
  if (!(flags & kDumpIpOptions)) return;
  line.add("ESP ");
  const uint8_t* const header = packet.at(walk.offset, 8);
  if (walk.later_fragment) {
    line.add(")");
  } else if (header == nullptr) {
    line.add("INCOMPLETE [{} bytes] )", packet.captured() - walk.offset);
  } else {
    line.add("SPI=0x{:x} )", load_be32(header));
  }
}

// One extension header. Answers its length, or 0 where the dump ends.
uint32_t dump_extension(DumpLine& line, const Packet& packet, Walk& walk, const uint8_t* header, uint8_t flags) {
  switch (walk.header) {
    case kFragment:
      return dump_fragment_header(line, packet, walk);
    case kAh:
      return dump_authentication(line, packet, walk, (header[1] + 2u) * 4, flags);
    case kEsp:
      dump_encrypted(line, packet, walk, flags);
      return 0;
    default:
      if (!walk.later_fragment) return (header[1] + 1u) * 8;
      if (flags & kDumpIpOptions) line.add(")");
      return 0;
  }
}

// False: the dump ends within the chain. Each header has 8 bytes at least, so the packet's length bounds the walk.
bool dump_extensions(DumpLine& line, const Packet& packet, Walk& walk, uint8_t flags) {
  while (is_extension(walk.header)) {
    const uint8_t* const header = packet.at(walk.offset, 2);
    if (header == nullptr) {
      line.add("TRUNCATED");
      return false;
    }
    if (flags & kDumpIpOptions) line.add("OPT ( ");
    const uint32_t length = dump_extension(line, packet, walk, header, flags);
    if (length == 0) return false;
    if (flags & kDumpIpOptions) line.add(") ");
    walk.header = header[0];
    walk.offset += length;
  }
  return true;
}

// False: the header is cut, and nothing more is said of the packet.
bool dump_icmp6(DumpLine& line, const Packet& packet, const Walk& walk, bool outermost, uint8_t flags) {
  line.add("PROTO=ICMPv6 ");
  if (walk.later_fragment) return true;
  const uint8_t* const icmp = packet.at(walk.offset, 8);
  if (icmp == nullptr) {
    dump_incomplete(line, packet, walk.offset);
    return false;
  }
  const uint8_t type = icmp[0];
  line.add("TYPE={} CODE={} ", type, icmp[1]);
  if (type == kEcho || type == kEchoReply) {
    line.add("ID={} SEQ={} ", load_be16(icmp + 4), load_be16(icmp + 6));
    return true;
  }
  if (type == kParameterProblem) line.add("POINTER={:08x} ", load_be32(icmp + 4));
  if (type < kUnreachable || type > kParameterProblem) return true;
  if (outermost) {  // only one level of quoting is followed
    line.add("[");
    dump_ipv6(line, packet, walk.offset + 8, flags);
    line.add("] ");
  }
  if (type == kTooBig) line.add("MTU={} ", load_be32(icmp + 4));
  return true;
}

}  // namespace

void dump_ipv6(DumpLine& line, const Packet& packet, uint32_t offset, uint8_t flags) {
  const uint8_t* const ip = packet.at(offset, 40);
  if (ip == nullptr) return line.add("TRUNCATED");
  const bool outermost = offset == 0;
  line.add("SRC=");
  dump_address(line, ip + 8);
  line.add(" DST=");
  dump_address(line, ip + 24);
  const uint32_t word = load_be32(ip);
  line.add(" LEN={} TC={} HOPLIMIT={} FLOWLBL={} ", load_be16(ip + 4) + 40u, (word >> 20) & 0xff, ip[7],
           word & 0xfffff);
  Walk walk{.header = ip[6], .offset = offset + 40};
  if (!dump_extensions(line, packet, walk, flags)) return;
  const bool whole = walk.header == kIcmp6
                         ? dump_icmp6(line, packet, walk, outermost, flags)
                         : dump_transport(line, packet, walk.header, walk.later_fragment, walk.offset, flags);
  if (whole && outermost && packet.mark != 0) line.add("MARK=0x{:x} ", packet.mark);
}

}  // namespace sallyport
