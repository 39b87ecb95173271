// The program: picks the subcommand.

#include <CLI/CLI.hpp>
#include <exception>

#include "commands.h"
#include "input.h"
#include "manual.h"

int main(int argc, char** argv) {
  using namespace sallyport::cli;
  CLI::App app("netfilter in user space: an unchanged iptables ruleset over captures and live traffic", "sallyport");
  app.require_subcommand(1);
  app.set_version_flag("--version", SALLYPORT_VERSION);
  int exit_code = kDone;
  add_replay_command(app, exit_code);
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
    return app.exit(problem) == 0 ? kDone : kWrongUsage;
  } catch (const std::exception& problem) {
    print_error({.what = problem.what()});
    return kCannotRead;
  }
  return exit_code;
}
