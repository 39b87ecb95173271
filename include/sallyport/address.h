// IP addresses of both families in one type, and addresses under a mask.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "sallyport/result.h"

namespace sallyport {

enum class Family : uint8_t { Ipv4 = 0, Ipv6 = 1 };

constexpr size_t address_bytes(Family family) { return family == Family::Ipv4 ? 4 : 16; }

// An address of either family. Bytes in network order; those past the family's size are zero, so that whole-object
// comparison is right. Trivially copyable.
struct IpAddress {
  std::array<uint8_t, 16> bytes = {};
  Family family = Family::Ipv4;

  static IpAddress from(Family family, const uint8_t* network_order) {
    IpAddress address;
    address.family = family;
    std::memcpy(address.bytes.data(), network_order, address_bytes(family));
    return address;
  }
  // The host-order IPv4 number; 0 of an IPv6 address has no meaning.
  static IpAddress v4(uint32_t host_order);
  uint32_t v4_number() const;

  std::span<const uint8_t> view() const { return {bytes.data(), address_bytes(family)}; }
  bool is_unspecified() const { return bytes == std::array<uint8_t, 16>{}; }

  // Dotted quad, or the RFC 5952 form.
  std::string text() const;

  auto operator<=>(const IpAddress&) const = default;
  bool operator==(const IpAddress&) const = default;
};

// Reads a numeric address of the family; no names are looked up.
Result<IpAddress> parse_address(Family family, std::string_view text);
// Either family, told by a colon.
Result<IpAddress> parse_address(std::string_view text);

// The mask with the first `bits` bits set; bits up to 32 or 128.
IpAddress prefix_mask(Family family, unsigned bits);
// The length of a contiguous mask, or -1.
int prefix_length(const IpAddress& mask);
IpAddress operator&(const IpAddress& a, const IpAddress& b);

// ADDRESS under MASK. The mask need not be contiguous (iptables allows that).
struct AddressMask {
  IpAddress address = {};
  IpAddress mask = {};

  bool contains(const IpAddress& candidate) const { return (candidate & mask) == address; }
  // "192.0.2.0/24"; a mask that is not contiguous is written out.
  std::string text() const;
  bool operator==(const AddressMask&) const = default;
};

// "ADDRESS", "ADDRESS/BITS" or "ADDRESS/MASK"; bits outside the mask are cleared, as iptables does.
Result<AddressMask> parse_address_mask(Family family, std::string_view text);

}  // namespace sallyport
