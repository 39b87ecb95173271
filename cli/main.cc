// The program: picks the subcommand.

#include <CLI/CLI.hpp>
#include <exception>

#include "commands.h"
#include "input.h"

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
