// Ethernet frames with right lengths and checksums, for the demo's capture.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "sallyport/address.h"

namespace demo {

using Bytes = std::vector<uint8_t>;
using Mac = std::array<uint8_t, 6>;

// Numbers in network order, appended one after the other.
class Writer {
 public:
  Writer& u8(unsigned value);
  Writer& u16(unsigned value);
  Writer& u24(unsigned value);
  Writer& u32(uint32_t value);
  Writer& text(std::string_view text);
  Writer& bytes(std::span<const uint8_t> bytes);
  Writer& zeros(size_t count);
  // Overwrites two bytes that are there already.
  void set_u16(size_t offset, unsigned value);

  size_t size() const { return bytes_.size(); }
  std::span<const uint8_t> view() const { return bytes_; }
  Bytes take() { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

// Who sends a packet to whom, and how it looks when it reaches the gateway.
struct IpFields {
  sallyport::IpAddress source = {};
  sallyport::IpAddress destination = {};
  uint8_t protocol = 0;
  uint8_t ttl = 64;
  uint16_t identification = 0;  // IPv4 only
  bool dont_fragment = true;    // IPv4 only
};

struct TcpFields {
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
  uint32_t sequence = 0;
  uint32_t acknowledgement = 0;
  uint8_t flags = 0;
  uint16_t window = 502;
  bool syn_options = false;  // MSS, SACK permitted, window scale
  uint16_t mss = 1460;
};

constexpr uint8_t kFin = 0x01;
constexpr uint8_t kSyn = 0x02;
constexpr uint8_t kRst = 0x04;
constexpr uint8_t kPsh = 0x08;
constexpr uint8_t kAck = 0x10;
constexpr uint8_t kUrg = 0x20;

// Each answers an IP packet. `ip.protocol` is set by them.
Bytes tcp_packet(IpFields ip, const TcpFields& tcp, std::span<const uint8_t> payload);
Bytes udp_packet(IpFields ip, uint16_t source_port, uint16_t destination_port, std::span<const uint8_t> payload);
// ICMP or, between IPv6 addresses, ICMPv6. `rest` is the header's second word.
Bytes icmp_packet(IpFields ip, uint8_t type, uint8_t code, uint32_t rest, std::span<const uint8_t> payload);

// An IPv4 packet cut into pieces of at most `mtu` bytes.
std::vector<Bytes> fragments(const Bytes& packet, size_t mtu);

// The frame around an IP packet; padded to the 60 bytes that an Ethernet card hands over at least.
Bytes ethernet(const Mac& source, const Mac& destination, const Bytes& ip_packet);
// "Who has `target`? Tell `sender`".
Bytes arp_request(const Mac& source, const sallyport::IpAddress& sender, const sallyport::IpAddress& target);

}  // namespace demo
