// Addresses and ports of NAT targets as text.
//
// In an OptionValue: `address` and `upper_address`; `number` and `upper` for the ports; list[0].first for the base;
// bits of `mask` say which of the three are given.

#include "target/nat_range.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sallyport {
namespace {

constexpr uint64_t kHasAddresses = 1;
constexpr uint64_t kHasPorts = 2;
constexpr uint64_t kHasBase = 4;

// udplite is missing on purpose: iptables refuses it here.
bool has_ports(uint8_t protocol) {
  constexpr std::array<uint8_t, 5> kWithPorts = {1, 6, 17, 33, 132};  // icmp's identifier, tcp, udp, dccp, sctp
  return std::ranges::find(kWithPorts, protocol) != kWithPorts.end();
}

std::unexpected<Error> wrong_port(std::string_view text) {
  return fail(fmt::format("Port `{}' not valid", text), "PORT or PORT-PORT, 0 to 65535");
}

// Takes a number or, where the text does not begin with one, a service's name that fills it whole.
std::optional<uint16_t> take_port(std::string_view& text, uint8_t protocol) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const size_t end = std::min(text.find_first_not_of("0123456789abcdefABCDEFxX"), text.size());
  for (size_t size = end; size > 0; --size) {
    const auto number = parse_number(text.substr(0, size));
    if (!number) continue;
    if (*number > UINT16_MAX) return std::nullopt;
    text.remove_prefix(size);
    return static_cast<uint16_t>(*number);
  }
  const auto service = parse_port(text, protocol);
  if (service) text = {};
  return service;
}

Result<void> parse_base(std::string_view text, const RuleContext& rule, OptionValue& value) {
  std::string_view rest = text;
  const auto base = take_port(rest, rule.protocol);
  if (!base || *base == 0 || !rest.empty()) return wrong_port(text);
  value.mask |= kHasBase;
  value.list = {{*base, 0}};
  return {};
}

}  // namespace

Result<void> parse_nat_ports(std::string_view text, const RuleContext& rule, OptionValue& value) {
  if (!has_ports(rule.protocol)) {
    return fail("Need TCP, UDP, SCTP or DCCP with port specification", "-p before -j that names one of them");
  }
  std::string_view rest = text;
  const auto low = take_port(rest, rule.protocol);
  if (!low) return wrong_port(text);
  value.mask |= kHasPorts;
  value.number = value.upper = *low;
  if (rest.empty()) return {};
  if (rest[0] != '-') return fail(fmt::format("Garbage after port value: `{}'", rest), "PORT or PORT-PORT");
  rest.remove_prefix(1);
  // The upper end is a number.
  const std::string_view after = rest;
  const bool is_number = !rest.empty() && (rest[0] == '+' || (rest[0] >= '0' && rest[0] <= '9'));
  const auto high = is_number ? take_port(rest, rule.protocol) : std::nullopt;
  if (!high) return wrong_port(after);
  if (*high < *low) return fail(fmt::format("Port range `{}' funky", after), "the smaller port first");
  value.upper = *high;
  if (rest.empty()) return {};
  if (rest[0] != '/') return fail(fmt::format("Garbage after port range: `{}'", rest), "PORT-PORT or PORT-PORT/BASE");
  return parse_base(rest.substr(1), rule, value);
}

namespace {

Result<void> parse_addresses(std::string_view text, Family family, OptionValue& value) {
  const size_t dash = text.find('-');
  const auto low = parse_address(family, text.substr(0, dash));
  if (!low) return std::unexpected(low.error());
  const auto high = dash == std::string_view::npos ? low : parse_address(family, text.substr(dash + 1));
  if (!high) return std::unexpected(high.error());
  value.mask |= kHasAddresses;
  value.address = *low;
  value.upper_address = *high;
  return {};
}

// Where the addresses end and the ports, behind a colon, begin; an error where brackets do not close. More colons than
// one, without brackets, belong to an IPv6 address.
struct Parts {
  std::string_view addresses;
  std::optional<std::string_view> ports = {};
};
Result<Parts> cut_parts(std::string_view text, Family family) {
  Parts parts = {.addresses = text};
  size_t colon = text.find(':');
  if (const size_t open = text.find('['); family == Family::Ipv6 && open != std::string_view::npos) {
    const size_t close = text.find(']', open);
    if (close == std::string_view::npos) return fail("Invalid address format", "[ADDRESS]:PORT");
    parts.addresses = text.substr(open + 1, close - open - 1);
    colon = text.find(':', close);
  } else if (family == Family::Ipv6 && colon != std::string_view::npos &&
             text.find(':', colon + 1) != std::string_view::npos) {
    colon = std::string_view::npos;
  } else {
    parts.addresses = text.substr(0, colon);
  }
  if (colon != std::string_view::npos) parts.ports = text.substr(colon + 1);
  return parts;
}

void print_ports(const NatRange& range, char before, std::string& out) {
  out += fmt::format("{}{}", before, range.ports->low);
  if (range.ports->high != range.ports->low) out += fmt::format("-{}", range.ports->high);
  if (range.base) out += fmt::format("/{}", *range.base);
}

void print_range(const NatRange& range, std::string& out) {
  out += ' ';
  if (range.addresses) {
    const bool brackets = range.ports && range.addresses->low.family == Family::Ipv6;
    if (brackets) out += '[';
    out += range.addresses->low.text();
    if (range.addresses->high != range.addresses->low) out += '-' + range.addresses->high.text();
    if (brackets) out += ']';
  }
  if (range.ports) print_ports(range, ':', out);
}

}  // namespace

NatRange nat_range(const OptionValue& value) {
  NatRange range;
  if ((value.mask & kHasAddresses) != 0) range.addresses = {value.address, value.upper_address};
  if ((value.mask & kHasPorts) != 0) {
    range.ports = {static_cast<uint16_t>(value.number), static_cast<uint16_t>(value.upper)};
  }
  if ((value.mask & kHasBase) != 0) range.base = static_cast<uint16_t>(value.list.front().first);
  return range;
}

NatRequest nat_request(const Options& options, std::string_view option) {
  // Not every target has all of them.
  const auto given = [&](std::string_view name) {
    return std::ranges::find(options.specs(), name, &OptionSpec::name) != options.specs().end() && options.has(name);
  };
  NatRequest request;
  request.random = given("random") || given("random-fully");
  request.persistent = given("persistent");
  if (!given(option)) return request;
  const NatRange range = nat_range(options[option]);
  if (range.addresses) {
    request.has_addresses = true;
    request.low = range.addresses->low;
    request.high = range.addresses->high;
  }
  if (range.ports) {
    request.has_ids = true;
    request.low_id = range.ports->low;
    request.high_id = range.ports->high;
  }
  if (range.base) {
    request.has_base = true;
    request.base = *range.base;
  }
  return request;
}

Result<void> parse_nat_range(std::string_view text, const RuleContext& rule, OptionValue& value) {
  const auto parts = cut_parts(text, rule.family);
  if (!parts) return std::unexpected(parts.error());
  if (parts->ports) {
    if (auto done = parse_nat_ports(*parts->ports, rule, value); !done) return done;
    if (parts->addresses.empty()) return {};
  }
  return parse_addresses(parts->addresses, rule.family, value);
}

void print_nat_range(const OptionValue& value, const RuleContext&, std::string& out) {
  print_range(nat_range(value), out);
}

void print_nat_range_without_base(const OptionValue& value, const RuleContext&, std::string& out) {
  NatRange range = nat_range(value);
  if (range.base) range.base = 0;
  print_range(range, out);
}

void print_nat_ports(const OptionValue& value, const RuleContext&, std::string& out) {
  NatRange range = nat_range(value);
  if (range.base) range.base = 0;
  print_ports(range, ' ', out);
}

}  // namespace sallyport
