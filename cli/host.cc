// sallyport host: the machine that the rules are to stand on.

#include "sallyport/host.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "commands.h"
#include "input.h"

namespace sallyport::cli {
namespace {

int snapshot() {
  std::vector<std::string> warnings;
  const auto model = snapshot_host(warnings);
  for (const std::string& warning : warnings) fmt::print(stderr, "warning: {}\n", warning);
  if (!model) {
    print_error(model.error());
    return kNoPrivilege;
  }
  if (auto done = write_file("-", host_model_text(*model)); !done) {
    print_error(done.error());
    return kCannotRead;
  }
  return kDone;
}

}  // namespace

void add_host_command(CLI::App& app, int& exit_code) {
  CLI::App& host = *app.add_subcommand("host", "the host model: interfaces, addresses, routes, sysctls");
  host.require_subcommand(1);
  host.footer(
      "Examples:\n"
      "  sallyport host snapshot >gateway.toml                      on the gateway\n"
      "  sallyport replay -R firewall.rules --host gateway.toml -r traffic.pcapng      anywhere");
  host.add_subcommand("snapshot", "prints this machine's model as TOML, for replay --host")->callback([&exit_code] {
    exit_code = snapshot();
  });
}

}  // namespace sallyport::cli
