// Options as text: what each kind of value reads and how iptables-save prints it.

#include <fmt/format.h>

#include <cassert>
#include <limits>

#include "sallyport/options.h"

namespace sallyport {
namespace {

struct Limits {
  uint64_t min;
  uint64_t max;
};

Limits limits_of(const OptionSpec& spec) {
  uint64_t kind_max = UINT64_MAX;
  switch (spec.kind) {
    case OptionKind::U8:
    case OptionKind::U8Range:
      kind_max = UINT8_MAX;
      break;
    case OptionKind::U16:
    case OptionKind::U16Range:
    case OptionKind::Port:
    case OptionKind::PortRange:
    case OptionKind::PortList:
      kind_max = UINT16_MAX;
      break;
    case OptionKind::U32:
    case OptionKind::U32Range:
    case OptionKind::Hex32:
    case OptionKind::MaskedHex32:
      kind_max = UINT32_MAX;
      break;
    default:
      break;
  }
  return {spec.min, spec.max < kind_max ? spec.max : kind_max};
}

std::unexpected<Error> wrong_value(const OptionSpec& spec, std::string_view text, std::string_view what) {
  const Limits limits = limits_of(spec);
  std::string expected(spec.hint);
  if (expected.empty()) expected = fmt::format("{} from {} to {}", what, limits.min, limits.max);
  return fail(fmt::format("\"{}\" is not a value for --{}", text, spec.name), std::move(expected));
}

std::optional<uint64_t> limited_number(const OptionSpec& spec, std::string_view text) {
  const auto number = parse_number(text);
  const Limits limits = limits_of(spec);
  if (!number || *number < limits.min || *number > limits.max) return std::nullopt;
  return number;
}

// "N", "N:M", "N:", ":M", ":"; `read` reads one end.
template <class Read>
bool parse_range(std::string_view text, const Limits& limits, uint64_t& low, uint64_t& high, Read read) {
  const size_t colon = text.find(':');
  const std::string_view first = text.substr(0, colon);
  std::optional<uint64_t> from =
      first.empty() && colon != std::string_view::npos ? std::optional(limits.min) : read(first);
  if (!from) return false;
  std::optional<uint64_t> to = from;
  if (colon != std::string_view::npos) {
    const std::string_view last = text.substr(colon + 1);
    to = last.empty() ? std::optional(limits.max) : read(last);
  }
  if (!to) return false;
  low = *from;
  high = *to;
  return true;
}

Result<void> parse_port_list(const OptionSpec& spec, std::string_view text, const RuleContext& rule,
                             OptionValue& value) {
  value.list.clear();
  const Limits limits = limits_of(spec);
  const auto read = [&](std::string_view word) -> std::optional<uint64_t> { return parse_port(word, rule.protocol); };
  while (true) {
    const size_t comma = text.find(',');
    uint64_t low = 0, high = 0;
    if (!parse_range(text.substr(0, comma), limits, low, high, read)) return wrong_value(spec, text, "ports, each");
    value.list.emplace_back(low, high);
    if (comma == std::string_view::npos) return {};
    text.remove_prefix(comma + 1);
  }
}

Result<void> parse_masked(const OptionSpec& spec, std::string_view text, OptionValue& value) {
  const size_t slash = text.find('/');
  const auto number = limited_number(spec, text.substr(0, slash));
  std::optional<uint64_t> mask = UINT32_MAX;
  if (slash != std::string_view::npos) mask = parse_number(text.substr(slash + 1));
  if (!number || !mask || *mask > UINT32_MAX) return wrong_value(spec, text, "VALUE or VALUE/MASK, each");
  value.number = *number;
  value.mask = *mask;
  return {};
}

Result<void> parse_addresses(const OptionSpec& spec, std::string_view text, const RuleContext& rule,
                             OptionValue& value) {
  if (spec.kind == OptionKind::AddressMask) {
    auto parsed = parse_address_mask(rule.family, text);
    if (!parsed) return std::unexpected(parsed.error());
    value.address = parsed->address;
    value.upper_address = parsed->mask;
    return {};
  }
  const size_t dash = text.find('-');
  auto from = parse_address(rule.family, text.substr(0, dash));
  if (!from) return std::unexpected(from.error());
  auto to = dash == std::string_view::npos ? from : parse_address(rule.family, text.substr(dash + 1));
  if (!to) return std::unexpected(to.error());
  value.address = *from;
  value.upper_address = *to;
  return {};
}

void print_range(uint64_t low, uint64_t high, std::string& out) {
  out += low == high ? fmt::format(" {}", low) : fmt::format(" {}:{}", low, high);
}

}  // namespace

const OptionValue& Options::operator[](std::string_view name) const {
  for (size_t i = 0; i < specs_.size(); ++i) {
    if (specs_[i].name == name) return values_[i];
  }
  assert(false && "an option that its type does not have");
  static const OptionValue kNone;
  return kNone;
}

OptionValue& Options::operator[](std::string_view name) {
  return const_cast<OptionValue&>(static_cast<const Options&>(*this)[name]);
}

Result<void> parse_option(const OptionSpec& spec, std::string_view text, const RuleContext& rule, OptionValue& value) {
  const auto number_reader = [&](std::string_view word) { return limited_number(spec, word); };
  const auto port_reader = [&](std::string_view word) -> std::optional<uint64_t> {
    return parse_port(word, rule.protocol);
  };
  switch (spec.kind) {
    case OptionKind::Flag:
      break;
    case OptionKind::U8:
    case OptionKind::U16:
    case OptionKind::U32:
    case OptionKind::U64:
    case OptionKind::Hex32: {
      const auto number = limited_number(spec, text);
      if (!number) return wrong_value(spec, text, "a number");
      value.number = *number;
      break;
    }
    case OptionKind::U8Range:
    case OptionKind::U16Range:
    case OptionKind::U32Range:
      if (!parse_range(text, limits_of(spec), value.number, value.upper, number_reader)) {
        return wrong_value(spec, text, "N or N:M, each");
      }
      break;
    case OptionKind::Port: {
      const auto port = parse_port(text, rule.protocol);
      if (!port) return wrong_value(spec, text, "a service's name or a port");
      value.number = *port;
      break;
    }
    case OptionKind::PortRange:
      if (!parse_range(text, limits_of(spec), value.number, value.upper, port_reader)) {
        return wrong_value(spec, text, "a service's name, a port or PORT:PORT, each");
      }
      break;
    case OptionKind::MaskedHex32:
      if (auto done = parse_masked(spec, text, value); !done) return done;
      break;
    case OptionKind::PortList:
      if (auto done = parse_port_list(spec, text, rule, value); !done) return done;
      break;
    case OptionKind::AddressMask:
    case OptionKind::AddressRange:
      if (auto done = parse_addresses(spec, text, rule, value); !done) return done;
      break;
    case OptionKind::Text:
      if (text.size() < spec.min || text.size() > spec.max) {
        return fail(fmt::format("--{} has {} characters", spec.name, text.size()),
                    fmt::format("{} to {} characters", spec.min, spec.max));
      }
      value.text = text;
      break;
    case OptionKind::Custom:
      if (auto done = spec.parse(text, rule, value); !done) return done;
      break;
  }
  value.present = true;
  return {};
}

void print_quoted(std::string_view text, std::string& out) {
  constexpr std::string_view kPlain = "_-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  out += ' ';
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos) {
    out += text;
    return;
  }
  out += '"';
  for (const char letter : text) {
    if (letter == '"' || letter == '\\' || letter == '\'') out += '\\';
    out += letter;
  }
  out += '"';
}

void print_option(const OptionSpec& spec, const OptionValue& value, const RuleContext& rule, std::string& out) {
  if (value.inverted) out += " !";
  out += " --";
  out += spec.name;
  switch (spec.kind) {
    case OptionKind::Flag:
      break;
    case OptionKind::U8:
    case OptionKind::U16:
    case OptionKind::U32:
    case OptionKind::U64:
    case OptionKind::Port:
      out += fmt::format(" {}", value.number);
      break;
    case OptionKind::U8Range:
    case OptionKind::U16Range:
    case OptionKind::U32Range:
    case OptionKind::PortRange:
      print_range(value.number, value.upper, out);
      break;
    case OptionKind::Hex32:
      out += fmt::format(" {:#x}", value.number);
      break;
    case OptionKind::MaskedHex32:
      out += fmt::format(" {:#x}", value.number);
      if (value.mask != UINT32_MAX) out += fmt::format("/{:#x}", value.mask);
      break;
    case OptionKind::PortList: {
      char separator = ' ';
      for (const auto& [low, high] : value.list) {
        out += separator;
        out += low == high ? fmt::format("{}", low) : fmt::format("{}:{}", low, high);
        separator = ',';
      }
      break;
    }
    case OptionKind::AddressMask: {
      const AddressMask masked{value.address, value.upper_address};
      out += ' ' + masked.text();
      break;
    }
    case OptionKind::AddressRange:
      out += ' ' + value.address.text();
      if (value.upper_address != value.address) out += '-' + value.upper_address.text();
      break;
    case OptionKind::Text:
      print_quoted(value.text, out);
      break;
    case OptionKind::Custom:
      if (spec.print != nullptr) spec.print(value, rule, out);
      break;
  }
}

void print_options(const Options& options, const RuleContext& rule, std::string& out) {
  for (size_t i = 0; i < options.specs().size(); ++i) {
    if (options.values()[i].present) print_option(options.specs()[i], options.values()[i], rule, out);
  }
}

}  // namespace sallyport
