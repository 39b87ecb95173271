// -m conntrack: state, tuple, status, time left and direction of the packet's connection. Counterpart of
// net/netfilter/xt_conntrack.c.

#include <fmt/format.h>

#include "match/connection_words.h"
#include "match/matches.h"
#include "sallyport/option_pieces.h"

namespace sallyport {
namespace {

Result<void> parse_ct_protocol(std::string_view text, const RuleContext&, OptionValue& value) {
  const auto protocol = parse_spelled_protocol(text);
  if (!protocol) return fail(fmt::format("unknown protocol \"{}\"", text), "a name such as tcp, or a number up to 255");
  value.number = *protocol;
  return {};
}

void print_number(const OptionValue& value, const RuleContext&, std::string& out) {
  out += fmt::format(" {}", value.number);
}

Result<void> parse_ct_address(std::string_view text, const RuleContext& rule, OptionValue& value) {
  const auto host = parse_host_mask(rule.family, text);
  if (!host) return std::unexpected(host.error());
  value.address = host->address;
  value.upper_address = host->mask;
  return {};
}

void print_ct_address(const OptionValue& value, const RuleContext&, std::string& out) {
  print_host_mask({value.address, value.upper_address}, out);
}

Result<void> parse_ct_ports(std::string_view text, const RuleContext& rule, OptionValue& value) {
  const size_t colon = text.find(':');
  const std::string_view first = text.substr(0, colon);
  const bool range = colon != std::string_view::npos;
  const std::string_view last = range ? text.substr(colon + 1) : first;
  const auto low = range && first.empty() ? std::optional<uint16_t>(0) : parse_wrapping_port(first, rule.protocol);
  const auto high = range && last.empty() ? std::optional<uint16_t>(65535) : parse_wrapping_port(last, rule.protocol);
  if (!low || !high) return fail(fmt::format("\"{}\" is not a port", text), "PORT or PORT:PORT");
  value.number = *low;
  value.upper = *high;
  return {};
}

void print_ct_ports(const OptionValue& value, const RuleContext&, std::string& out) {
  out += fmt::format(" {}", value.number);
  if (value.upper != value.number) out += fmt::format(":{}", value.upper);
}

constexpr uint64_t kNoStatus = 0;

Result<void> parse_status(std::string_view text, const RuleContext&, OptionValue& value) {
  std::string rest;
  for (const std::string_view word : comma_separated(text)) {
    if (word == "NONE") continue;
    if (!rest.empty()) rest += ',';
    rest += word.empty() ? "?" : word;
  }
  return rest.empty() ? Result<void>() : parse_words(kStatusWords, rest, value);
}

void print_status(const OptionValue& value, const RuleContext&, std::string& out) {
  if (value.number == kNoStatus) {
    out += " NONE";
  } else {
    print_words(kStatusWords, value, out);
  }
}

Result<void> parse_direction(std::string_view text, const RuleContext&, OptionValue& value) {
  for (const std::string_view word : {"ORIGINAL", "REPLY"}) {
    std::string lower(word);
    for (char& letter : lower) letter = static_cast<char>(letter | 0x20);
    std::string given(text);
    for (char& letter : given) letter = static_cast<char>(letter | 0x20);
    if (lower == given) {
      value.text = word;
      return {};
    }
  }
  return fail(fmt::format("\"{}\" is not a direction", text), "ORIGINAL or REPLY");
}

OptionSpec address_option(std::string_view name) {
  return {.name = name,
          .kind = OptionKind::Custom,
          .invertible = true,
          .hint = "ADDRESS[/MASK]",
          .parse = parse_ct_address,
          .print = print_ct_address};
}

OptionSpec ports_option(std::string_view name) {
  return {.name = name,
          .kind = OptionKind::Custom,
          .invertible = true,
          .hint = "PORT or PORT:PORT",
          .parse = parse_ct_ports,
          .print = print_ct_ports};
}

}  // namespace

MatchType conntrack_match() {
  return {
      .name = "conntrack",
      .options = {{.name = "ctstate",
                   .kind = OptionKind::Custom,
                   .invertible = true,
                   .hint = "INVALID, NEW, RELATED, ESTABLISHED, UNTRACKED, SNAT, DNAT, separated by commas",
                   .parse = parse_connection_words<kConntrackStateWords>,
                   .print = print_connection_words<kConntrackStateWords>},
                  {.name = "ctproto",
                   .kind = OptionKind::Custom,
                   .invertible = true,
                   .hint = "a protocol's name or number",
                   .parse = parse_ct_protocol,
                   .print = print_number},
                  address_option("ctorigsrc"),
                  address_option("ctorigdst"),
                  address_option("ctreplsrc"),
                  address_option("ctrepldst"),
                  ports_option("ctorigsrcport"),
                  ports_option("ctorigdstport"),
                  ports_option("ctreplsrcport"),
                  ports_option("ctrepldstport"),
                  {.name = "ctstatus",
                   .kind = OptionKind::Custom,
                   .invertible = true,
                   .hint = "NONE, or EXPECTED, SEEN_REPLY, ASSURED, CONFIRMED, separated by commas",
                   .parse = parse_status,
                   .print = print_status},
                  {.name = "ctexpire", .kind = OptionKind::U32Range, .invertible = true, .hint = "SECONDS[:SECONDS]"},
                  {.name = "ctdir",
                   .kind = OptionKind::Custom,
                   .hint = "ORIGINAL or REPLY",
                   .parse = parse_direction,
                   .print = print_plain}},
      .at_least_one = true,
      .summary = "compares the packet's connection",
  };
}

}  // namespace sallyport
