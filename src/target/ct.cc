// -j CT: how the packet's connection is to be tracked: not at all, with a helper, a timeout, events, a zone.
// Counterpart of net/netfilter/xt_CT.c.

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "sallyport/connection_finder.h"
#include "sallyport/helper.h"
#include "sallyport/option_pieces.h"
#include "target/targets.h"
#include "target/untracked.h"

namespace sallyport {
namespace {

// As printed; --expevents knows "new" only.
constexpr std::string_view kEvents[] = {"new",       "related", "destroy", "reply",      "assured",
                                        "protoinfo", "helper",  "mark",    "natseqinfo", "secmark"};

Result<void> parse_event_words(std::string_view text, std::span<const std::string_view> known, OptionValue& value) {
  for (const std::string_view word : comma_separated(text)) {
    const auto event = std::ranges::find(known, word);
    if (event == known.end()) {
      return fail(fmt::format("Unknown event type \"{}\"", word), fmt::format("{}", fmt::join(known, ", ")));
    }
    value.number |= uint64_t{1} << (event - known.begin());
  }
  return {};
}
Result<void> parse_events(std::string_view text, const RuleContext&, OptionValue& value) {
  return parse_event_words(text, kEvents, value);
}
Result<void> parse_expectation_events(std::string_view text, const RuleContext&, OptionValue& value) {
  return parse_event_words(text, std::span(kEvents).first(1), value);
}

void print_events(const OptionValue& value, const RuleContext&, std::string& out) {
  char separator = ' ';
  for (size_t i = 0; i < std::size(kEvents); ++i) {
    if ((value.number >> i & 1) == 0) continue;
    out += separator;
    out += kEvents[i];
    separator = ',';
  }
}

// The zone of the option that comes last counts, but "mark" stays: `number` holds the zone, `mask` 1 for "mark".
Result<void> parse_zone(std::string_view text, const RuleContext&, OptionValue& value) {
  if (std::ranges::equal(text, std::string_view("mark"), {}, [](char letter) { return letter | 0x20; })) {
    value.mask = 1;
    return {};
  }
  const auto zone = parse_number(text);
  if (!zone || *zone > UINT16_MAX)
    return fail(fmt::format("Cannot parse {} as a zone ID", text), "0 to 65535, or mark");
  value.number = *zone;
  return {};
}

Result<void> parse_name(std::string_view text, const RuleContext&, OptionValue& value) {
  value.text = text;
  return {};
}

Error no_such_helper(std::string_view name) {
  return {.what = fmt::format("there is no helper \"{}\" for this protocol", name),
          .expected = "ftp, tftp, irc, sip, pptp ..."};
}

Result<void> check_protocol(Options& options, const RuleContext& rule) {
  if (options.has("notrack")) return {};
  const bool names_protocol = rule.protocol != 0 && !rule.protocol_inverted;
  if (names_protocol) return {};
  if (!options["timeout"].text.empty()) return fail("a timeout policy needs the rule to name its protocol", "-p");
  if (!options["helper"].text.empty()) return fail("a helper needs the rule to name its protocol", "-p");
  return {};
}

Result<void> check(Options& options, const RuleContext& rule) {
  if (auto checked = check_protocol(options, rule); !checked || options.has("notrack")) return checked;
  const std::string& name = options["helper"].text;
  if (name.empty() || find_helper(name, rule.family, rule.protocol) != nullptr) return {};
  return std::unexpected(no_such_helper(name));
}

void print_zone(const Options& options, std::string& out) {
  const OptionValue* last = nullptr;
  bool by_mark = false;
  for (const std::string_view name : {"zone", "zone-orig", "zone-reply"}) {
    const OptionValue& value = options[name];
    if (!value.present) continue;
    by_mark = by_mark || value.mask == 1;
    if (last == nullptr || value.order > last->order) last = &value;
  }
  if (last == nullptr || (last->number == 0 && !by_mark)) return;
  const bool original = options.has("zone-orig"), reply = options.has("zone-reply");
  out += original == reply ? " --zone" : original ? " --zone-orig" : " --zone-reply";
  out += by_mark ? " mark" : fmt::format(" {}", last->number);
}

void save(const Options& options, const RuleContext& rule, std::string& out) {
  if (options.has("notrack")) out += " --notrack";
  for (const std::string_view name : {"helper", "timeout"}) {
    if (!options[name].text.empty()) out += fmt::format(" --{} {}", name, options[name].text);
  }
  for (const std::string_view name : {"ctevents", "expevents"}) {
    if (!options.has(name)) continue;
    out += fmt::format(" --{}", name);
    print_events(options[name], rule, out);
  }
  print_zone(options, out);
}

class CtTarget final : public Target {
 public:
  explicit CtTarget(const ConnectionTemplate& wanted) : wanted_(wanted) {}
  // The first rule counts.
  Action apply(Packet& packet, HookContext&) override {
    const bool settled = packet.connection != nullptr || packet_state(packet) == PacketState::Untracked;
    if (!settled && packet.connection_template == nullptr) packet.connection_template = &wanted_;
    return Action::go_on();
  }

 private:
  ConnectionTemplate wanted_;
};

// The zone of the option that comes last, in the directions of all of them.
void read_zone(const Options& options, ConnectionTemplate& wanted) {
  const OptionValue* last = nullptr;
  for (const std::string_view name : {"zone", "zone-orig", "zone-reply"}) {
    const OptionValue& value = options[name];
    if (!value.present) continue;
    wanted.zone_from_mark = wanted.zone_from_mark || value.mask == 1;
    if (last == nullptr || value.order > last->order) last = &value;
  }
  if (last == nullptr) return;
  const auto number = wanted.zone_from_mark ? uint16_t{1} : static_cast<uint16_t>(last->number);
  const bool original = options.has("zone-orig"), reply = options.has("zone-reply");
  if (original || !reply) wanted.zone.original = number;
  if (reply || !original) wanted.zone.reply = number;
}

Result<std::unique_ptr<Target>> create(const Options& options, const RuleContext& rule, const HelperFinder& find) {
  if (options.has("notrack")) return create_untracked(options, rule);
  ConnectionTemplate wanted;
  read_zone(options, wanted);
  wanted.events = {.connection = static_cast<uint16_t>(options.number("ctevents")),
                   .expectations = static_cast<uint16_t>(options.number("expevents"))};
  if (const std::string& name = options["helper"].text; !name.empty()) {
    wanted.helper = find(name, rule.family, rule.protocol);
    if (wanted.helper == nullptr) return std::unexpected(no_such_helper(name));
  }
  if (const std::string& policy = options["timeout"].text; !policy.empty()) {
    if (rule.connections == nullptr) return fail("--timeout where no connections are tracked", "a rule in an engine");
    auto timeouts = rule.connections->find_timeouts(policy, rule.family, rule.protocol);
    if (!timeouts) return std::unexpected(timeouts.error());
    wanted.timeouts = *timeouts;
  }
  return std::make_unique<CtTarget>(wanted);
}

OptionSpec custom(std::string_view name, std::string_view hint,
                  Result<void> (*parse)(std::string_view, const RuleContext&, OptionValue&)) {
  return {.name = name, .kind = OptionKind::Custom, .hint = hint, .parse = parse};
}

}  // namespace

TargetType ct_target() {
  return {
      .name = "CT",
      .options = {{.name = "notrack"},
                  custom("helper", "a helper's name", parse_name),
                  custom("timeout", "a timeout policy's name", parse_name),
                  custom("ctevents", "events with commas", parse_events),
                  custom("expevents", "new", parse_expectation_events),
                  custom("zone", "0 to 65535, or mark", parse_zone),
                  custom("zone-orig", "0 to 65535, or mark", parse_zone),
                  custom("zone-reply", "0 to 65535, or mark", parse_zone)},
      .tables = {"raw"},
      .check = check,
      .save = save,
      .create = [](const Options& options, const RuleContext& rule) { return create(options, rule, find_helper); },
      .summary = "says how the packet's connection is tracked",
  };
}

// A helper that is not there is refused when the target is made, no longer when the rule is read.
TargetType ct_target_with(HelperFinder find) {
  TargetType type = ct_target();
  type.check = check_protocol;
  type.create = [find = std::move(find)](const Options& options, const RuleContext& rule) {
    return create(options, rule, find);
  };
  return type;
}

}  // namespace sallyport
