// Packets for tests, written the way one says them: tcp4("192.0.2.1:40000 > 198.51.100.2:80", kSyn).
//
// Every packet is parsed, its checksums are right, and it has no link header. A flow that cannot be read ends the test
// program with a message.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/packet.h"

namespace sallyport::test {

using Bytes = std::vector<uint8_t>;

constexpr uint8_t kFin = 0x01, kSyn = 0x02, kRst = 0x04, kPsh = 0x08, kAck = 0x10, kUrg = 0x20, kEce = 0x40,
                  kCwr = 0x80;

// What the IP header says beside the addresses.
struct IpFields {
  uint8_t ttl = 64;
  uint8_t tos = 0;
  uint16_t identification = 0;
  bool dont_fragment = false;
};

struct TcpFields {
  uint32_t sequence = 1000;
  uint32_t acknowledgement = 0;
  uint16_t window = 64240;
  std::string_view options = {};  // hex; a multiple of four bytes
};

// "ADDRESS:PORT > ADDRESS:PORT"; IPv6 as "[ADDRESS]:PORT > [ADDRESS]:PORT". The number in the name is the family's.
Packet tcp4(std::string_view flow, uint8_t flags, std::string_view payload = {}, const TcpFields& tcp = {},
            const IpFields& ip = {});
Packet tcp6(std::string_view flow, uint8_t flags, std::string_view payload = {}, const TcpFields& tcp = {},
            const IpFields& ip = {});
Packet udp4(std::string_view flow, std::string_view payload = {}, const IpFields& ip = {});
Packet udp6(std::string_view flow, std::string_view payload = {}, const IpFields& ip = {});

// "ADDRESS > ADDRESS"; `rest` is the header's second word (identifier and sequence, MTU, pointer ...).
Packet icmp4(std::string_view flow, uint8_t type, uint8_t code, uint32_t rest = 0, std::string_view payload = {},
             const IpFields& ip = {});
Packet icmp6(std::string_view flow, uint8_t type, uint8_t code, uint32_t rest = 0, std::string_view payload = {},
             const IpFields& ip = {});

// Any protocol: `transport` is all that follows the IP header; its checksum is filled in where the protocol has one.
Packet ip4(std::string_view flow, uint8_t protocol, std::span<const uint8_t> transport, const IpFields& ip = {});
Packet ip6(std::string_view flow, uint8_t protocol, std::span<const uint8_t> transport, const IpFields& ip = {});

// An IPv4 packet with `options` (a multiple of four bytes) put into its header, lengths and checksum anew. Parsed.
Packet with_ip_options(Packet packet, std::span<const uint8_t> options);
// An IPv6 packet with `header`, whole extension headers, put between the fixed header and what followed. `type` is that
// of the first of them; the next-header byte of the last is filled in. Parsed.
Packet with_extension(Packet packet, uint8_t type, std::span<const uint8_t> header);

// "45 00 0014" as bytes; spaces anywhere.
Bytes hex(std::string_view text);
// The other way, without spaces.
std::string to_hex(std::span<const uint8_t> bytes);
// A packet over raw bytes, not parsed. `original_length` beyond their number: cut by a snap length.
Packet raw(std::span<const uint8_t> bytes, uint32_t original_length = 0);
// An Ethernet frame around raw bytes, zero-padded to `least` bytes, not parsed.
Packet ethernet(std::span<const uint8_t> bytes, uint16_t ether_type, size_t least = 60);
Bytes bytes_of(const Packet& packet);

}  // namespace sallyport::test
