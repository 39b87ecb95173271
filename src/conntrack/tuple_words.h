// A tuple as machine words: how the connection table compares and hashes it.
//
// Words are loaded from a packet, not put together field by field: a word that is read back right behind the narrower
// stores that made it waits for all of them.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include "conntrack/tuple.h"
#include "sallyport/connection.h"
#include "wire/siphash.h"

namespace sallyport {

// The bytes of a PackedTuple<N>. `ids`, from its low end: source_id, destination_id, zone, protocol, family.
template <size_t N>
struct TupleWords {
  std::array<uint64_t, N / 4> addresses = {};
  uint64_t ids = 0;

  bool operator==(const TupleWords&) const = default;
};
static_assert(sizeof(TupleWords<4>) == sizeof(PackedTuple<4>) && sizeof(TupleWords<16>) == sizeof(PackedTuple<16>));

constexpr Family family_of_size(size_t bytes) { return bytes == 4 ? Family::Ipv4 : Family::Ipv6; }

template <size_t N>
TupleWords<N> words_of(const PackedTuple<N>& tuple) {
  return std::bit_cast<TupleWords<N>>(tuple);
}
// Of a tuple of the family that has addresses of N bytes.
template <size_t N>
TupleWords<N> words_of(const Tuple& tuple) {
  PackedTuple<N> packed = {.source_id = tuple.source_id,
                           .destination_id = tuple.destination_id,
                           .zone = tuple.zone,
                           .protocol = tuple.protocol,
                           .family = tuple.family};
  std::memcpy(packed.source.data(), tuple.source.data(), N);
  std::memcpy(packed.destination.data(), tuple.destination.data(), N);
  return words_of(packed);
}

template <size_t N>
Tuple tuple_from(const TupleWords<N>& words) {
  const auto packed = std::bit_cast<PackedTuple<N>>(words);
  Tuple tuple;
  std::memcpy(tuple.source.data(), packed.source.data(), N);
  std::memcpy(tuple.destination.data(), packed.destination.data(), N);
  tuple.source_id = packed.source_id;
  tuple.destination_id = packed.destination_id;
  tuple.zone = packed.zone;
  tuple.protocol = packed.protocol;
  tuple.family = packed.family;
  return tuple;
}

template <size_t N>
TupleWords<N> in_zone(TupleWords<N> words, uint16_t zone) {
  constexpr int kZone = 32;
  words.ids = (words.ids & ~(uint64_t{0xffff} << kZone)) | uint64_t{zone} << kZone;
  return words;
}
template <size_t N>
uint8_t protocol_of(const TupleWords<N>& words) {
  return static_cast<uint8_t>(words.ids >> 48);
}

// Source and destination exchanged, whatever the ids mean.
template <size_t N>
TupleWords<N> turned_round(const TupleWords<N>& words) {
  TupleWords<N> other;
  if constexpr (N == 4) {
    other.addresses[0] = std::rotl(words.addresses[0], 32);
  } else {
    other.addresses = {words.addresses[2], words.addresses[3], words.addresses[0], words.addresses[1]};
  }
  other.ids = (words.ids & ~uint64_t{0xffffffff}) | std::rotl(static_cast<uint32_t>(words.ids), 16);
  return other;
}

// The one of the two that sorts first. Two directions that are each other turned round have it in common.
template <size_t N>
TupleWords<N> either_way(const TupleWords<N>& words) {
  const TupleWords<N> other = turned_round(words);
  uint64_t mine = words.addresses[0], others = other.addresses[0];
  if constexpr (N == 16) {
    const bool tied = mine == others;
    mine = tied ? words.addresses[1] : mine;
    others = tied ? other.addresses[1] : others;
  }
  // Which one it is cannot be foreseen, so nothing branches on it.
  const bool tied = mine == others;
  const bool swap = (tied & (static_cast<uint32_t>(other.ids) < static_cast<uint32_t>(words.ids))) | (others < mine);
  const uint64_t mask = -uint64_t{swap};
  TupleWords<N> first;
  for (size_t i = 0; i < words.addresses.size(); ++i) {
    first.addresses[i] = words.addresses[i] ^ ((words.addresses[i] ^ other.addresses[i]) & mask);
  }
  first.ids = words.ids ^ ((words.ids ^ other.ids) & mask);
  return first;
}

// The same for both directions of a connection that no address translation touched. Of the bytes the family is left
// out, which the length tells.
template <size_t N>
uint32_t hash_of(const TupleWords<N>& words, const SipHashKey& key) {
  const TupleWords<N> first = either_way(words);
  return static_cast<uint32_t>(siphash13(first.addresses, first.ids, key));
}

// The words of the tuple that answers have. None where there can be none.
template <size_t N>
std::optional<TupleWords<N>> inverted(const TupleWords<N>& words) {
  const uint8_t protocol = protocol_of(words);
  if (protocol != kIcmp && protocol != kIcmp6) [[likely]]
    return turned_round(words);
  const auto other = inverted(tuple_from(words));
  if (!other) return std::nullopt;
  return words_of<N>(*other);
}

// A packet's tuple in zone 0. None where it shows none: a later fragment, a header that is cut off. Inlined by force:
// returned, it would go through memory.
template <size_t N>
[[gnu::always_inline]] inline std::optional<TupleWords<N>> words_of(const Packet& packet) {
  const bool ports = packet.protocol == kTcp || packet.protocol == kUdp;
  const uint8_t* header = packet.transport(4);
  if (!ports || header == nullptr) [[unlikely]] {
    const auto tuple = tuple_of(packet, 0);
    if (!tuple) return std::nullopt;
    return words_of<N>(*tuple);
  }
  TupleWords<N> words;
  // Source and destination stand next to each other in either header.
  std::memcpy(words.addresses.data(), packet.source_bytes(), sizeof words.addresses);
  words.ids = uint64_t{load_be16(header)} | uint64_t{load_be16(header + 2)} << 16 | uint64_t{packet.protocol} << 48 |
              uint64_t{static_cast<uint8_t>(family_of_size(N))} << 56;
  return words;
}

}  // namespace sallyport
