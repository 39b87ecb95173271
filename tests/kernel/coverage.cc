// Matches that count, and the table of what they counted.

#include "kernel/coverage.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <memory>
#include <span>

#include "ruleset/selector.h"
#include "sallyport/packet.h"

namespace sallyport::kernel {
namespace {

using Watch = Coverage::Watch;

// What the generator is to prove; all that has no clock and no chance.
constexpr std::string_view kMatches[] = {"addrtype",  "ah",        "comment", "dccp",   "dscp",    "ecn",       "esp",
                                         "hashlimit", "hl",        "icmp",    "icmp6",  "iprange", "length",    "mac",
                                         "mark",      "multiport", "pkttype", "recent", "sctp",    "statistic", "tcp",
                                         "tcpmss",    "tos",       "ttl",     "u32",    "udp"};
// Matches that keep something by name: their options are not asked alone, as that would change it. An option counts as
// what its whole match is.
constexpr std::string_view kKeeping[] = {"hashlimit", "recent"};
constexpr std::string_view kTargets[] = {"ACCEPT", "CHECKSUM", "DROP",   "DSCP",   "ECN", "HL",    "LOG", "MARK",
                                         "NFLOG",  "REJECT",   "RETURN", "TCPMSS", "TOS", "TRACE", "TTL"};

constexpr std::string_view kReject = "REJECT";

struct Remark {
  std::string_view row;
  std::string_view text;
};
constexpr Remark kRemarks[] = {
    {"-m comment --comment", "always true"},
    {"-m dscp --dscp-class", "read as --dscp"},
    {"-m dscp ! --dscp-class", "read as --dscp"},
    {"-m recent --set", "always true"},
    {"-m recent ! --set", "always false"},
    {"-m statistic --probability", "random: see the clock suite"},
    {"-m statistic ! --probability", "random: see the clock suite"},
};

// Options that only change what others of their match mean: they are judged together with those.
constexpr std::string_view kQualifiers[] = {"limit-iface-in", "limit-iface-out", "mode", "every", "packet"};

bool is_one_of(std::string_view name, std::span<const std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

std::string row_name(std::string_view type, const OptionSpec& spec, bool inverted) {
  return fmt::format("-m {} {}--{}", type, inverted ? "! " : "", spec.name);
}

bool is_syn(const OptionSpec& spec, const OptionValue& value) {
  constexpr uint64_t kSyn = 0x02, kSynRstAckFin = 0x17;
  return spec.name == "tcp-flags" && value.number == kSyn && value.mask == kSynRstAckFin;
}

constexpr OptionSpec kWatchSpec[] = {{.name = "watch", .kind = OptionKind::U64}};

const Watch& watch_of(const Options& options) { return *std::bit_cast<const Watch*>(options["watch"].number); }

// Asks the match itself, and each of its options alone.
class CountingMatch final : public Match {
 public:
  struct Part {
    Coverage::Row* row;
    std::unique_ptr<Match> match;  // null: it is what the whole match is
  };
  CountingMatch(const Watch& watch, std::unique_ptr<Match> whole, std::vector<Part> parts)
      : watch_(watch), whole_(std::move(whole)), parts_(std::move(parts)) {}

  bool matches(const Packet& packet, HookContext& context) override {
    for (const Part& part : parts_) {
      if (part.match == nullptr) continue;
      HookContext own = context;
      const bool held = part.match->matches(packet, own);
      if (!own.drop_packet) watch_.coverage->count(*part.row, watch_.family, held);
    }
    const bool whole = whole_->matches(packet, context);
    for (const Part& part : parts_) {
      if (part.match == nullptr && !context.drop_packet) watch_.coverage->count(*part.row, watch_.family, whole);
    }
    return whole;
  }

 private:
  const Watch& watch_;
  std::unique_ptr<Match> whole_;
  std::vector<Part> parts_;
};

// Stands in a rule of its own, which never holds, before the rule whose -s, -d and so on it asks.
class SelectorProbe final : public Match {
 public:
  explicit SelectorProbe(const Watch& watch) : watch_(watch) {
    for (const auto& [row, selector] : watch.conditions) {
      conditions_.emplace_back(row, CompiledSelector(selector, watch.family));
    }
  }
  bool matches(const Packet& packet, HookContext& context) override {
    for (const auto& [row, selector] : conditions_) {
      const Met met = selector.meets(packet, context);
      if (met != Met::DropPacket) watch_.coverage->count(*row, watch_.family, met == Met::Yes);
    }
    return false;
  }

 private:
  const Watch& watch_;
  std::vector<std::pair<Coverage::Row*, CompiledSelector>> conditions_;
};

// Stands last in a rule, and always holds.
class ActionProbe final : public Match {
 public:
  explicit ActionProbe(const Watch& watch) : watch_(watch) {}
  bool matches(const Packet&, HookContext&) override {
    for (Coverage::Row* const row : watch_.applied) watch_.coverage->count(*row, watch_.family, true);
    return true;
  }

 private:
  const Watch& watch_;
};

Result<std::unique_ptr<Match>> create_counting(const Options& options, const RuleContext& rule) {
  const Watch& watch = watch_of(options);
  const MatchUse& use = watch.use;
  auto whole = use.type->create(use.options, rule);
  if (!whole) return whole;
  std::vector<CountingMatch::Part> parts;
  size_t condition = 0;
  for (size_t i = 0; i < use.options.specs().size(); ++i) {
    const OptionValue& value = use.options.values()[i];
    if (!value.present) continue;
    if (is_one_of(use.type->name, kKeeping)) {
      parts.push_back({watch.conditions[condition++].first, nullptr});
      continue;
    }
    Options alone(use.options.specs());
    alone.values()[i] = value;
    if (is_one_of(use.options.specs()[i].name, kQualifiers)) alone = use.options;
    for (int times = is_syn(use.options.specs()[i], value) ? 2 : 1; times > 0; --times) {
      auto part = use.type->create(alone, rule);
      if (!part) return part;
      parts.push_back({watch.conditions[condition++].first, std::move(*part)});
    }
  }
  return std::make_unique<CountingMatch>(watch, std::move(*whole), std::move(parts));
}

template <class Probe>
Result<std::unique_ptr<Match>> create_probe(const Options& options, const RuleContext&) {
  return std::make_unique<Probe>(watch_of(options));
}

const MatchType& counting() {
  static const MatchType kType = {.name = "counting", .create = create_counting};
  return kType;
}
const MatchType& selector_probe() {
  static const MatchType kType = {.name = "selector_probe", .create = create_probe<SelectorProbe>};
  return kType;
}
const MatchType& action_probe() {
  static const MatchType kType = {.name = "action_probe", .create = create_probe<ActionProbe>};
  return kType;
}

}  // namespace

Coverage::Coverage() {
  for (const char* const option : {"-s", "-d", "-i", "-o", "-p", "-f"}) {
    condition(option);
    condition(fmt::format("! {}", option));
  }
  for (const MatchType& type : builtin_registry().matches()) {
    if (is_one_of(type.name, kMatches)) list(type);
  }
  for (const TargetType& type : builtin_registry().targets()) {
    if (is_one_of(type.name, kTargets)) list(type);
  }
  action("-j CHAIN");
  action("-g CHAIN");
  for (const Remark& remark : kRemarks) condition(std::string(remark.row)).remark = remark.text;
}

Coverage::Row& Coverage::action(const std::string& name) {
  Row& row = rows_[name];
  row.is_condition = false;
  return row;
}

void Coverage::list(const MatchType& type) {
  for (const OptionSpec& spec : type.options) {
    condition(row_name(type.name, spec, false));
    if (spec.invertible) condition(row_name(type.name, spec, true));
  }
}

void Coverage::list(const TargetType& type) {
  const std::string name = fmt::format("-j {}", type.name);
  if (type.options.empty()) action(name);
  if (type.name == kReject) return list_answers(type);
  for (const OptionSpec& spec : type.options) action(fmt::format("{} --{}", name, spec.name));
}

// Each answer of REJECT is a thing of its own.
void Coverage::list_answers(const TargetType& type) {
  constexpr uint64_t kMostKinds = 32;
  Options options(type.options);
  for (const Family family : {Family::Ipv4, Family::Ipv6}) {
    for (uint64_t kind = 0; kind < kMostKinds; ++kind) {
      options["reject-with"] = {.present = true, .number = kind};
      std::string text;
      type.save(options, {.family = family}, text);
      if (!text.empty()) action(fmt::format("-j {}{}", kReject, text));
    }
  }
}

MatchUse Coverage::use_of(const MatchType& type, Watch watch) {
  watch.coverage = this;
  watches_.push_back(std::move(watch));
  MatchUse use = {&type, Options(kWatchSpec)};
  use.options["watch"] = {.present = true,
                          .number = static_cast<uint64_t>(reinterpret_cast<uintptr_t>(&watches_.back()))};
  return use;
}

void Coverage::watch_match(MatchUse& use, Family family) {
  if (!is_one_of(use.type->name, kMatches)) return;
  Watch watch = {.family = family, .use = use};
  for (size_t i = 0; i < use.options.specs().size(); ++i) {
    const OptionSpec& spec = use.options.specs()[i];
    const OptionValue& value = use.options.values()[i];
    if (!value.present) continue;
    watch.conditions.emplace_back(&condition(row_name(use.type->name, spec, value.inverted)), Selector{});
    if (is_syn(spec, value)) {
      watch.conditions.emplace_back(&condition(value.inverted ? "-m tcp ! --syn" : "-m tcp --syn"), Selector{});
    }
  }
  use = use_of(counting(), std::move(watch));
}

Watch Coverage::selector_watch(const Selector& selector, Family family) {
  Watch watch = {.family = family};
  const auto add = [&](std::string_view option, bool inverted, auto... members) {
    Selector alone;
    ((alone.*members = selector.*members), ...);
    watch.conditions.emplace_back(&condition(fmt::format("{}{}", inverted ? "! " : "", option)), alone);
  };
  using S = Selector;
  if (selector.source) add("-s", selector.source_inverted, &S::source, &S::source_inverted);
  if (selector.destination) {
    add("-d", selector.destination_inverted, &S::destination, &S::destination_inverted);
  }
  if (!selector.in.text.empty()) add("-i", selector.in.inverted, &S::in);
  if (!selector.out.text.empty()) add("-o", selector.out.inverted, &S::out);
  if (selector.protocol != 0) add("-p", selector.protocol_inverted, &S::protocol, &S::protocol_inverted);
  if (selector.fragment) add("-f", selector.fragment_inverted, &S::fragment, &S::fragment_inverted);
  return watch;
}

Watch Coverage::jump_watch(const Jump& jump, const RuleContext& context) {
  Watch watch = {.family = context.family};
  if (jump.kind == Jump::Kind::Chain) watch.applied.push_back(&action("-j CHAIN"));
  if (jump.kind == Jump::Kind::Goto) watch.applied.push_back(&action("-g CHAIN"));
  if (jump.kind != Jump::Kind::Target || !is_one_of(jump.type->name, kTargets)) return watch;
  const std::string name = fmt::format("-j {}", jump.type->name);
  if (jump.type->name == kReject) {
    std::string kind;
    jump.type->save(jump.options, context, kind);
    watch.applied.push_back(&action(name + kind));
    return watch;
  }
  if (jump.type->options.empty()) watch.applied.push_back(&action(name));
  for (size_t i = 0; i < jump.options.specs().size(); ++i) {
    if (!jump.options.values()[i].present) continue;
    watch.applied.push_back(&action(fmt::format("{} --{}", name, jump.options.specs()[i].name)));
  }
  return watch;
}

void Coverage::watch(Ruleset& rules) {
  for (Table& table : rules.tables) {
    for (Chain& chain : table.chains) {
      std::vector<Rule> watched;
      for (Rule& rule : chain.rules) {
        const RuleContext context = {.family = rules.family, .table = table.name, .chain = chain.name};
        for (MatchUse& use : rule.matches) watch_match(use, rules.family);
        rule.matches.push_back(use_of(action_probe(), jump_watch(rule.jump, context)));
        Rule probe;
        probe.matches.push_back(use_of(selector_probe(), selector_watch(rule.selector, rules.family)));
        watched.push_back(std::move(probe));
        watched.push_back(std::move(rule));
      }
      chain.rules = std::move(watched);
    }
  }
}

void Coverage::unwatch(Ruleset& rules) {
  for (Table& table : rules.tables) {
    for (Chain& chain : table.chains) {
      std::erase_if(chain.rules, [](const Rule& rule) {
        return !rule.matches.empty() && rule.matches.front().type == &selector_probe();
      });
      for (Rule& rule : chain.rules) {
        std::erase_if(rule.matches, [](const MatchUse& use) { return use.type == &action_probe(); });
        for (MatchUse& use : rule.matches) {
          if (use.type == &counting()) use = MatchUse(watch_of(use.options).use);
        }
      }
    }
  }
}

size_t Coverage::lacking(uint64_t enough) const {
  return static_cast<size_t>(std::ranges::count_if(
      rows_, [&](const auto& named) { return named.second.remark.empty() && named.second.least() < enough; }));
}

std::string Coverage::table(uint64_t enough) const {
  std::string out = fmt::format("{:<45} {:>8} {:>8} {:>8} {:>8}\n{:<45} {:>8} {:>8} {:>8} {:>8}\n", "", "IPv4", "IPv4",
                                "IPv6", "IPv6", "option", "true", "false", "true", "false");
  std::pair<std::string, uint64_t> rarest = {"", UINT64_MAX};
  for (const auto& [name, row] : rows_) {
    const auto number = [&](size_t family, bool held) {
      return held || row.is_condition ? std::to_string(row.counts[family][held]) : std::string("-");
    };
    std::string remark;
    if (row.least() < enough) remark = row.remark.empty() ? "  <<< too few" : fmt::format("  ({})", row.remark);
    out += fmt::format("{:<45} {:>8} {:>8} {:>8} {:>8}{}\n", name, number(0, true), number(0, false), number(1, true),
                       number(1, false), remark);
    if (row.remark.empty() && row.least() < rarest.second) rarest = {name, row.least()};
  }
  return out + fmt::format("{} options, {} of them true or false fewer than {} times; rarest: {}, {} times\n",
                           rows_.size(), lacking(enough), enough, rarest.first, rarest.second);
}

}  // namespace sallyport::kernel
