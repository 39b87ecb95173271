// Addresses as text: RFC 5952 for IPv6, dotted quads for IPv4.

#include "sallyport/address.h"

#include <arpa/inet.h>

#include <charconv>

#include "sallyport/bytes.h"

namespace sallyport {

IpAddress IpAddress::v4(uint32_t host_order) {
  IpAddress address;
  store_be32(address.bytes.data(), host_order);
  return address;
}

uint32_t IpAddress::v4_number() const { return load_be32(bytes.data()); }

std::string IpAddress::text() const {
  char buffer[INET6_ADDRSTRLEN] = {};
  inet_ntop(family == Family::Ipv4 ? AF_INET : AF_INET6, bytes.data(), buffer, sizeof buffer);
  return buffer;
}

Result<IpAddress> parse_address(Family family, std::string_view text) {
  IpAddress address;
  address.family = family;
  const std::string terminated(text);
  if (inet_pton(family == Family::Ipv4 ? AF_INET : AF_INET6, terminated.c_str(), address.bytes.data()) != 1) {
    return fail("\"" + terminated + "\" is not an " + (family == Family::Ipv4 ? "IPv4" : "IPv6") + " address",
                family == Family::Ipv4 ? "an address such as 192.0.2.1" : "an address such as 2001:db8::1");
  }
  return address;
}

Result<IpAddress> parse_address(std::string_view text) {
  return parse_address(text.find(':') == std::string_view::npos ? Family::Ipv4 : Family::Ipv6, text);
}

IpAddress prefix_mask(Family family, unsigned bits) {
  IpAddress mask;
  mask.family = family;
  for (size_t i = 0; i < address_bytes(family) && bits != 0; ++i) {
    const unsigned here = bits < 8 ? bits : 8;
    mask.bytes[i] = static_cast<uint8_t>(0xff00u >> here);
    bits -= here;
  }
  return mask;
}

int prefix_length(const IpAddress& mask) {
  int bits = 0;
  for (const uint8_t byte : mask.view()) {
    if (byte != 0xff) {
      bits += std::countl_one(byte);
      break;
    }
    bits += 8;
  }
  return prefix_mask(mask.family, static_cast<unsigned>(bits)) == mask ? bits : -1;
}

IpAddress operator&(const IpAddress& a, const IpAddress& b) {
  IpAddress result = a;
  for (size_t i = 0; i < result.bytes.size(); ++i) result.bytes[i] &= b.bytes[i];
  return result;
}

std::string AddressMask::text() const {
  const int bits = prefix_length(mask);
  return address.text() + "/" + (bits >= 0 ? std::to_string(bits) : mask.text());
}

Result<AddressMask> parse_address_mask(Family family, std::string_view text) {
  const size_t slash = text.find('/');
  AddressMask result;
  result.mask = prefix_mask(family, 128);
  if (slash != std::string_view::npos) {
    const std::string_view mask = text.substr(slash + 1);
    unsigned bits = 0;
    const auto [end, problem] = std::from_chars(mask.data(), mask.data() + mask.size(), bits);
    if (problem == std::errc{} && end == mask.data() + mask.size() && bits <= address_bytes(family) * 8) {
      result.mask = prefix_mask(family, bits);
    } else if (auto written = parse_address(family, mask)) {
      result.mask = *written;
    } else {
      return fail("\"" + std::string(mask) + "\" is not a mask",
                  family == Family::Ipv4 ? "/0 to /32 or /255.255.255.0" : "/0 to /128 or /ffff:ffff::");
    }
  }
  auto address = parse_address(family, text.substr(0, slash));
  if (!address) return std::unexpected(address.error());
  result.address = *address & result.mask;
  return result;
}

}  // namespace sallyport
