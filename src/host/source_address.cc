// Which of its own addresses the machine gives a packet that has none yet.
// Counterparts: inet_select_addr() in net/ipv4/devinet.c, ipv6_dev_get_saddr() in net/ipv6/addrconf.c; RFC 6724.

#include <algorithm>
#include <bit>
#include <cstring>
#include <tuple>

#include "host/state.h"

namespace sallyport {
namespace {

using State = HostModel::State;

// RFC 6724 2.1, with the labels that Linux begins with (`ip addrlabel`): {prefix, bits, label}, longest first.
struct Label {
  uint8_t prefix[16];
  uint8_t bits;
  uint8_t label;
};
constexpr Label kLabels[] = {
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128, 0},
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, 4},
    {{}, 96, 3},
    {{0x20, 0x01}, 32, 6},
    {{0x20, 0x01, 0x00, 0x10}, 28, 7},
    {{0x3f, 0xfe}, 16, 12},
    {{0x20, 0x02}, 16, 2},
    {{0xfe, 0xc0}, 10, 11},
    {{0xfc}, 7, 5},
};
constexpr int kLabelOfAllOthers = 1;

unsigned common_bits(const uint8_t* a, const uint8_t* b) {
  for (unsigned i = 0; i < 16; ++i) {
    if (a[i] != b[i]) return i * 8 + static_cast<unsigned>(std::countl_zero(static_cast<uint8_t>(a[i] ^ b[i])));
  }
  return 128;
}

int label_of(const IpAddress& address) {
  for (const Label& known : kLabels) {
    if (common_bits(address.bytes.data(), known.prefix) >= known.bits) return known.label;
  }
  return kLabelOfAllOthers;
}

// RFC 4291 2.7: multicast addresses say their scope; the others are compared with those. ::1 counts as of the link
// (RFC 6724 3.4).
constexpr int kScopeLink = 2, kScopeSite = 5, kScopeGlobal = 14;

int scope_of(const IpAddress& address) {
  const uint8_t* b = address.bytes.data();
  if (address.is_unspecified()) return 0;
  if (b[0] == 0xff) return b[1] & 15;
  if (b[0] == 0xfe && (b[1] & 0xc0) == 0x80) return kScopeLink;
  if (b[0] == 0xfe && (b[1] & 0xc0) == 0xc0) return kScopeSite;
  constexpr uint8_t kLocalhost[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return std::memcmp(b, kLocalhost, 16) == 0 ? kScopeLink : kScopeGlobal;
}

bool is_orchid(const IpAddress& address) {
  const uint8_t* b = address.bytes.data();
  return b[0] == 0x20 && b[1] == 0x01 && b[2] == 0x00 && (b[3] & 0xf0) == 0x10;
}

// Higher is better, the members in the order in which they decide.
using Score = std::tuple<bool, int, bool, bool, bool, unsigned>;

Score score_of(const SourceCandidate& candidate, InterfaceId out, const IpAddress& to) {
  const int wanted = scope_of(to);
  const int scope = scope_of(candidate.address);
  // The smallest scope that suffices; among those that do not, the largest.
  const int fitness = scope >= wanted ? -scope : scope - 128;
  const unsigned shared = common_bits(candidate.address.bytes.data(), to.bytes.data());
  return {candidate.address == to,
          fitness,
          candidate.on == out,
          label_of(candidate.address) == label_of(to),
          is_orchid(candidate.address) == is_orchid(to),
          std::min(shared, unsigned{candidate.prefix_bits})};
}

}  // namespace

IpAddress select_source_ipv4(const State& state, InterfaceId out, const IpAddress& gateway, bool host_scope) {
  const bool matched = gateway.family == Family::Ipv4 && !gateway.is_unspecified();
  const InterfaceAddress* first = nullptr;
  for (const InterfaceAddress& own : state.primaries4[out]) {
    if (!host_scope && own.address.bytes[0] == 127) continue;
    const IpAddress mask = prefix_mask(Family::Ipv4, own.prefix_bits);
    if (!matched || (own.address & mask) == (gateway & mask)) return own.address;
    if (first == nullptr) first = &own;
  }
  return first != nullptr ? first->address : state.fallback_source4;
}

IpAddress select_source_ipv6(const State& state, InterfaceId out, const IpAddress& destination) {
  const bool near = scope_of(destination) <= kScopeLink || destination.bytes[0] == 0xff;
  const bool only_own = near || state.settings[out].own_addresses_only;
  const SourceCandidate* best = nullptr;
  Score best_score = {};
  for (const SourceCandidate& candidate : state.candidates) {
    if (only_own && candidate.on != out) continue;
    if (candidate.address.is_unspecified() || candidate.address.bytes[0] == 0xff) continue;
    const Score score = score_of(candidate, out, destination);
    if (best != nullptr && score <= best_score) continue;
    best = &candidate;
    best_score = score;
  }
  return best == nullptr ? IpAddress{.family = Family::Ipv6} : best->address;
}

}  // namespace sallyport
