// Community ID, version 1. SHA-1 (RFC 3174) of a message that always fits one block.

#include "event/community_id.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <tuple>
#include <utility>

#include "sallyport/bytes.h"
#include "sallyport/packet.h"

namespace sallyport {
namespace {

constexpr size_t kMostBytes = 2 + 16 + 16 + 2 + 4;
using Digest = std::array<uint32_t, 5>;

std::array<uint32_t, 80> expanded(const uint8_t* block) {
  std::array<uint32_t, 80> words = {};
  for (size_t i = 0; i < 16; ++i) words[i] = load_be32(block + 4 * i);
  for (size_t i = 16; i < 80; ++i) {
    words[i] = std::rotl(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
  }
  return words;
}

// Of at most 55 bytes.
Digest sha1_of_block(const uint8_t* message, size_t size) {
  std::array<uint8_t, 64> block = {};
  std::memcpy(block.data(), message, size);
  block[size] = 0x80;
  store_be32(block.data() + 60, static_cast<uint32_t>(size * 8));
  const auto words = expanded(block.data());
  constexpr Digest kStart = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  auto [a, b, c, d, e] = kStart;
  for (size_t i = 0; i < 80; ++i) {
    uint32_t mixed = 0, constant = 0;
    if (i < 20) {
      mixed = (b & c) | (~b & d), constant = 0x5a827999;
    } else if (i < 40) {
      mixed = b ^ c ^ d, constant = 0x6ed9eba1;
    } else if (i < 60) {
      mixed = (b & c) | (b & d) | (c & d), constant = 0x8f1bbcdc;
    } else {
      mixed = b ^ c ^ d, constant = 0xca62c1d6;
    }
    const uint32_t next = std::rotl(a, 5) + mixed + e + constant + words[i];
    e = d, d = c, c = std::rotl(b, 30), b = a, a = next;
  }
  return {kStart[0] + a, kStart[1] + b, kStart[2] + c, kStart[3] + d, kStart[4] + e};
}

// The type that answers an ICMP type, as the specification pairs them.
struct IcmpPair {
  uint8_t protocol, asks, answers;
};
constexpr IcmpPair kIcmpPairs[] = {
    {kIcmp, 8, 0},      {kIcmp, 13, 14},    {kIcmp, 15, 16},    {kIcmp, 10, 9},
    {kIcmp, 17, 18},    {kIcmp6, 128, 129}, {kIcmp6, 133, 134}, {kIcmp6, 135, 136},
    {kIcmp6, 130, 131}, {kIcmp6, 139, 140}, {kIcmp6, 144, 145},
};

// Puts the answering type in the code's place. False: the type has no answer, and its flow one direction only.
bool pair_up(FlowKey& flow) {
  for (const auto& [protocol, asks, answers] : kIcmpPairs) {
    if (flow.protocol != protocol || (flow.source_port != asks && flow.source_port != answers)) continue;
    flow.destination_port = flow.source_port == asks ? answers : asks;
    return true;
  }
  return false;
}

void append_base64(const uint8_t* bytes, size_t size, std::string& out) {
  constexpr char kLetters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < size; i += 3) {
    uint32_t bits = 0;
    for (size_t k = 0; k < 3; ++k) bits = bits << 8 | (i + k < size ? bytes[i + k] : 0u);
    for (size_t k = 0; k < 4; ++k) out += i + k <= size ? kLetters[bits >> (18 - 6 * k) & 63] : '=';
  }
}

}  // namespace

void append_community_id(const FlowKey& asked, uint16_t seed, std::string& out) {
  FlowKey flow = asked;
  const bool icmp = flow.protocol == kIcmp || flow.protocol == kIcmp6;
  const bool one_way = icmp && flow.has_ports && !pair_up(flow);
  const bool swapped =
      std::tie(flow.destination.bytes, flow.destination_port) < std::tie(flow.source.bytes, flow.source_port);
  if (swapped && !one_way) {
    std::swap(flow.source, flow.destination);
    std::swap(flow.source_port, flow.destination_port);
  }
  std::array<uint8_t, kMostBytes> message = {};
  uint8_t* at = message.data();
  store_be16(at, seed);
  at = std::ranges::copy(flow.source.view(), at + 2).out;
  at = std::ranges::copy(flow.destination.view(), at).out;
  at[0] = flow.protocol;
  at += 2;
  if (flow.has_ports) {
    store_be16(at, flow.source_port);
    store_be16(at + 2, flow.destination_port);
    at += 4;
  }
  const Digest digest = sha1_of_block(message.data(), static_cast<size_t>(at - message.data()));
  std::array<uint8_t, 20> bytes = {};
  for (size_t i = 0; i < digest.size(); ++i) store_be32(bytes.data() + 4 * i, digest[i]);
  out += "1:";
  append_base64(bytes.data(), bytes.size(), out);
}

}  // namespace sallyport
