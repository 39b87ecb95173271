// Packets for tests.

#include "support/packets.h"

#include <cstdio>
#include <cstdlib>
#include <string>

#include "wire/build.h"
#include "wire/checksum.h"
#include "wire/parse.h"

namespace sallyport::test {
namespace {

constexpr std::string_view kArrow = " > ";

[[noreturn]] void give_up(std::string_view what, std::string_view text) {
  std::fprintf(stderr, "tests/support/packets: %.*s: \"%.*s\"\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(text.size()), text.data());
  std::abort();
}

struct End {
  IpAddress address;
  uint16_t port = 0;
};

// "ADDRESS", "ADDRESS:PORT", "[ADDRESS]:PORT".
End read_end(Family family, std::string_view text, bool with_port) {
  End end;
  std::string_view address = text;
  if (with_port) {
    const size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) give_up("no port", text);
    end.port = static_cast<uint16_t>(std::strtoul(std::string(text.substr(colon + 1)).c_str(), nullptr, 10));
    address = text.substr(0, colon);
  }
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  const auto parsed = parse_address(family, address);
  if (!parsed) give_up(parsed.error().what, text);
  end.address = *parsed;
  return end;
}

struct Flow {
  End from;
  End to;
};

Flow read_flow(Family family, std::string_view text, bool with_ports) {
  const size_t arrow = text.find(kArrow);
  if (arrow == std::string_view::npos) give_up("no \" > \" in flow", text);
  return {read_end(family, text.substr(0, arrow), with_ports),
          read_end(family, text.substr(arrow + kArrow.size()), with_ports)};
}

Packet build(const Flow& flow, uint8_t protocol, std::span<const uint8_t> transport, const IpFields& ip) {
  Packet packet = build_packet({.source = flow.from.address,
                                .destination = flow.to.address,
                                .protocol = protocol,
                                .ttl = ip.ttl,
                                .tos = ip.tos,
                                .dont_fragment = ip.dont_fragment,
                                .identification = ip.identification},
                               transport);
  if (const Malformed reason = parse(packet); reason != Malformed::None) give_up("malformed", malformed_name(reason));
  return packet;
}

void append(Bytes& bytes, std::string_view text) { bytes.insert(bytes.end(), text.begin(), text.end()); }

Packet tcp(Family family, std::string_view flow, uint8_t flags, std::string_view payload, const TcpFields& fields,
           const IpFields& ip) {
  const Flow ends = read_flow(family, flow, true);
  const Bytes options = hex(fields.options);
  Bytes segment(20);
  store_be16(&segment[0], ends.from.port);
  store_be16(&segment[2], ends.to.port);
  store_be32(&segment[4], fields.sequence);
  store_be32(&segment[8], fields.acknowledgement);
  segment[12] = static_cast<uint8_t>((5 + options.size() / 4) << 4);
  segment[13] = flags;
  store_be16(&segment[14], fields.window);
  segment.insert(segment.end(), options.begin(), options.end());
  append(segment, payload);
  return build(ends, kTcp, segment, ip);
}

Packet udp(Family family, std::string_view flow, std::string_view payload, const IpFields& ip) {
  const Flow ends = read_flow(family, flow, true);
  Bytes datagram(8);
  store_be16(&datagram[0], ends.from.port);
  store_be16(&datagram[2], ends.to.port);
  store_be16(&datagram[4], static_cast<uint16_t>(8 + payload.size()));
  append(datagram, payload);
  return build(ends, kUdp, datagram, ip);
}

Packet icmp(Family family, std::string_view flow, uint8_t type, uint8_t code, uint32_t rest, std::string_view payload,
            const IpFields& ip) {
  Bytes message = {type, code, 0, 0, 0, 0, 0, 0};
  store_be32(&message[4], rest);
  append(message, payload);
  return build(read_flow(family, flow, false), family == Family::Ipv4 ? kIcmp : kIcmp6, message, ip);
}

Packet reparsed(std::span<const uint8_t> bytes) {
  Packet packet = raw(bytes);
  if (const Malformed reason = parse(packet); reason != Malformed::None) give_up("malformed", malformed_name(reason));
  return packet;
}

}  // namespace

Packet tcp4(std::string_view flow, uint8_t flags, std::string_view payload, const TcpFields& fields,
            const IpFields& ip) {
  return tcp(Family::Ipv4, flow, flags, payload, fields, ip);
}
Packet tcp6(std::string_view flow, uint8_t flags, std::string_view payload, const TcpFields& fields,
            const IpFields& ip) {
  return tcp(Family::Ipv6, flow, flags, payload, fields, ip);
}
Packet udp4(std::string_view flow, std::string_view payload, const IpFields& ip) {
  return udp(Family::Ipv4, flow, payload, ip);
}
Packet udp6(std::string_view flow, std::string_view payload, const IpFields& ip) {
  return udp(Family::Ipv6, flow, payload, ip);
}
Packet icmp4(std::string_view flow, uint8_t type, uint8_t code, uint32_t rest, std::string_view payload,
             const IpFields& ip) {
  return icmp(Family::Ipv4, flow, type, code, rest, payload, ip);
}
Packet icmp6(std::string_view flow, uint8_t type, uint8_t code, uint32_t rest, std::string_view payload,
             const IpFields& ip) {
  return icmp(Family::Ipv6, flow, type, code, rest, payload, ip);
}
Packet ip4(std::string_view flow, uint8_t protocol, std::span<const uint8_t> transport, const IpFields& ip) {
  return build(read_flow(Family::Ipv4, flow, false), protocol, transport, ip);
}
Packet ip6(std::string_view flow, uint8_t protocol, std::span<const uint8_t> transport, const IpFields& ip) {
  return build(read_flow(Family::Ipv6, flow, false), protocol, transport, ip);
}

Packet with_ip_options(Packet packet, std::span<const uint8_t> options) {
  Bytes bytes = bytes_of(packet);
  bytes.insert(bytes.begin() + 20, options.begin(), options.end());
  bytes[0] = static_cast<uint8_t>(bytes[0] + options.size() / 4);
  store_be16(&bytes[2], static_cast<uint16_t>(bytes.size()));
  store_be16(&bytes[10], 0);
  store_be16(&bytes[10], checksum({bytes.data(), (bytes[0] & 15) * 4u}));
  return reparsed(bytes);
}

Packet with_extension(Packet packet, uint8_t type, std::span<const uint8_t> header) {
  Bytes bytes = bytes_of(packet);
  const uint8_t next = bytes[6];
  bytes.insert(bytes.begin() + 40, header.begin(), header.end());
  uint8_t* last = &bytes[40];
  bytes[6] = type;
  for (size_t at = 40; at < 40 + header.size();) {
    last = &bytes[at];
    at += type == kFragment ? 8 : type == kAh ? (last[1] + 2u) * 4 : (last[1] + 1u) * 8;
    type = *last;
  }
  *last = next;
  store_be16(&bytes[4], static_cast<uint16_t>(bytes.size() - 40));
  return reparsed(bytes);
}

Bytes hex(std::string_view text) {
  Bytes bytes;
  int digits = 0;
  for (const char c : text) {
    if (c == ' ' || c == '\n') continue;
    const size_t value = std::string_view("0123456789abcdef").find(c);
    if (value == std::string_view::npos) give_up("not a hex digit", text);
    if (digits++ % 2 == 0) bytes.push_back(0);
    bytes.back() = static_cast<uint8_t>(bytes.back() << 4 | value);
  }
  return bytes;
}

std::string to_hex(std::span<const uint8_t> bytes) {
  std::string text;
  for (const uint8_t byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

Packet raw(std::span<const uint8_t> bytes, uint32_t original_length) {
  Packet packet;
  packet.assign(bytes, 0);
  if (original_length != 0) packet.link_original_length = original_length;
  return packet;
}

Packet ethernet(std::span<const uint8_t> bytes, uint16_t ether_type, size_t least) {
  Bytes frame = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0, 0};
  store_be16(&frame[12], ether_type);
  frame.insert(frame.end(), bytes.begin(), bytes.end());
  if (frame.size() < least) frame.resize(least);
  Packet packet;
  packet.assign(frame, 14);
  packet.link_type = 1;
  return packet;
}

Bytes bytes_of(const Packet& packet) { return {packet.bytes().begin(), packet.bytes().end()}; }

}  // namespace sallyport::test
