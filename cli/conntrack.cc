// sallyport conntrack: conntrack(8) for listings, a file's or this machine's own.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "commands.h"
#include "connection_source.h"
#include "conntrack_arguments.h"
#include "conntrack_statistics.h"
#include "input.h"
#include "sallyport/connection_filter.h"
#include "sallyport/connection_text.h"

namespace sallyport::cli {
namespace {

using Command = ConntrackCommand;

constexpr std::string_view kHelp = R"(sallyport conntrack: lists, searches and changes connections, as conntrack(8) does

Examples:
  sallyport conntrack -L -p tcp --state SYN_RECV --from table.txt
  sallyport conntrack -L -o json | jq .dest_port
  sallyport conntrack -D -s 203.0.113.0/24 --from table.txt > without.txt

Usage
  sallyport conntrack -L|-G|-C|-S|-E|-D|-U|-F [FILTERS] [-o FORMAT] [--from FILE]

Commands
  -L, --dump      list the connections           -D, --delete   without those that the filters choose
  -G, --get       show one, by its addresses     -U, --update   with -t, -m, -u, --state changed in those
  -C, --counter   how many there are             -F, --flush    without any, or without a family's (-f)
  -S, --stats     what the counters say          -E, --event    list recorded events (-e NEW,UPDATES,DESTROY)
Where from
  --from FILE     a listing: /proc/net/nf_conntrack, ip_conntrack of Linux 2.4, conntrack -L or -E with any -o but
                  xml and save; - is standard input. Without it: this machine's own table, as root.
                  -D, -U and -F print the table as it is afterwards; the file itself is never changed.
Filters: all must hold
  -s, -d ADDRESS[/MASK]   original source, destination      -r, -q ADDRESS   reply source, destination
  --mask-src, --mask-dst MASK                               -f ipv4|ipv6     family
  -p PROTOCOL             tcp, udp, udplite, sctp, dccp, icmp, icmpv6, gre, or a number; with it:
     --sport, --dport, --reply-port-src, --reply-port-dst PORT; --state STATE
     --icmp-type, --icmp-code, --icmp-id N; --icmpv6-type, ...; --srckey, --dstkey, --reply-key-src, --reply-key-dst KEY
  -n, -g, -j [ADDRESS[:PORT]]   source, destination, any translation
  -m MARK[/MASK]   -u STATUS[,!STATUS]   -w, --orig-zone, --reply-zone ZONE   -l LABEL[,LABEL]   -i ID   -t SECONDS
Formats (-o)
  conntrack (the one without -o), extended, id, labels, timestamp, ktimestamp, xml, save; nf_conntrack, ip_conntrack, json
)";

// Writes to standard output in pieces.
class Output {
 public:
  ~Output() { flush(); }
  Output() = default;
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void line(std::string_view text) {
    text_ += text;
    text_ += '\n';
    if (text_.size() > kPiece) flush();
  }
  void raw(std::string_view text) { text_ += text; }
  void connection(const ConnectionRecord& record, const ConnectionStyle& style) {
    write_connection(record, style, text_);
    line("");
  }
  bool flush() {
    good_ = std::fwrite(text_.data(), 1, text_.size(), stdout) == text_.size() && std::fflush(stdout) == 0 && good_;
    text_.clear();
    return good_;
  }

 private:
  static constexpr size_t kPiece = 1 << 16;
  std::string text_ = {};
  bool good_ = true;
};

void say(uint64_t count, std::string_view what) {
  fmt::print(stderr, "sallyport conntrack v{}: {} {}\n", SALLYPORT_VERSION, count, what);
}

bool event_wanted(const ConntrackArguments& arguments, const ConnectionRecord& record) {
  switch (record.event) {
    case ListedEvent::New:
      return arguments.wants_new;
    case ListedEvent::Update:
      return arguments.wants_update;
    case ListedEvent::Destroy:
      return arguments.wants_destroy;
    case ListedEvent::None:
      break;
  }
  return false;
}

int list(const ConntrackArguments& arguments, ConnectionReader& reader) {
  Output output;
  ConnectionRecord record;
  uint64_t shown = 0;
  const bool events = arguments.command == Command::Events;
  while (reader.next(record)) {
    if (!arguments.filter.matches(record) || (events && !event_wanted(arguments, record))) continue;
    if (shown++ == 0) output.raw(listing_head(arguments.style.form));
    output.connection(record, arguments.style);
    if (arguments.command == Command::Get) break;
  }
  if (shown != 0) output.raw(listing_tail(arguments.style.form));
  output.flush();
  say(shown, events ? "flow events have been shown." : "flow entries have been shown.");
  const int bad = report_bad_lines(reader);
  if (bad == kDone && arguments.command == Command::Get && shown == 0) {
    print_error({.what = "such a connection does not exist"});
    return kAnswerIsNo;
  }
  return bad;
}

// The form in which a line stands, so that it can be written anew after a change.
ConnectionStyle style_of(const ConnectionRecord& record, std::string_view line) {
  ConnectionStyle own;
  own.extended = line.starts_with("ipv");
  own.id = own.labels = own.timestamp = own.kernel_timestamp = true;
  ConnectionStyle kernel, old;
  kernel.form = ConnectionForm::NfConntrack;
  old.form = ConnectionForm::IpConntrack;
  for (const ConnectionStyle& style : {kernel, own, old}) {
    std::string text;
    write_connection(record, style, text);
    if (text == line) return style;
  }
  return own.extended && line.find(" zone") != std::string_view::npos ? kernel : own;
}

// -D, -U, -F: what the table is like afterwards, in the form of the file.
int change(const ConntrackArguments& arguments, ConnectionReader& reader) {
  Output output;
  ConnectionRecord record;
  uint64_t changed = 0, left = 0;
  const auto keep = [&](const ConnectionStyle* style) {
    if (left++ == 0 && arguments.style_given) output.raw(listing_head(arguments.style.form));
    if (style != nullptr) return output.connection(record, *style);
    output.line(reader.line());
  };
  const ConnectionStyle* const asked = arguments.style_given ? &arguments.style : nullptr;
  while (reader.next(record)) {
    if (!arguments.filter.matches(record)) {
      keep(asked);
    } else if (arguments.command == Command::Update) {
      const ConnectionStyle own = asked != nullptr ? *asked : style_of(record, reader.line());
      const bool different = arguments.change.apply(record);
      if (different) ++changed;
      keep(different ? &own : asked);
    } else {
      ++changed;
    }
  }
  if (left != 0 && arguments.style_given) output.raw(listing_tail(arguments.style.form));
  output.flush();
  if (arguments.command == Command::Flush) {
    fmt::print(stderr, "sallyport conntrack v{}: connection tracking table has been emptied.\n", SALLYPORT_VERSION);
    return report_bad_lines(reader);
  }
  say(changed,
      arguments.command == Command::Update ? "flow entries have been updated." : "flow entries have been deleted.");
  const int bad = report_bad_lines(reader);
  return bad == kDone && changed == 0 ? kAnswerIsNo : bad;
}

int count(ConnectionReader& reader) {
  ConnectionRecord record;
  uint64_t found = 0;
  while (reader.next(record)) ++found;
  fmt::print("{}\n", found);
  return report_bad_lines(reader);
}

int run(const ConntrackArguments& arguments) {
  const bool changes = arguments.command == Command::Delete || arguments.command == Command::Update ||
                       arguments.command == Command::Flush;
  if (arguments.from.empty() && changes) {
    print_error({.what = "this machine's own table is not changed here",
                 .expected = "--from FILE with a listing, or conntrack(8)"});
    return kNoPrivilege;
  }
  if (arguments.from.empty() && arguments.command == Command::Events) {
    print_error(
        {.what = "there are no events without a source", .expected = "--from FILE with what conntrack -E printed"});
    return kNoPrivilege;
  }
  if (arguments.command == Command::Stats && arguments.from.empty()) return own_statistics();
  int exit_code = kDone;
  const auto file = open_connections(arguments.from, exit_code);
  if (!file) {
    print_error(file.error());
    return exit_code;
  }
  if (arguments.command == Command::Stats) return statistics(file->text(), arguments.from);
  ConnectionReader reader(file->text(), arguments.from.empty() ? kOwnTable : std::string_view(arguments.from));
  if (arguments.command == Command::Count) return count(reader);
  return changes ? change(arguments, reader) : list(arguments, reader);
}

int run_words(std::vector<std::string> words) {
  const auto arguments = parse_conntrack_arguments(words);
  if (!arguments) {
    print_error(arguments.error());
    fmt::print(stderr, "sallyport conntrack --help says more\n");
    return kWrongUsage;
  }
  if (arguments->command == Command::Help) {
    fmt::print("{}", kHelp);
    return kDone;
  }
  return run(*arguments);
}

}  // namespace

void add_conntrack_command(CLI::App& app, int& exit_code) {
  CLI::App& conntrack =
      *app.add_subcommand("conntrack", "lists, searches and changes connections, as conntrack(8) does");
  conntrack.set_help_flag();
  conntrack.prefix_command();
  conntrack.callback([&conntrack, &exit_code] { exit_code = run_words(conntrack.remaining()); });
}

}  // namespace sallyport::cli
