// The pools of addresses.

#include "kernel/draw.h"

#include <stdexcept>

namespace sallyport::kernel::pool {
namespace {

using Addresses = std::vector<IpAddress>;

Addresses addresses(std::initializer_list<std::string_view> texts) {
  Addresses out;
  for (const std::string_view text : texts) {
    auto address = parse_address(text);
    if (!address) throw std::logic_error(std::string(text));
    out.push_back(*address);
  }
  return out;
}

size_t index(Family family) { return static_cast<size_t>(family); }

}  // namespace

std::span<const IpAddress> hosts(Family family, size_t interface) {
  static const Addresses kHosts[2][3] = {
      {addresses({"10.1.1.5", "10.1.1.6", "10.1.200.9"}),
       addresses({"10.2.1.7", "10.2.1.8", "10.2.77.2", "192.0.2.10", "192.0.2.200"}),
       addresses({"10.3.0.77", "10.3.0.130", "172.16.3.5", "203.0.113.20"})},
      {addresses({"2001:db8:1::5", "2001:db8:1::6", "2001:db8:1::ffff:9"}),
       addresses({"2001:db8:2::7", "2001:db8:2::8", "2001:db8:20::10", "2001:db8:20:1::10"}),
       addresses({"2001:db8:3::77", "2001:db8:3::130", "2001:db8:40::20"})}};
  return kHosts[index(family)][interface];
}

std::span<const IpAddress> own(Family family) {
  static const Addresses kOwn[2] = {
      addresses({"10.1.0.1", "10.2.0.1", "10.3.0.1", "172.16.3.1", "127.0.0.1"}),
      addresses({"2001:db8:1::1", "2001:db8:2::1", "2001:db8:3::1", "fe80::a", "fe80::b", "::1"})};
  return kOwn[index(family)];
}

std::span<const IpAddress> odd(Family family) {
  static const Addresses kOdd[2] = {
      addresses({"10.1.255.255", "10.3.0.255", "10.2.0.0", "255.255.255.255", "224.0.0.1", "224.0.0.251", "239.1.2.3",
                 "0.0.0.0", "0.1.2.3", "127.0.0.9", "240.0.0.1", "8.8.8.8", "198.51.100.7", "198.51.100.70",
                 "198.51.100.140", "169.254.1.1"}),
      addresses({"ff02::1", "ff02::2", "ff01::1", "ff02::1:2", "ff05::1:3", "ff0e::1234", "::", "::ffff:10.1.1.5",
                 "2001:db8:9::1", "2001:db8:1::", "2001:db8:50::1", "2001:db8:51::1", "2001:db8:52::1", "fe80::1",
                 "fe80::1234:5678", "fec0::1", "fd00::1", "2002:a01:105::1"})};
  return kOdd[index(family)];
}

std::span<const IpAddress> all(Family family) {
  static const auto kAll = [](Family which) {
    Addresses out;
    for (size_t interface = 0; interface < 3; ++interface) {
      const auto some = hosts(which, interface);
      // Twice: they are what most packets carry.
      out.insert(out.end(), some.begin(), some.end());
      out.insert(out.end(), some.begin(), some.end());
    }
    for (const auto some : {own(which), odd(which)}) out.insert(out.end(), some.begin(), some.end());
    return out;
  };
  static const Addresses kBoth[2] = {kAll(Family::Ipv4), kAll(Family::Ipv6)};
  return kBoth[index(family)];
}

std::span<const std::array<uint8_t, 6>> macs() {
  static constexpr std::array<uint8_t, 6> kMacs[] = {{0x02, 0, 0, 0, 0x01, 0x01},
                                                     {0x02, 0, 0, 0, 0x01, 0x02},
                                                     {0x00, 0x16, 0x3e, 0xaa, 0xbb, 0xcc},
                                                     {0, 0, 0, 0, 0, 0}};
  return kMacs;
}

}  // namespace sallyport::kernel::pool
