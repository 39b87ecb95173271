// sallyport replay: a capture through a ruleset.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>

#include "commands.h"
#include "conntrack_arguments.h"
#include "hangup.h"
#include "input.h"
#include "mapped_file.h"
#include "module_path.h"
#include "progress.h"
#include "replay_commands.h"
#include "replay_input.h"
#include "replay_output.h"
#include "sallyport/event_output.h"
#include "sallyport/module_set.h"
#include "summary.h"

namespace sallyport::cli {
namespace {

constexpr size_t kBurst = 64;

// What stopped a replay before it began, and how the program exits for it.
struct Stop {
  Errors errors;
  int exit_code = kAnswerIsNo;
};
std::unexpected<Stop> stop(Error error, int exit_code) { return std::unexpected(Stop{{std::move(error)}, exit_code}); }

class Replay {
 public:
  explicit Replay(const ReplayArguments& arguments) : arguments_(arguments) {}

  std::expected<void, Stop> set_up() {
    if (auto done = check_arguments(); !done) return done;
    if (auto done = load_modules(); !done) return done;
    if (auto done = load_rules(arguments_.rules, Family::Ipv4); !done) return done;
    if (auto done = load_rules(arguments_.rules6, Family::Ipv6); !done) return done;
    auto input = ReplayInput::open(arguments_);
    if (!input) return stop(input.error(), kCannotRead);
    input_ = std::move(*input);
    if (auto good = input_->check_filter(); !good) return stop(good.error(), kWrongUsage);
    auto host = load_host();
    if (!host) return std::unexpected(host.error());
    if (auto done = open_events(); !done) return done;
    const bool follows = !arguments_.conntrack_events.empty() || !arguments_.expectation_events.empty();
    if (follows) {
      if (auto done = connection_events_.open(arguments_); !done) return stop(done.error(), kCannotRead);
    }
    auto engine = Engine::create({.rulesets = rulesets_,
                                  .host = std::move(*host),
                                  .seed = arguments_.seed,
                                  .checksums = arguments_.checksums,
                                  .follow_mappings = arguments_.follow,
                                  .super_packets = true,
                                  .evasions = arguments_.evasions,
                                  .log = &log_,
                                  .events = events_.get(),
                                  .connection_events = follows ? &connection_events_ : nullptr,
                                  .flows = true,
                                  .sink = &output_,
                                  .modules = &modules_});
    if (!engine) return std::unexpected(Stop{engine.error(), kAnswerIsNo});
    engine_ = std::move(*engine);
    if (events_ != nullptr) events_->name_interfaces_by(engine_->host());
    for (const std::string& warning : engine_->warnings()) fmt::print(stderr, "warning: {}\n", warning);
    for (const Family family : {Family::Ipv4, Family::Ipv6}) {
      for (const Hook hook : {Hook::Prerouting, Hook::Output}) {
        engine_->add_module(std::make_unique<FlowModule>(output_.flows_in), family, hook,
                            std::numeric_limits<int>::min());
      }
    }
    if (auto done = input_->attach(engine_->host(), arguments_.ingress); !done) return stop(done.error(), kWrongUsage);
    if (auto done = output_.open(arguments_, engine_->host(), input_->link()); !done)
      return stop(done.error(), kCannotRead);
    if (auto done = log_.open(arguments_, input_->link()); !done) return stop(done.error(), kCannotRead);
    return {};
  }

  int run() {
    const auto begin = std::chrono::steady_clock::now();
    if (auto done = lead_all_through(); !done) {
      print_errors(done.error());
      return kCannotRead;
    }
    seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    if (auto done = write_results(); !done) {
      print_error(done.error());
      return kCannotRead;
    }
    if (input_->damage() != nullptr) return kCannotRead;
    return commands_.refused() != 0 ? kAnswerIsNo : kDone;
  }

 private:
  std::expected<void, Stop> check_arguments() const {
    int on_stdout = 0;
    for (const std::string& path : {arguments_.output, arguments_.counters, arguments_.counters6, arguments_.conntrack,
                                    arguments_.conntrack_events, arguments_.expectation_events,
                                    arguments_.conntrack_stats, arguments_.log, arguments_.nflog}) {
      on_stdout += path == "-";
    }
    for (const std::string& path : arguments_.events) on_stdout += path == "-";
    on_stdout += arguments_.json;
    if (on_stdout > 1)
      return stop({.what = "two outputs on standard output", .expected = "one -, or --json alone"}, kWrongUsage);
    int on_stdin = arguments_.rules == "-";
    on_stdin += arguments_.rules6 == "-";
    on_stdin += arguments_.conntrack_from == "-";
    for (const std::string& path : arguments_.inputs) on_stdin += path == "-" || path.ends_with("=-");
    if (on_stdin > 1) return stop({.what = "two inputs from standard input", .expected = "one -"}, kWrongUsage);
    return {};
  }

  std::expected<void, Stop> load_modules() {
    if (arguments_.isolate) modules_.isolate_all();
    for (const std::string& text : arguments_.modules) {
      if (auto done = modules_.add(text, module_path(arguments_.module_path)); !done) {
        return stop(done.error(), kAnswerIsNo);
      }
    }
    for (const std::string& text : arguments_.commands) {
      if (auto done = commands_.add(text, modules_); !done) return stop(done.error(), kWrongUsage);
    }
    return {};
  }

  std::expected<void, Stop> load_rules(const std::string& path, Family family) {
    if (path.empty()) return {};
    auto text = read_file(path);
    if (!text) return stop(text.error(), kCannotRead);
    auto ruleset = read_ruleset(*text, path, family, modules_.registry());
    if (!ruleset) return std::unexpected(Stop{ruleset.error(), kAnswerIsNo});
    rulesets_.push_back(std::move(*ruleset));
    return {};
  }

  std::expected<HostModel, Stop> load_host() const {
    if (arguments_.host.empty()) {
      auto names = input_->interface_names();
      return names.size() == 2 ? HostModel::pair(names[0], names[1]) : HostModel::pair("in0", "out0");
    }
    auto text = read_file(arguments_.host);
    if (!text) return stop(text.error(), kCannotRead);
    std::vector<std::string> warnings;
    auto host = read_host_model(*text, arguments_.host, warnings);
    for (const std::string& warning : warnings) fmt::print(stderr, "warning: {}\n", warning);
    if (!host) return std::unexpected(Stop{host.error(), kAnswerIsNo});
    return std::move(*host);
  }

  std::expected<void, Stop> open_events() {
    if (arguments_.events.empty()) return {};
    auto output = EventOutput::open({.to = arguments_.events,
                                     .seed = arguments_.seed,
                                     .eve_strict = arguments_.eve_strict,
                                     .truncate = true,
                                     .wait = true});
    if (!output) return stop(output.error(), kCannotRead);
    events_ = std::move(*output);
    hangup_.emplace();
    return {};
  }

  // The table to begin with is that of the moment at which the first packet comes.
  Results<void> restore_connections(Timestamp time) {
    if (arguments_.conntrack_from.empty()) return {};
    const auto file = MappedFile::open(arguments_.conntrack_from);
    if (!file) return std::unexpected(Errors{file.error()});
    engine_->clock().advance_to(time);
    const auto restored = engine_->restore_connections(file->text(), arguments_.conntrack_from);
    if (!restored) return std::unexpected(restored.error());
    if (*restored == 0)
      fmt::print(stderr, "warning: no connection of {} is in the table: it has none, or no rule needs any\n",
                 arguments_.conntrack_from);
    return {};
  }

  Results<void> lead_all_through() {
    Progress progress("replaying");
    std::vector<Packet> packets(kBurst);
    bool first = true;
    while (true) {
      const auto burst = input_->read(packets);
      if (std::exchange(first, false)) {
        auto done = restore_connections(burst.packets != 0 ? packets[0].time : 0);
        if (!done) return done;
      }
      if (burst.end) break;
      auto passed = input_->passed().begin();
      for (size_t i = 0; i <= burst.packets; ++i) {
        for (; passed != input_->passed().end() && passed->before == i; ++passed) {
          output_.pass(passed->bytes, passed->original_length, engine_->host().pair_of(passed->in), passed->time);
        }
        if (i == burst.packets) break;
        output_.set_time(packets[i].time);
        commands_.give_before(packets[i], *engine_);
        engine_->process({&packets[i], 1});
      }
      if (hangup_ && hangup_->asked()) events_->reopen();
      progress.show(input_->progress(), engine_->counters().packets);
    }
    return {};
  }

  Result<void> write_results() {
    commands_.give_last(*engine_);
    if (auto done = output_.finish(); !done) return done;
    if (auto done = log_.finish(); !done) return done;
    if (auto done = connection_events_.finish(); !done) return done;
    if (events_ != nullptr) {
      engine_->tell_statistics();
      if (auto done = events_->finish(); !done) return done;
    }
    for (const auto& [path, family] :
         {std::pair(arguments_.counters, Family::Ipv4), std::pair(arguments_.counters6, Family::Ipv6)}) {
      const Ruleset* ruleset = path.empty() ? nullptr : engine_->ruleset(family);
      if (path.empty()) continue;
      if (auto done = write_file(path, ruleset != nullptr ? save_ruleset(*ruleset, true) : ""); !done) return done;
    }
    if (!arguments_.conntrack.empty()) {
      if (auto done = write_file(arguments_.conntrack, engine_->connection_listing(arguments_.conntrack_style)); !done)
        return done;
    }
    if (auto done = write_state_listings(); !done) return done;
    if (!arguments_.conntrack_stats.empty()) {
      if (auto done = write_file(arguments_.conntrack_stats, engine_->connection_counters().text()); !done) return done;
    }
    const SummaryInput summary{arguments_, input_->counters(), output_,  log_,
                               *engine_,   rulesets_,          seconds_, input_->damage()};
    if (arguments_.json) return write_file("-", summary_json(summary));
    fmt::print(stderr, "{}", summary_text(summary));
    return {};
  }

  Result<void> write_state_listings() {
    if (arguments_.proc_net.empty()) return {};
    for (const StateListing& listing : engine_->state_listings()) {
      const std::filesystem::path path = std::filesystem::path(arguments_.proc_net) / listing.file;
      std::error_code problem;
      std::filesystem::create_directories(path.parent_path(), problem);
      if (problem) return fail(fmt::format("cannot make {}: {}", path.parent_path().string(), problem.message()));
      if (auto done = write_file(path.string(), listing.text); !done) return done;
    }
    return {};
  }

  const ReplayArguments& arguments_;
  ModuleSet modules_;  // outlives all that was made by them
  ReplayCommands commands_;
  std::vector<Ruleset> rulesets_;
  std::unique_ptr<ReplayInput> input_;
  ReplayOutput output_;
  ReplayLog log_;
  ReplayConnectionEvents connection_events_;
  std::unique_ptr<EventOutput> events_;
  std::optional<Hangup> hangup_;
  std::unique_ptr<Engine> engine_;
  double seconds_ = 0;
};

int replay(const ReplayArguments& arguments) {
  Replay replay(arguments);
  if (auto done = replay.set_up(); !done) {
    print_errors(done.error().errors);
    return done.error().exit_code;
  }
  return replay.run();
}

}  // namespace

void add_replay_command(CLI::App& app, int& exit_code) {
  CLI::App& command = *app.add_subcommand("replay", "leads a capture through an unchanged iptables ruleset");
  command.footer(
      "Examples:\n"
      "  sallyport replay -R firewall.rules -r traffic.pcapng                 what would these rules do?\n"
      "  sallyport replay -R firewall.rules -r traffic.pcapng -w out.pcapng   and what leaves\n"
      "  sallyport replay -R firewall.rules --host gateway.toml -r wan=a.pcap -r lan=b.pcap --counters -\n"
      "  sallyport replay -R gateway.rules -r traffic.pcapng --module honeypot --command '+30s honeypot release "
      "192.0.2.1'\n"
      "  sallyport replay -R firewall.rules -r traffic.pcapng --evasions -e - who slipped past -m string, and how\n"
      "  tcpdump -w - | sallyport replay -R firewall.rules -r - tcp port 80\n"
      "\nstdout carries data only; the summary goes to stderr.\n"
      "Exit: 0 done, 1 the rules or a command are refused, 2 wrong usage, 3 an input cannot be read or is cut off.");
  auto arguments = std::make_shared<ReplayArguments>();
  command.add_option("-R,--rules", arguments->rules, "iptables-save text");
  command.add_option("-6,--rules6", arguments->rules6, "ip6tables-save text");
  command.add_option("-r,--read", arguments->inputs, "a capture; NAME=FILE gives all its frames the interface NAME")
      ->required()
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_option("-w,--write", arguments->output, "what leaves, as pcapng (pcap for a name that ends in .pcap)");
  command.add_option("--host", arguments->host, "the host model; without it, a pair of interfaces in0 and out0");
  command.add_option("--ingress", arguments->ingress,
                     "where packets enter that do not say by which interface they came");
  command.add_option("--counters", arguments->counters,
                     "the rules with their counters afterwards, as iptables-save -c");
  command.add_option("--counters6", arguments->counters6, "likewise for -6");
  command.add_option("--conntrack", arguments->conntrack,
                     "the connection table afterwards, as /proc/net/nf_conntrack lists it");
  auto style = std::make_shared<std::string>();
  command.add_option("--conntrack-format", *style, "another form for it: whatever sallyport conntrack -o takes")
      ->needs("--conntrack");
  command.add_option("--conntrack-events", arguments->conntrack_events,
                     "what happened to connections, as conntrack -E lists it");
  auto events_style = std::make_shared<std::string>();
  command.add_option("--conntrack-events-format", *events_style, "another form for it, as --conntrack-format")
      ->needs("--conntrack-events");
  command.add_option("--expectation-events", arguments->expectation_events,
                     "which connections helpers expected, as conntrack -E expect -o timestamp lists it");
  command.add_option("--conntrack-from", arguments->conntrack_from,
                     "a table to begin with: any listing that sallyport conntrack reads");
  command.add_option("--conntrack-stats", arguments->conntrack_stats,
                     "its counters afterwards, for sallyport conntrack -S --from");
  command.add_option("--proc-net", arguments->proc_net,
                     "a folder for what -m recent and -m hashlimit keep afterwards, in files as /proc/net has them");
  command.add_option("--log", arguments->log, "the lines of LOG and TRACE");
  command.add_option("--nflog", arguments->nflog, "the packets of NFLOG, as pcapng");
  command
      .add_option("-e,--events", arguments->events,
                  "structured events, a JSON object a line: FILE, -, unix:PATH or syslog; may be given again")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_flag("--evasions", arguments->evasions, "events of flows in which -m string missed what the stream held")
      ->needs("--events");
  command.add_flag("--eve-strict", arguments->eve_strict, "only what Suricata's EVE schema has");
  command
      .add_option("--module", arguments->modules, "a module with its options: NAME[:key=value,...]; may be given again")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  add_module_path(command, arguments->module_path);
  command
      .add_flag("--isolate", arguments->isolate,
                "each module in a process of its own, which may crash; NAME:isolate for one of them")
      ->needs("--module");
  command
      .add_option(
          "--command", arguments->commands,
          "a command for a module, \"WHEN MODULE WORDS\"; WHEN is +TIME behind the first packet, #N before packet "
          "N, or end; may be given again")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->needs("--module");
  command.add_option("--seed", arguments->seed, "of everything that is left to chance")->capture_default_str();
  command.add_flag("--all", arguments->all,
                   "write dropped and delivered packets too, each with its verdict as a comment");
  command.add_flag(
      "--follow", arguments->follow,
      "recorded answers follow connections that the rules map elsewhere: they are taken for the new peer's");
  command.add_flag("--json", arguments->json, "the summary as JSON on stdout");
  const std::map<std::string, Checksums> modes{
      {"verify", Checksums::Verify}, {"trust", Checksums::Trust}, {"repair", Checksums::Repair}};
  command.add_option("--checksums", arguments->checksums, "verify, trust or repair what the capture holds")
      ->transform(CLI::CheckedTransformer(modes))
      ->option_text("MODE");
  auto expression = std::make_shared<std::vector<std::string>>();
  command.add_option("EXPRESSION", *expression, "a BPF expression, as tcpdump takes it");
  command.callback([arguments, expression, style, events_style, &exit_code] {
    for (const auto& [text, given] : {std::pair(*style, &arguments->conntrack_style),
                                      std::pair(*events_style, &arguments->conntrack_events_style)}) {
      if (text.empty()) continue;
      *given = {};
      if (auto done = parse_style(text, *given); !done) {
        print_error(done.error());
        exit_code = kWrongUsage;
        return;
      }
    }
    arguments->filter = fmt::format("{}", fmt::join(*expression, " "));
    if (arguments->rules.empty() && arguments->rules6.empty()) throw CLI::RequiredError("-R or -6");
    exit_code = replay(*arguments);
  });
}

}  // namespace sallyport::cli
