// What the router answered lately for packets that came in. The same question has the same answer as long as the host
// model stands, which is constant; so the key is the whole question, and forgetting an answer costs only time.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

#include "sallyport/host.h"
#include "sallyport/packet.h"

namespace sallyport {

// Of a route, what the path of a packet needs.
struct NextHop {
  RouteType type = RouteType::None;
  InterfaceId out = kNoInterface;
  bool martian = false;
  uint32_t mtu = 0;
};

// Bounded: each question has one place, and a newer one takes it. Addresses that an attacker chooses to collide get the
// slow answer, as they would without a cache. One thread.
class RouteCache {
 public:
  RouteCache() : ipv4_(kPlaces), ipv6_(kPlaces) {}

  NextHop find(const Router& router, const Packet& packet) {
    return packet.family == Family::Ipv4 ? find_in(ipv4_, router, packet) : find_in(ipv6_, router, packet);
  }

 private:
  static constexpr unsigned kPlaceBits = 9;
  static constexpr size_t kPlaces = size_t{1} << kPlaceBits;

  // Both addresses stand next to each other in either header. An empty place has no interface, which nothing asks for.
  template <size_t kWords>
  struct Place {
    std::array<uint64_t, kWords> addresses = {};
    uint64_t other = 0;
    NextHop answer = {};
  };

  template <size_t kWords>
  static NextHop find_in(std::vector<Place<kWords>>& places, const Router& router, const Packet& packet) {
    std::array<uint64_t, kWords> addresses;
    std::memcpy(addresses.data(), packet.source_bytes(), sizeof addresses);
    const uint64_t other = uint64_t{packet.in} << 48 | uint64_t{packet.tos()} << 32 | packet.mark;
    uint64_t mixed = other;
    for (const uint64_t word : addresses) mixed = (mixed ^ word) * 0x9e3779b97f4a7c15u;
    Place<kWords>& place = places[mixed >> (64 - kPlaceBits)];
    uint64_t difference = place.other ^ other;
    for (size_t i = 0; i < kWords; ++i) difference |= place.addresses[i] ^ addresses[i];
    if (difference != 0) [[unlikely]] {
      place = {addresses, other, ask(router, packet)};
    }
    return place.answer;
  }

  static NextHop ask(const Router& router, const Packet& packet) {
    const Route route = router.route({.destination = packet.destination(),
                                      .source = packet.source(),
                                      .in = packet.in,
                                      .mark = packet.mark,
                                      .tos = packet.tos()});
    return {route.type, route.out, route.martian, route.mtu};
  }

  std::vector<Place<1>> ipv4_;
  std::vector<Place<4>> ipv6_;
};

}  // namespace sallyport
