// What a replay tells at its end.

#include "summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sallyport/json_text.h"
#include "sallyport/module_set.h"

namespace sallyport::cli {
namespace {

constexpr size_t kRulesShown = 10;
// Above this share of wrong transport checksums the capture was probably taken on the machine that sent the packets.
constexpr double kSuspiciousShare = 0.1;

struct RuleHits {
  uint64_t packets = 0;
  uint64_t bytes = 0;
  std::string text;
  std::string table;
  uint32_t line = 0;  // 0: a policy that the file does not state
  std::string file;
};

bool drops_or_changes(const Rule& rule) {
  if (rule.jump.kind != Jump::Kind::Target) return false;
  const std::string_view name = rule.jump.type->name;
  return name != "ACCEPT" && name != "RETURN";
}

void add_table_hits(const Table& now, const Table& before, const Ruleset& ruleset, std::vector<RuleHits>& hits) {
  for (size_t c = 0; c < now.chains.size(); ++c) {
    const Chain& chain = now.chains[c];
    const Chain& old = before.chains[c];
    for (size_t r = 0; r < chain.rules.size(); ++r) {
      const Rule& rule = chain.rules[r];
      const uint64_t packets = rule.counters.packets - old.rules[r].counters.packets;
      if (packets == 0 || !drops_or_changes(rule)) continue;
      hits.push_back({packets, rule.counters.bytes - old.rules[r].counters.bytes,
                      rule_text(rule, chain.name, now.name, ruleset.family), now.name, rule.line, ruleset.file});
    }
    const uint64_t packets = chain.counters.packets - old.counters.packets;
    if (chain.hook && chain.policy_drop && packets != 0) {
      hits.push_back({packets, chain.counters.bytes - old.counters.bytes, fmt::format(":{} DROP (policy)", chain.name),
                      now.name, chain.line, ruleset.file});
    }
  }
}

std::vector<RuleHits> most_hit(const SummaryInput& input) {
  std::vector<RuleHits> hits;
  for (const Ruleset& before : input.before) {
    const Ruleset* now = input.engine.ruleset(before.family);
    for (size_t t = 0; now != nullptr && t < now->tables.size(); ++t) {
      add_table_hits(now->tables[t], before.tables[t], *now, hits);
    }
  }
  std::ranges::stable_sort(hits, std::greater{}, &RuleHits::packets);
  if (hits.size() > kRulesShown) hits.resize(kRulesShown);
  return hits;
}

uint64_t fate_count(const SummaryInput& input, Fate fate) {
  return input.engine.counters().fates[static_cast<size_t>(fate)];
}

std::string flows(const FlowCounter& counter) {
  return fmt::format("{}{}", counter.full() ? "over " : "", counter.count());
}

void add_notes(const SummaryInput& input, std::string& out) {
  const InputCounters& in = input.input;
  const auto note = [&](uint64_t count, std::string_view text) {
    if (count != 0) out += fmt::format("  {:>10}  {}\n", count, text);
  };
  note(in.filtered, "frames that the filter left out");
  note(in.outgoing, "outgoing copies skipped (each forwarded packet is twice in such a capture)");
  note(in.not_ip, "frames that are not IP, passed unchanged");
  note(in.too_short, "frames too short for a network header, skipped");
  note(in.snapped, "packets cut by the snap length: what is missing matched nothing");
  note(in.super, "packets put together by the network card (offload)");
  note(input.engine.counters().followed, "recorded answers followed to where the rules map their connection");
  note(input.engine.clock().backward_steps(), "timestamps that ran backwards, held");
}

// What connection tracking did not take for what it says to be, the most frequent reasons first.
std::vector<RefusalCount> refusals(const SummaryInput& input) {
  std::vector<RefusalCount> counts;
  for (const RefusalCount& count : input.engine.refusals()) {
    if (count.packets != 0) counts.push_back(count);
  }
  std::ranges::stable_sort(counts, std::greater{}, &RefusalCount::packets);
  return counts;
}

void add_refusals(const SummaryInput& input, std::string& out) {
  const auto counts = refusals(input);
  if (!counts.empty()) out += "\nnot as their connection wants them\n";
  for (const RefusalCount& count : counts) {
    std::array<char, kRefusalWords> room;
    out += fmt::format("  {:>10}  {}{}; packet {}: {}\n", count.packets, reason_name(count.first.reason),
                       is_invalid(count.first.reason) ? " (INVALID)" : "", count.first_packet,
                       refusal_words(count.first, room));
  }
}

std::string refusals_json(const SummaryInput& input) {
  std::string out;
  for (const RefusalCount& count : refusals(input)) {
    std::array<char, kRefusalWords> room;
    out += fmt::format(R"({}{{"reason":"{}","invalid":{},"packets":{},"first_packet":{},"words":{}}})",
                       out.empty() ? "" : ",", reason_name(count.first.reason), is_invalid(count.first.reason),
                       count.packets, count.first_packet, json_quoted(refusal_words(count.first, room)));
  }
  return out;
}

void add_content(const SummaryInput& input, std::string& out) {
  const ContentCounters content = input.engine.content_counters();
  const bool any = content.found + content.bounds_met + content.unknown + content.evasions != 0;
  if (any) out += "\nlooked for in conversations\n";
  const auto line = [&](uint64_t count, std::string_view text) {
    if (count != 0) out += fmt::format("  {:>10}  {}\n", count, text);
  };
  line(content.found, "patterns found, each once in a direction");
  line(content.bounds_met, "times that a direction met a bound");
  line(content.unknown, "packets without an answer because of a bound");
  line(content.evasions, "evasions of -m string");
}

void add_checksum_warnings(const SummaryInput& input, std::string& out) {
  const auto& sides = input.engine.counters().checksums;
  for (size_t i = 0; i < sides.size(); ++i) {
    const auto [checked, wrong] = sides[i];
    if (wrong == 0 || static_cast<double>(wrong) < kSuspiciousShare * static_cast<double>(checked)) continue;
    const auto name = input.engine.host().interface(static_cast<InterfaceId>(i)).name_text();
    out += fmt::format(
        "warning: {} of the first {} transport checksums from {} are wrong: the capture was probably taken before the "
        "network card filled them in; try --checksums repair\n",
        wrong, checked, i == 0 ? "local senders" : name);
  }
}

std::string module_lines(const SummaryInput& input) {
  std::string out;
  for (const ModuleReport& report : input.engine.module_reports()) {
    out += fmt::format("module {}:", report.name);
    for (const auto& [name, value] : report.metrics) out += fmt::format(" {} {}", name, value);
    out += "\n";
    const auto [exceptions, over_budget, crashes] = report.failures;
    if (exceptions != 0) out += fmt::format("warning: module {} threw {} times\n", report.name, exceptions);
    if (over_budget != 0) {
      out += fmt::format("warning: module {} took too long for {} packets\n", report.name, over_budget);
    }
    if (crashes != 0) out += fmt::format("warning: module {} crashed {} times\n", report.name, crashes);
  }
  return out;
}

std::string modules_json(const SummaryInput& input) {
  std::string out;
  for (const ModuleReport& report : input.engine.module_reports()) {
    out += fmt::format(R"({}{{"name":{},"exceptions":{},"over_budget":{},"crashes":{},"metrics":{{)",
                       out.empty() ? "" : ",", json_quoted(report.name), report.failures.exceptions,
                       report.failures.over_budget, report.failures.crashes);
    std::string_view separator;
    for (const auto& [name, value] : report.metrics) {
      out += fmt::format("{}{}:{}", separator, json_quoted(name), value);
      separator = ",";
    }
    out += "}}";
  }
  return out;
}

}  // namespace

std::string summary_text(const SummaryInput& input) {
  const EngineCounters& counters = input.engine.counters();
  std::string out;
  out += fmt::format("\nin   {:>10} packets  {:>12} bytes  {:>8} flows\n", counters.packets, counters.bytes,
                     flows(input.output.flows_in));
  out += fmt::format("out  {:>10} packets  {:>12} bytes  {:>8} flows\n", input.output.packets_out,
                     input.output.bytes_out, flows(input.output.flows_out));
  add_notes(input, out);
  out += "\nwhat became of them\n";
  constexpr std::pair<Fate, std::string_view> kFatesShown[] = {
      {Fate::Left, "left"},
      {Fate::Delivered, "reached a local process"},
      {Fate::Dropped, "dropped by a rule"},
      {Fate::Unroutable, "refused by routing (no route, TTL, MTU)"},
      {Fate::Malformed, "malformed"},
      {Fate::Held, "held"}};
  for (const auto& [fate, text] : kFatesShown) {
    if (const uint64_t count = fate_count(input, fate)) out += fmt::format("  {:>10}  {}\n", count, text);
  }
  if (counters.generated != 0) out += fmt::format("  {:>10}  made here (REJECT, ICMP errors)\n", counters.generated);
  out += "\nby hook              seen     dropped\n";
  for (size_t i = 0; i < kHooks; ++i) {
    const auto [seen, dropped] = counters.by_hook[i];
    if (seen != 0) out += fmt::format("  {:<12} {:>10}  {:>10}\n", hook_name(static_cast<Hook>(i)), seen, dropped);
  }
  add_refusals(input, out);
  add_content(input, out);
  const auto hits = most_hit(input);
  if (!hits.empty()) out += "\nrules that dropped or changed most\n";
  for (const RuleHits& hit : hits) {
    const std::string place = hit.line == 0 ? hit.file : fmt::format("{}:{}", hit.file, hit.line);
    out += fmt::format("  {:>10}  {} {}   ({})\n", hit.packets, hit.table, hit.text, place);
  }
  if (input.log.lines != 0)
    out += fmt::format("\n{} log lines{}\n", input.log.lines,
                       input.arguments.log.empty() ? "; --log FILE keeps them" : "");
  if (input.log.packets != 0)
    out += fmt::format("{} packets for NFLOG{}\n", input.log.packets,
                       input.arguments.nflog.empty() ? "; --nflog FILE keeps them" : "");
  add_checksum_warnings(input, out);
  if (input.damage != nullptr)
    out += fmt::format("warning: {}; all whole packets before it were processed\n", input.damage->text());
  out += module_lines(input);
  if (!input.arguments.output.empty()) out += fmt::format("\nwhat left is in {}\n", input.arguments.output);
  if (input.seconds > 0 && counters.packets > 0) {
    out += fmt::format("{:.0f} ns a packet\n", input.seconds * 1e9 / static_cast<double>(counters.packets));
  }
  return out;
}

std::string summary_json(const SummaryInput& input) {
  const EngineCounters& counters = input.engine.counters();
  std::string out = fmt::format(
      R"({{"packets_in":{},"bytes_in":{},"flows_in":{},"packets_out":{},"bytes_out":{},"flows_out":{},"generated":{},"followed":{})",
      counters.packets, counters.bytes, input.output.flows_in.count(), input.output.packets_out, input.output.bytes_out,
      input.output.flows_out.count(), counters.generated, counters.followed);
  constexpr std::string_view kFateKeys[kFates] = {"left", "delivered", "dropped", "malformed", "unroutable", "held"};
  out += R"(,"fates":{)";
  for (size_t i = 0; i < kFates; ++i)
    out += fmt::format(R"({}"{}":{})", i == 0 ? "" : ",", kFateKeys[i], counters.fates[i]);
  out += R"(},"hooks":{)";
  for (size_t i = 0; i < kHooks; ++i) {
    const auto [seen, dropped] = counters.by_hook[i];
    out += fmt::format(R"({}"{}":{{"seen":{},"dropped":{}}})", i == 0 ? "" : ",", hook_name(static_cast<Hook>(i)), seen,
                       dropped);
  }
  const InputCounters& in = input.input;
  out += fmt::format(
      R"(}},"frames":{{"read":{},"filtered":{},"outgoing":{},"not_ip":{},"too_short":{},"snapped":{},"super":{}}})",
      in.frames, in.filtered, in.outgoing, in.not_ip, in.too_short, in.snapped, in.super);
  out += R"(,"rules":[)";
  std::string_view separator;
  for (const RuleHits& hit : most_hit(input)) {
    out +=
        fmt::format(R"({}{{"packets":{},"bytes":{},"table":{},"rule":{},"file":{},"line":{}}})", separator, hit.packets,
                    hit.bytes, json_quoted(hit.table), json_quoted(hit.text), json_quoted(hit.file), hit.line);
    separator = ",";
  }
  const ContentCounters content = input.engine.content_counters();
  out += fmt::format(R"(],"content":{{"found":{},"bounds_met":{},"unknown":{},"evasions":{}}})", content.found,
                     content.bounds_met, content.unknown, content.evasions);
  out += fmt::format(R"(,"refused":[{}],"modules":[{}],"log_lines":{},"nflog_packets":{},"damage":{}}})",
                     refusals_json(input), modules_json(input), input.log.lines, input.log.packets,
                     input.damage != nullptr ? json_quoted(input.damage->text()) : "null");
  return out + "\n";
}

}  // namespace sallyport::cli
