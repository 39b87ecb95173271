// sallyport top: what a table of connections amounts to.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "commands.h"
#include "connection_source.h"
#include "conntrack_arguments.h"
#include "input.h"
#include "live_view.h"
#include "sallyport/connection_summary.h"

namespace sallyport::cli {
namespace {

// From this share on a full table is near.
constexpr double kNearlyFull = 0.8;

struct TopArguments {
  std::string from;
  std::string filter;
  std::string sort = "connections";
  uint64_t max = 0;
  uint64_t rows = 5;
  bool once = false;
  bool plain = false;
  bool json = false;
  uint32_t every_s = 2;
  bool live = false;  // on a terminal, shown anew until the reader has enough
};

struct Top {
  const ConnectionSummary& summary;
  SummaryOrder order;
  uint64_t max;
  size_t rows;
};

// "13,204,511" is easier to compare than 13204511.
std::string grouped(uint64_t number) {
  std::string text = std::to_string(number);
  for (size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

double share(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::string fill_text(const Top& top) {
  const uint64_t entries = top.summary.totals().connections;
  if (top.max == 0) return "its bound is not known: --max N, nf_conntrack_max of the machine";
  const double filled = share(entries, top.max);
  std::string text = fmt::format("{:.0f} % of {}", filled * 100, grouped(top.max));
  if (filled >= 1) return text + "   WARNING: full; new connections are dropped";
  if (filled >= kNearlyFull) text += "   WARNING: nearly full; when it is, new connections are dropped";
  return text;
}

std::string protocol_text(uint8_t protocol) {
  const std::string_view name = listed_protocol_name(protocol);
  return name == "unknown" ? fmt::format("proto {}", protocol) : std::string(name);
}

std::string states_text(const ConnectionSummary& summary, uint8_t protocol) {
  std::string text;
  for (size_t state = 1; state < kListedStates; ++state) {
    const auto in_state = static_cast<ListedState>(state);
    if (const uint64_t count = summary.in_state(protocol, in_state))
      text += fmt::format("  {} {}", state_text(in_state), grouped(count));
  }
  return text;
}

void add_protocols(const Top& top, std::string& out) {
  out += "\nprotocol    connections    unreplied  states\n";
  for (int protocol = 0; protocol < 256; ++protocol) {
    const auto number = static_cast<uint8_t>(protocol);
    if (top.summary.of_protocol(number) == 0) continue;
    out += fmt::format("{:<10} {:>12} {:>12}{}\n", protocol_text(number), grouped(top.summary.of_protocol(number)),
                       grouped(top.summary.unreplied_of(number)), states_text(top.summary, number));
  }
}

void add_addresses(std::string_view title, const std::vector<AddressCount>& addresses, const Top& top,
                   std::string& out) {
  const bool counted = top.summary.totals().with_counters != 0;
  out += fmt::format("\n{:<40} connections    unreplied{}\n", title, counted ? "          bytes" : "");
  for (const AddressCount& one : addresses) {
    out += fmt::format("{:<40} {:>11} {:>12}", one.address.text(), grouped(one.connections), grouped(one.unreplied));
    out += counted ? fmt::format(" {:>14}\n", grouped(one.bytes)) : "\n";
  }
}

void add_spread(std::string_view title, const Spread& spread, std::string& out) {
  constexpr std::string_view kNames[] = {"<10s", "<30s", "<2m", "<10m", "<1h", "<1d", "<5d", "more"};
  out += fmt::format("{:<9}", title);
  for (size_t i = 0; i < spread.size(); ++i) {
    if (spread[i] != 0) out += fmt::format(" {} {} ", kNames[i], grouped(spread[i]));
  }
  out += '\n';
}

std::string top_text(const Top& top) {
  const SummaryTotals& totals = top.summary.totals();
  std::string out = fmt::format("{} connections ({} IPv4, {} IPv6); {}\n", grouped(totals.connections),
                                grouped(totals.by_family[0]), grouped(totals.by_family[1]), fill_text(top));
  out += fmt::format("{} half-open  {} unreplied  {} assured  {} offloaded\n", grouped(totals.half_open),
                     grouped(totals.unreplied), grouped(totals.assured), grouped(totals.offloaded));
  out += fmt::format("translated: {} source  {} destination  {} both\n", grouped(totals.source_nat),
                     grouped(totals.destination_nat), grouped(totals.both_nat));
  if (totals.with_counters != 0)
    out += fmt::format("{} packets  {} bytes\n", grouped(totals.packets), grouped(totals.bytes));
  add_protocols(top, out);
  add_addresses(fmt::format("source ({} of {})", std::min<uint64_t>(top.rows, top.summary.sources()),
                            grouped(top.summary.sources())),
                top.summary.top_sources(top.rows, top.order), top, out);
  add_addresses(fmt::format("destination ({} of {})", std::min<uint64_t>(top.rows, top.summary.destinations()),
                            grouped(top.summary.destinations())),
                top.summary.top_destinations(top.rows, top.order), top, out);
  if (top.summary.address_error() != 0)
    out += fmt::format("(too many addresses to count each: a count may be up to {} too low)\n",
                       grouped(top.summary.address_error()));
  out += "\nport             connections\n";
  for (const PortCount& one : top.summary.top_ports(top.rows)) {
    out += fmt::format("{:<12} {:>15}\n", fmt::format("{} {}", protocol_text(one.protocol), one.port),
                       grouped(one.connections));
  }
  out += '\n';
  add_spread("timeout", totals.timeout, out);
  if (totals.with_age != 0) {
    add_spread("age", totals.age, out);
  } else {
    out += "age       not listed: the kernel keeps it where net.netfilter.nf_conntrack_timestamp is 1\n";
  }
  return out;
}

std::string spread_json(const Spread& spread) {
  std::string out = "[";
  for (size_t i = 0; i < spread.size(); ++i) {
    out += fmt::format(R"({}{{"below":{},"connections":{}}})", i == 0 ? "" : ",",
                       i < kSpreadBounds.size() ? std::to_string(kSpreadBounds[i]) : "null", spread[i]);
  }
  return out + "]";
}

std::string addresses_json(const std::vector<AddressCount>& addresses) {
  std::string out = "[";
  for (const AddressCount& one : addresses) {
    out += fmt::format(R"({}{{"ip":"{}","connections":{},"unreplied":{},"bytes":{}}})", out.size() == 1 ? "" : ",",
                       one.address.text(), one.connections, one.unreplied, one.bytes);
  }
  return out + "]";
}

std::string protocols_json(const ConnectionSummary& summary) {
  std::string out = "[";
  for (int protocol = 0; protocol < 256; ++protocol) {
    const auto number = static_cast<uint8_t>(protocol);
    if (summary.of_protocol(number) == 0) continue;
    out += fmt::format(R"({}{{"protocol":{},"name":"{}","connections":{},"unreplied":{},"states":{{)",
                       out.size() == 1 ? "" : ",", protocol, listed_protocol_name(number), summary.of_protocol(number),
                       summary.unreplied_of(number));
    std::string_view separator;
    for (size_t state = 1; state < kListedStates; ++state) {
      const auto in_state = static_cast<ListedState>(state);
      if (summary.in_state(number, in_state) == 0) continue;
      out += fmt::format(R"({}"{}":{})", separator, state_text(in_state), summary.in_state(number, in_state));
      separator = ",";
    }
    out += "}}";
  }
  return out + "]";
}

std::string top_json(const Top& top) {
  const SummaryTotals& totals = top.summary.totals();
  std::string out = fmt::format(
      R"({{"connections":{},"ipv4":{},"ipv6":{},"half_open":{},"unreplied":{},"assured":{},"offloaded":{},)",
      totals.connections, totals.by_family[0], totals.by_family[1], totals.half_open, totals.unreplied, totals.assured,
      totals.offloaded);
  out += fmt::format(R"("source_nat":{},"destination_nat":{},"both_nat":{},"packets":{},"bytes":{},)",
                     totals.source_nat, totals.destination_nat, totals.both_nat, totals.packets, totals.bytes);
  const double filled = share(totals.connections, top.max);
  out += top.max == 0
             ? std::string(R"("max":null,"fill":null,"nearly_full":null,)")
             : fmt::format(R"("max":{},"fill":{:.4f},"nearly_full":{},)", top.max, filled, filled >= kNearlyFull);
  out += fmt::format(R"("protocols":{},"sources":{},"top_sources":{},"destinations":{},"top_destinations":{},)",
                     protocols_json(top.summary), top.summary.sources(),
                     addresses_json(top.summary.top_sources(top.rows, top.order)), top.summary.destinations(),
                     addresses_json(top.summary.top_destinations(top.rows, top.order)));
  out += R"("top_ports":[)";
  std::string_view separator;
  for (const PortCount& one : top.summary.top_ports(top.rows)) {
    out += fmt::format(R"({}{{"proto":"{}","port":{},"connections":{}}})", separator,
                       listed_protocol_name(one.protocol), one.port, one.connections);
    separator = ",";
  }
  return out +
         fmt::format(R"(],"address_error":{},"timeouts":{},"ages":{}}})", top.summary.address_error(),
                     spread_json(totals.timeout), totals.with_age != 0 ? spread_json(totals.age) : "null") +
         "\n";
}

// The machine's own bound, where the table is the machine's own.
uint64_t own_bound() {
  const auto text = read_file("/proc/sys/net/netfilter/nf_conntrack_max");
  uint64_t bound = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), bound);
  return bound;
}

// What the table amounts to as it is now; `exit_code` is set where it cannot be had or not all of it was read.
Result<std::string> describe(const TopArguments& arguments, const std::optional<ConnectionFilter>& filter,
                             int& exit_code) {
  const auto file = open_connections(arguments.from, exit_code);
  if (!file) return std::unexpected(file.error());
  ConnectionReader reader(file->text(), arguments.from.empty() ? kOwnTable : std::string_view(arguments.from));
  ConnectionSummary summary;
  ConnectionRecord record;
  while (reader.next(record)) {
    if (!filter || filter->matches(record)) summary.add(record);
  }
  const Top top{.summary = summary,
                .order = arguments.sort == "bytes"       ? SummaryOrder::Bytes
                         : arguments.sort == "unreplied" ? SummaryOrder::Unreplied
                                                         : SummaryOrder::Connections,
                .max = arguments.max != 0       ? arguments.max
                       : arguments.from.empty() ? own_bound()
                                                : 0,
                .rows = arguments.rows};
  if (arguments.live) {
    if (reader.bad_lines() == 0) return top_text(top);
    return fmt::format("{}\n{} lines are no connections\n", top_text(top), reader.bad_lines());
  }
  exit_code = report_bad_lines(reader);
  return arguments.json ? top_json(top) : top_text(top);
}

int watch(const TopArguments& arguments, const std::optional<ConnectionFilter>& filter) {
  int exit_code = kDone;
  auto text = describe(arguments, filter, exit_code);
  if (!text) {
    print_error(text.error());
    return exit_code;
  }
  const std::string_view name = arguments.from.empty() ? kOwnTable : std::string_view(arguments.from);
  const LiveView view;
  while (true) {
    // What is not there now may be there again the next time.
    const std::string page = fmt::format("{}   every {} s, q ends\n\n{}", name, arguments.every_s,
                                         text ? *text : text.error().text() + "\n");
    if (!view.show(page, std::chrono::seconds(arguments.every_s))) return kDone;
    text = describe(arguments, filter, exit_code);
  }
}

int run(TopArguments& arguments) {
  std::optional<ConnectionFilter> filter;
  if (!arguments.filter.empty()) {
    auto parsed = parse_filter_text(arguments.filter);
    if (!parsed) {
      print_error(parsed.error());
      return kWrongUsage;
    }
    filter = std::move(*parsed);
  }
  // Standard input can be read but once.
  arguments.live =
      !arguments.once && !arguments.plain && !arguments.json && arguments.from != "-" && LiveView::possible();
  if (arguments.live) return watch(arguments, filter);
  int exit_code = kDone;
  const auto text = describe(arguments, filter, exit_code);
  if (!text) {
    print_error(text.error());
    return exit_code;
  }
  if (auto done = write_file("-", *text); !done) {
    print_error(done.error());
    return kCannotRead;
  }
  return exit_code;
}

}  // namespace

void add_top_command(CLI::App& app, int& exit_code) {
  CLI::App& top = *app.add_subcommand("top", "what a table of connections amounts to");
  auto arguments = std::make_shared<TopArguments>();
  top.add_option("--from", arguments->from, "a listing; - is standard input (default: this machine's own table)");
  top.add_option("--filter", arguments->filter, "only these: conntrack(8)'s filters, such as '-p tcp -s 10.0.0.0/8'");
  top.add_option("--sort", arguments->sort, "connections, unreplied or bytes")
      ->check(CLI::IsMember({"connections", "unreplied", "bytes"}));
  top.add_option("--max", arguments->max, "nf_conntrack_max of the machine: says how full the table is");
  top.add_option("-n,--rows", arguments->rows, "how many addresses and ports")->check(CLI::Range(1, 1000));
  top.add_flag("--once", arguments->once, "print and end, also on a terminal");
  top.add_flag("--plain", arguments->plain, "likewise, without anything that a terminal alone understands");
  top.add_option("--every", arguments->every_s, "seconds between two looks at the table, on a terminal")
      ->check(CLI::Range(1, 86400));
  top.add_flag("--json", arguments->json, "one JSON object");
  top.footer("Example:\n  sallyport top --from /proc/net/nf_conntrack --max 262144 --sort unreplied");
  top.callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

}  // namespace sallyport::cli
