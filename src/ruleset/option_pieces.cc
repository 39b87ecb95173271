// Pieces of option texts that several extensions share.

#include "sallyport/option_pieces.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace sallyport {

std::vector<std::string_view> comma_separated(std::string_view text) {
  std::vector<std::string_view> words;
  while (true) {
    const size_t comma = text.find(',');
    words.push_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return words;
    text.remove_prefix(comma + 1);
  }
}

Result<IpAddress> parse_loose_address(Family family, std::string_view text) {
  in_addr address = {};
  const std::string terminated(text);
  const bool is_short = family == Family::Ipv4 && text.find_first_of(" \t") == std::string_view::npos;
  if (is_short && inet_aton(terminated.c_str(), &address) != 0) return IpAddress::v4(ntohl(address.s_addr));
  return parse_address(family, text);
}

Result<std::optional<uint8_t>> parse_prefix_length(Family family, std::string_view text) {
  const unsigned longest = family == Family::Ipv4 ? 32 : 128;
  if (const auto bits = parse_number(text)) {
    if (*bits <= longest) return static_cast<uint8_t>(*bits);
  }
  const auto mask = parse_loose_address(family, text);
  if (!mask) {
    return fail(fmt::format("\"{}\" is not a mask", text), fmt::format("0 to {}, or a mask as an address", longest));
  }
  const int length = prefix_length(*mask);
  return length < 0 ? std::nullopt : std::optional(static_cast<uint8_t>(length));
}

Result<AddressMask> parse_host_mask(Family family, std::string_view text) {
  const size_t slash = text.find('/');
  auto address = parse_loose_address(family, text.substr(0, slash));
  if (!address) return std::unexpected(address.error());
  AddressMask host{*address, prefix_mask(family, 128)};
  if (slash == std::string_view::npos) return host;
  const auto bits = parse_prefix_length(family, text.substr(slash + 1));
  if (!bits) return std::unexpected(bits.error());
  if (*bits) host.mask = prefix_mask(family, **bits);
  return host;
}

void print_host_mask(const AddressMask& host, std::string& out) {
  out += ' ' + host.address.text();
  const int bits = prefix_length(host.mask);
  if (static_cast<size_t>(bits) != address_bytes(host.mask.family) * 8) out += fmt::format("/{}", bits);
}

std::optional<uint16_t> parse_wrapping_port(std::string_view text, uint8_t protocol) {
  if (text.empty()) return std::nullopt;
  if (std::ranges::all_of(text, [](char letter) { return letter >= '0' && letter <= '9'; })) {
    uint64_t number = UINT64_MAX;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return static_cast<uint16_t>(number);
  }
  if (parse_number(text)) return std::nullopt;
  return parse_port(text, protocol);
}

std::optional<uint8_t> parse_spelled_protocol(std::string_view text) {
  const auto is_upper = [](char letter) { return letter >= 'A' && letter <= 'Z'; };
  const auto is_lower = [](char letter) { return letter >= 'a' && letter <= 'z'; };
  const bool mixed = std::ranges::any_of(text, is_upper) && std::ranges::any_of(text, is_lower);
  // All others have their name in capitals as an alias there.
  if (text == "ALL" || text == "AH" || text == "ESP" || (mixed && !parse_number(text))) return std::nullopt;
  return parse_protocol(text);
}

void print_plain(const OptionValue& value, const RuleContext&, std::string& out) { out += ' ' + value.text; }

bool is_proc_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string_view::npos;
}

}  // namespace sallyport
