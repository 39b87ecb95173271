// --sport and --dport: ports and ranges of ports as the matches of transport protocols read and print them.

#include "match/ports.h"

#include <fmt/format.h>

#include "match/number_text.h"

namespace sallyport {
namespace {

constexpr std::string_view kHint = "PORT or PORT:PORT, each a number from 0 to 65535 or a service's name";

std::unexpected<Error> bad_port(std::string_view text) {
  return fail(fmt::format("\"{}\" is not a port", text), std::string(kHint));
}

// getaddrinfo() reads a service's number this way, and keeps its low 16 bits.
std::optional<uint16_t> resolve_port(std::string_view text) {
  std::string_view rest = text;
  const auto number = take_number(rest, 10);
  if (number && rest.empty()) return static_cast<uint16_t>(*number);
  if (text.empty()) return uint16_t{0};
  if (text[0] >= '0' && text[0] <= '9') return std::nullopt;
  return parse_port(text, 0);
}

}  // namespace

PortTest port_test(const OptionValue& value) {
  if (!value.present) return {};
  PortTest test{.low = static_cast<uint32_t>(value.number), .inverted = value.inverted};
  if (value.number <= value.upper) {
    test.span = static_cast<uint32_t>(value.upper - value.number);
  } else {
    test.low = 0x10000;
    test.span = 0;
  }
  return test;
}

bool is_every_port(const OptionValue& value) { return value.number == 0 && value.upper == UINT16_MAX; }

Result<void> parse_ordered_ports(std::string_view text, const RuleContext& rule, OptionValue& value) {
  const size_t colon = text.find(':');
  const std::string_view first = text.substr(0, colon);
  const bool open_start = colon != std::string_view::npos && first.empty();
  const auto low = open_start ? std::optional<uint16_t>(0) : parse_port(first, rule.protocol);
  if (!low) return bad_port(first);
  value.number = value.upper = *low;
  if (colon == std::string_view::npos) return {};
  const std::string_view last = text.substr(colon + 1);
  const auto high = last.empty() ? std::optional<uint16_t>(UINT16_MAX) : parse_port(last, rule.protocol);
  if (!high) return bad_port(last);
  if (*low > *high) {
    return fail(fmt::format("the ports {} are the wrong way round", text), fmt::format("{}:{}", *high, *low));
  }
  value.upper = *high;
  return {};
}

Result<void> parse_resolved_ports(std::string_view text, const RuleContext&, OptionValue& value) {
  const size_t colon = text.find(':');
  const std::string_view first = text.substr(0, colon);
  const auto low = resolve_port(first);
  if (!low) return bad_port(first);
  value.number = value.upper = *low;
  if (colon == std::string_view::npos) return {};
  const std::string_view last = text.substr(colon + 1);
  const auto high = last.empty() ? std::optional<uint16_t>(UINT16_MAX) : resolve_port(last);
  if (!high || last.find(':') != std::string_view::npos) return bad_port(last);
  value.upper = *high;
  return {};
}

void print_ports(const OptionValue& value, const RuleContext&, std::string& out) {
  out += fmt::format(" {}", value.number);
  if (value.upper != value.number) out += fmt::format(":{}", value.upper);
}

OptionSpec source_port_option(ParsePorts parse) {
  return {.name = "sport",
          .alias = "source-port",
          .kind = OptionKind::Custom,
          .invertible = true,
          .hint = kHint,
          .parse = parse,
          .print = print_ports,
          .summary = "the source port, or a range of them"};
}

OptionSpec destination_port_option(ParsePorts parse) {
  return {.name = "dport",
          .alias = "destination-port",
          .kind = OptionKind::Custom,
          .invertible = true,
          .hint = kHint,
          .parse = parse,
          .print = print_ports,
          .summary = "the destination port, or a range of them"};
}

}  // namespace sallyport
