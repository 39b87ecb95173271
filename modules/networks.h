// Options of the modules that name networks: 192.0.2.0/24+2001:db8::/32.
#pragma once

#include <sallyport/address.h>
#include <sallyport/options.h>

#include <algorithm>
#include <string_view>
#include <vector>

inline sallyport::Result<std::vector<sallyport::AddressMask>> read_networks(std::string_view text) {
  using sallyport::Family;
  std::vector<sallyport::AddressMask> all;
  while (true) {
    const size_t end = text.find('+');
    const std::string_view piece = text.substr(0, end);
    const Family family = piece.find(':') == std::string_view::npos ? Family::Ipv4 : Family::Ipv6;
    const auto network = sallyport::parse_address_mask(family, piece);
    if (!network) return std::unexpected(network.error());
    all.push_back(*network);
    if (end == std::string_view::npos) return all;
    text.remove_prefix(end + 1);
  }
}

inline bool any_contains(const std::vector<sallyport::AddressMask>& networks, const sallyport::IpAddress& address) {
  return std::ranges::any_of(networks, [&](const sallyport::AddressMask& network) {
    return network.address.family == address.family && network.contains(address);
  });
}

inline sallyport::OptionSpec networks_option(std::string_view name, std::string_view summary) {
  return {.name = name,
          .kind = sallyport::OptionKind::Custom,
          .hint = "networks with + between",
          .parse = [](std::string_view text, const sallyport::RuleContext&,
                      sallyport::OptionValue& value) -> sallyport::Result<void> {
            value.text = text;
            const auto read = read_networks(text);
            return read ? sallyport::Result<void>{} : std::unexpected(read.error());
          },
          .summary = summary};
}
