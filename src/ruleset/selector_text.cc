// The parts of a rule that need no -m, as text.

#include "ruleset/selector_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport {
namespace {

// iptables completes a short IPv4 address with zeros.
std::string completed(Family family, std::string_view text) {
  const size_t slash = std::min(text.find('/'), text.size());
  std::string address(text.substr(0, slash));
  const bool numeric = !address.empty() && address.find_first_not_of("0123456789.") == std::string::npos;
  if (family == Family::Ipv4 && numeric) {
    for (auto dots = std::ranges::count(address, '.'); dots < 3; ++dots) address += ".0";
  }
  return address + std::string(text.substr(slash));
}

void print_address(const std::optional<AddressMask>& address, bool inverted, char letter, std::string& out) {
  if (!address || (address->mask.is_unspecified() && !inverted)) return;
  if (inverted) out += " !";
  out += fmt::format(" -{} {}", letter, address->text());
}

void print_interface(const InterfacePattern& pattern, char letter, std::string& out) {
  if (pattern.text.empty() || pattern.mask[0] == 0) return;
  if (pattern.inverted) out += " !";
  out += fmt::format(" -{} {}", letter, pattern.text);
}

}  // namespace

Result<std::vector<AddressMask>> parse_address_list(Family family, std::string_view text) {
  std::vector<AddressMask> addresses;
  while (true) {
    const size_t comma = text.find(',');
    auto one = parse_address_mask(family, completed(family, text.substr(0, comma)));
    if (!one) return std::unexpected(one.error());
    addresses.push_back(*one);
    if (comma == std::string_view::npos) return addresses;
    text.remove_prefix(comma + 1);
  }
}

Result<InterfacePattern> parse_interface(std::string_view text, bool inverted) {
  if (text.empty()) return fail("the interface's name is empty", "a name such as eth0, or eth+ for all that begin so");
  if (text.size() > 15) {
    return fail(fmt::format("\"{}\" is too long for an interface", text), "at most 15 characters");
  }
  InterfacePattern pattern;
  pattern.text = text;
  pattern.inverted = inverted;
  const bool wildcard = text.back() == '+';
  const size_t compared = wildcard ? text.size() - 1 : text.size() + 1;
  std::ranges::copy(text.substr(0, wildcard ? compared : text.size()), pattern.name.begin());
  std::fill_n(pattern.mask.begin(), compared, uint8_t{0xff});
  return pattern;
}

void print_selector(const Selector& selector, Family family, std::string& out) {
  print_address(selector.source, selector.source_inverted, 's', out);
  print_address(selector.destination, selector.destination_inverted, 'd', out);
  print_interface(selector.in, 'i', out);
  print_interface(selector.out, 'o', out);
  if (selector.protocol != 0) {
    out += fmt::format("{} -p {}", selector.protocol_inverted ? " !" : "", protocol_name(selector.protocol));
  }
  if (selector.fragment && family == Family::Ipv4) out += selector.fragment_inverted ? " ! -f" : " -f";
}

}  // namespace sallyport
