// What helpers share that read text.
#pragma once

#include <arpa/inet.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "conntrack/digit.h"
#include "sallyport/packet.h"

namespace sallyport {

using PayloadText = std::span<const uint8_t>;

// As the kernel has it, in ISO 8859-1.
constexpr bool is_letter(uint8_t letter) {
  const uint8_t lower = letter | 0x20;
  return (lower >= 'a' && lower <= 'z') || (letter >= 0xc0 && letter != 0xd7 && letter != 0xf7);
}

constexpr bool is_hex(uint8_t letter) {
  const uint8_t lower = letter | 0x20;
  return is_digit(letter) || (lower >= 'a' && lower <= 'f');
}

// The whole text as an IPv6 address, before whose groups there may be more zeros than others allow, as in the kernel.
inline bool read_ipv6_text(PayloadText text, uint8_t* bytes) {
  constexpr size_t kLongest = 45, kMostDigits = 4;
  char written[kLongest + 1] = {};
  size_t size = 0;
  for (size_t at = 0; at < text.size();) {
    size_t end = at;
    while (end < text.size() && is_hex(text[end])) ++end;
    while (end - at > kMostDigits && text[at] == '0') ++at;
    if (end == at) ++end;  // what stands between groups
    if (size + (end - at) > kLongest) return false;
    std::memcpy(written + size, text.data() + at, end - at);
    size += end - at;
    at = end;
  }
  return size != 0 && inet_pton(AF_INET6, written, bytes) == 1;
}

// Whether the text begins with the word, in upper or lower case.
inline bool begins_with_word(PayloadText text, std::string_view word) {
  const auto lower = [](uint8_t letter) { return letter >= 'A' && letter <= 'Z' ? letter | 0x20 : int{letter}; };
  return text.size() >= word.size() && std::equal(word.begin(), word.end(), text.begin(), [&](char a, uint8_t b) {
           return lower(static_cast<uint8_t>(a)) == lower(b);
         });
}

// Just so.
inline bool begins_with(PayloadText text, std::string_view word) {
  return text.size() >= word.size() && std::equal(word.begin(), word.end(), text.begin(),
                                                  [](char a, uint8_t b) { return static_cast<uint8_t>(a) == b; });
}

// The whole payload behind a TCP header; empty where there is none or the capture cut it.
inline PayloadText tcp_payload(const Packet& packet) {
  const uint8_t* header = packet.transport(20);
  if (header == nullptr) return {};
  const uint32_t header_bytes = (header[12] >> 4) * 4u;
  const uint32_t whole = packet.transport_length();
  if (header_bytes < 20 || whole <= header_bytes) return {};
  const uint8_t* segment = packet.transport(whole);
  return segment != nullptr ? PayloadText(segment + header_bytes, whole - header_bytes) : PayloadText();
}

// All that follows a UDP header, whatever its own length says.
inline PayloadText udp_payload(const Packet& packet) {
  constexpr uint32_t kHeader = 8;
  const uint32_t whole = packet.transport_length();
  if (whole <= kHeader) return {};
  const uint8_t* datagram = packet.transport(whole);
  return datagram != nullptr ? PayloadText(datagram + kHeader, whole - kHeader) : PayloadText();
}

}  // namespace sallyport
