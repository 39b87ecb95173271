// The program: picks the subcommand.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <exception>
#include <string>
#include <vector>

#include "commands.h"
#include "help.h"
#include "input.h"
#include "manual.h"
#include "sallyport/nearest.h"

namespace {

// What a word that no command takes was perhaps meant to be.
void suggest(const CLI::App& app) {
  const CLI::App* command = &app;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
  std::vector<std::string> words;
  for (const CLI::App* sub : command->get_subcommands([](const CLI::App*) { return true; })) {
    words.push_back(sub->get_name());
  }
  for (const CLI::Option* option : command->get_options()) {
    for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
  }
  const std::vector<std::string_view> known(words.begin(), words.end());
  for (const std::string& word : app.remaining(true)) {
    const std::string_view near = sallyport::nearest(word, known);
    if (!near.empty()) fmt::print(stderr, "{}: did you mean {}?\n", word, near);
  }
}

int run(int argc, char** argv) {
  using namespace sallyport::cli;
  CLI::App app("netfilter in user space: an unchanged iptables ruleset over captures and live traffic", "sallyport");
  app.formatter(examples_first());
  app.require_subcommand(1);
  app.footer(
      "Examples:\n"
      "  sallyport rules check firewall.rules                                  is it right? all mistakes at once\n"
      "  sallyport replay -R firewall.rules -r traffic.pcapng                  what would these rules do?\n"
      "  sallyport test firewall.scenario                                      packets in, what must come of them\n"
      "  sallyport conntrack -L -p tcp --state SYN_RECV --from table.txt       conntrack(8)'s filters on any listing\n"
      "  sallyport replay --help                                               each command has examples of its own");
  app.set_version_flag("--version", SALLYPORT_VERSION);
  int exit_code = kDone;
  add_replay_command(app, exit_code);
  add_module_command(app, exit_code);
  add_rules_command(app, exit_code);
  add_host_command(app, exit_code);
  add_conntrack_command(app, exit_code);
  add_top_command(app, exit_code);
  add_test_command(app, exit_code);
  // Each prints its page and ends the program, as --help does.
  const auto add_page = [&app](const char* name, std::string (*page)(const CLI::App&), const char* what) {
    const auto print = [&app, page] {
      if (auto done = write_file("-", page(app)); !done) throw CLI::RuntimeError(done.error().what, kCannotRead);
      throw CLI::Success();
    };
    app.add_flag_callback(name, print, what);
  };
  add_page("--manual", manual_page, "print the manual page (man -l)");
  add_page("--completion", bash_completion, "print what bash needs to complete commands and options");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    if (app.exit(problem) == 0) return kDone;
    suggest(app);
    return kWrongUsage;
  }
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& problem) {
    sallyport::cli::print_error({.what = problem.what()});
    return sallyport::cli::kCannotRead;
  }
}
