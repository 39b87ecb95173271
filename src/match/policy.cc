// -m policy: which IPsec policy the packet came through or will go through. Counterpart of net/netfilter/xt_policy.c.
//
// A rule describes up to four elements; --next begins another. An element's values are kept in the list of their
// option, one entry per element. There is no IPsec here: every packet comes and goes without a policy.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "match/matches.h"
#include "sallyport/bytes.h"
#include "sallyport/option_pieces.h"

namespace sallyport {
namespace {

constexpr uint64_t kMostElements = 4;  // XT_POLICY_MAX_ELEM
constexpr uint64_t kTunnelMode = 1;
constexpr std::string_view kModes[] = {"transport", "tunnel"};

class PolicyMatch final : public Match {
 public:
  explicit PolicyMatch(bool none) : none_(none) {}
  bool matches(const Packet&, HookContext&) override { return none_; }

 private:
  bool none_;
};

// Which element and whether inverted, as the first word of an option's list entry.
struct ElementKey {
  uint64_t element;
  bool inverted;
  uint64_t word() const { return element * 2 + inverted; }
  static ElementKey of(uint64_t word) { return {word / 2, (word & 1) != 0}; }
};

uint64_t current_element(const RuleContext& rule) { return rule.so_far->number("next"); }

// Numbers take one entry per element, addresses several: all have the element's key.
bool has_element(const OptionValue& value, uint64_t element) {
  return std::ranges::any_of(value.list,
                             [&](const auto& entry) { return ElementKey::of(entry.first).element == element; });
}

Result<void> add(const RuleContext& rule, OptionValue& value, std::span<const uint64_t> numbers) {
  const uint64_t element = current_element(rule);
  if (has_element(value, element)) return fail("the option stands twice in one element", "--next before the second");
  for (const uint64_t number : numbers) value.list.emplace_back(ElementKey{element, value.inverted}.word(), number);
  return {};
}

Result<void> parse_id(std::string_view text, const RuleContext& rule, OptionValue& value) {
  const auto number = parse_number(text);
  if (!number || *number > UINT32_MAX) {
    return fail(fmt::format("\"{}\" is not a number", text), "a number from 0 to 4294967295");
  }
  return add(rule, value, std::array{*number});
}

Result<void> parse_ipsec_protocol(std::string_view text, const RuleContext& rule, OptionValue& value) {
  constexpr uint8_t kEsp = 50, kAh = 51, kIpcomp = 108;
  const auto protocol = parse_spelled_protocol(text);
  if (protocol != kEsp && protocol != kAh && protocol != kIpcomp) {
    return fail(fmt::format("\"{}\" is not a protocol of IPsec", text), "ah, esp or ipcomp");
  }
  return add(rule, value, std::array<uint64_t, 1>{*protocol});
}

Result<void> parse_mode(std::string_view text, const RuleContext& rule, OptionValue& value) {
  const auto mode = std::ranges::find(kModes, text);
  if (mode == std::end(kModes)) return fail(fmt::format("\"{}\" is not a mode", text), "transport or tunnel");
  return add(rule, value, std::array{static_cast<uint64_t>(mode - std::begin(kModes))});
}

Result<void> parse_tunnel(std::string_view text, const RuleContext& rule, OptionValue& value) {
  const auto host = parse_host_mask(rule.family, text);
  if (!host) return std::unexpected(host.error());
  const uint8_t* bytes = host->address.bytes.data();
  return add(rule, value,
             std::array{load_be64(bytes), load_be64(bytes + 8), static_cast<uint64_t>(prefix_length(host->mask))});
}

Result<void> parse_next(std::string_view, const RuleContext&, OptionValue& value) {
  if (++value.number >= kMostElements) return fail("maximum policy depth reached", "at most four elements");
  return {};
}

Result<void> parse_word(std::string_view text, OptionValue& value, std::string_view one, std::string_view other) {
  if (text != one && text != other) {
    return fail(fmt::format("\"{}\" is no choice", text), fmt::format("{} or {}", one, other));
  }
  value.text = text;
  return {};
}
Result<void> parse_direction(std::string_view text, const RuleContext&, OptionValue& value) {
  return parse_word(text, value, "in", "out");
}
Result<void> parse_policy(std::string_view text, const RuleContext&, OptionValue& value) {
  return parse_word(text, value, "ipsec", "none");
}

constexpr std::string_view kElementOptions[] = {"reqid", "spi", "proto", "mode", "tunnel-dst", "tunnel-src"};

// "! --mode transport" leaves the tunnel.
bool is_tunnel(const Options& options, uint64_t element) {
  return std::ranges::any_of(options["mode"].list, [&](const auto& entry) {
    const ElementKey key = ElementKey::of(entry.first);
    return key.element == element && (entry.second == kTunnelMode) != key.inverted;
  });
}

Result<void> check(Options& options, const RuleContext&) {
  const bool strict = options.has("strict");
  const uint64_t elements = options.number("next") + 1;
  if (!options.has("dir")) return fail("policy has no direction", "--dir in or --dir out");
  if (options["pol"].text == "none") {
    if (strict || elements > 1) return fail("policy none but more is asked of it", "no --strict and no --next");
    return {};
  }
  if (elements > 1 && !strict) return fail("several elements without --strict", "--strict with --next");
  for (uint64_t element = 0; element < elements; ++element) {
    const auto given = [&](std::string_view name) { return has_element(options[name], element); };
    if (strict && std::ranges::none_of(kElementOptions, given)) {
      return fail(fmt::format("empty policy element {}", element), "--reqid, --spi, --proto, --mode or --tunnel-..");
    }
    if ((given("tunnel-src") || given("tunnel-dst")) && !is_tunnel(options, element)) {
      return fail("--tunnel-src and --tunnel-dst have a meaning in tunnels only", "--mode tunnel");
    }
  }
  return {};
}

// What a packet will go through is not known before it is routed; what it came through not where it is sent.
uint8_t hooks_for(const Options& options) {
  if (options["dir"].text == "out") return kAllHooks & ~(hook_bit(Hook::Prerouting) | hook_bit(Hook::Input));
  return kAllHooks & ~(hook_bit(Hook::Output) | hook_bit(Hook::Postrouting));
}

void print_tunnel(std::span<const std::pair<uint64_t, uint64_t>> entries, Family family, std::string& out) {
  AddressMask host;
  host.address.family = family;
  for (size_t word = 0; word < 2; ++word) {
    store_be32(host.address.bytes.data() + word * 8, static_cast<uint32_t>(entries[word].second >> 32));
    store_be32(host.address.bytes.data() + word * 8 + 4, static_cast<uint32_t>(entries[word].second));
  }
  host.mask = prefix_mask(family, static_cast<unsigned>(entries[2].second));
  print_host_mask(host, out);
}

void print_element(const Options& options, uint64_t element, Family family, std::string& out) {
  for (const std::string_view name : kElementOptions) {
    const auto& list = options[name].list;
    const auto entry =
        std::ranges::find_if(list, [&](const auto& one) { return ElementKey::of(one.first).element == element; });
    if (entry == list.end()) continue;
    out += fmt::format("{} --{}", ElementKey::of(entry->first).inverted ? " !" : "", name);
    if (name == "spi") {
      out += fmt::format(" {:#x}", entry->second);
    } else if (name == "mode") {
      out += fmt::format(" {}", kModes[entry->second]);
    } else if (name == "proto") {
      out += ' ' + protocol_name(static_cast<uint8_t>(entry->second));
    } else if (name == "reqid") {
      out += fmt::format(" {}", entry->second);
    } else {
      print_tunnel(std::span(entry, 3), family, out);
    }
  }
}

void save(const Options& options, const RuleContext& rule, std::string& out) {
  const bool none = options["pol"].text == "none";
  out += fmt::format(" --dir {} --pol {}", options["dir"].text, none ? "none" : "ipsec");
  if (none) return;
  if (options.has("strict")) out += " --strict";
  for (uint64_t element = 0; element <= options.number("next"); ++element) {
    if (element != 0) out += " --next";
    print_element(options, element, rule.family, out);
  }
}

OptionSpec element_option(std::string_view name,
                          Result<void> (*parse)(std::string_view, const RuleContext&, OptionValue&)) {
  return {.name = name, .kind = OptionKind::Custom, .invertible = true, .gathering = true, .parse = parse};
}

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext&) {
  return std::make_unique<PolicyMatch>(options["pol"].text == "none");
}

}  // namespace

MatchType policy_match() {
  return {
      .name = "policy",
      .options = {{.name = "dir", .kind = OptionKind::Custom, .hint = "in or out", .parse = parse_direction},
                  {.name = "pol", .kind = OptionKind::Custom, .hint = "ipsec or none", .parse = parse_policy},
                  {.name = "strict"},
                  element_option("reqid", parse_id),
                  element_option("spi", parse_id),
                  element_option("proto", parse_ipsec_protocol),
                  element_option("mode", parse_mode),
                  element_option("tunnel-dst", parse_tunnel),
                  element_option("tunnel-src", parse_tunnel),
                  {.name = "next", .kind = OptionKind::Custom, .gathering = true, .words = 0, .parse = parse_next}},
      .hooks_for = hooks_for,
      .check = check,
      .save = save,
      .create = create,
      .summary = "compares the IPsec policy of the packet",
  };
}

}  // namespace sallyport
