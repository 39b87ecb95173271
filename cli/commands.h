// The subcommands: each adds itself to the program and leaves its exit code where it is told.
#pragma once

namespace CLI {
class App;
}

namespace sallyport::cli {

void add_conntrack_command(CLI::App& app, int& exit_code);
void add_host_command(CLI::App& app, int& exit_code);
void add_module_command(CLI::App& app, int& exit_code);
void add_replay_command(CLI::App& app, int& exit_code);
void add_rules_command(CLI::App& app, int& exit_code);
void add_top_command(CLI::App& app, int& exit_code);
void add_test_command(CLI::App& app, int& exit_code);

}  // namespace sallyport::cli
