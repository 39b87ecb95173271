// sallyport rules: looks at a ruleset without running it.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "commands.h"
#include "input.h"
#include "rule_words.h"
#include "sallyport/ruleset.h"

namespace sallyport::cli {
namespace {

struct RulesArguments {
  std::string file;
  bool ipv6 = false;
  bool counters = false;
};

Results<Ruleset> load(const RulesArguments& arguments, int& exit_code) {
  auto text = read_file(arguments.file);
  if (!text) {
    exit_code = kCannotRead;
    return std::unexpected(Errors{text.error()});
  }
  exit_code = kAnswerIsNo;
  return read_ruleset(*text, arguments.file, arguments.ipv6 ? Family::Ipv6 : Family::Ipv4, builtin_registry());
}

int check(const RulesArguments& arguments) {
  int exit_code = kDone;
  auto ruleset = load(arguments, exit_code);
  if (!ruleset) {
    print_errors(ruleset.error());
    return exit_code;
  }
  size_t chains = 0, rules = 0;
  for (const Table& table : ruleset->tables) {
    chains += table.chains.size();
    for (const Chain& chain : table.chains) rules += chain.rules.size();
  }
  fmt::print(stderr, "{}: {} tables, {} chains, {} rules; all are understood\n", arguments.file, ruleset->tables.size(),
             chains, rules);
  return kDone;
}

int save(const RulesArguments& arguments) {
  int exit_code = kDone;
  auto ruleset = load(arguments, exit_code);
  if (!ruleset) {
    print_errors(ruleset.error());
    return exit_code;
  }
  if (auto done = write_file("-", save_ruleset(*ruleset, arguments.counters)); !done) {
    print_error(done.error());
    return kCannotRead;
  }
  return kDone;
}

int list(const std::vector<std::string>& names) {
  const auto page = rule_words(builtin_registry(), names);
  if (!page) {
    print_error(page.error());
    return kAnswerIsNo;
  }
  if (auto done = write_file("-", *page); !done) {
    print_error(done.error());
    return kCannotRead;
  }
  return kDone;
}

void add_common(CLI::App& command, RulesArguments& arguments) {
  command.add_option("FILE", arguments.file, "iptables-save text; - is standard input")->required();
  command.add_flag("-6", arguments.ipv6, "the file is for ip6tables");
}

}  // namespace

void add_rules_command(CLI::App& app, int& exit_code) {
  CLI::App& rules =
      *app.add_subcommand("rules", "reads a ruleset: check it, print its canonical text; what may stand in one");
  rules.require_subcommand(1);
  rules.footer(
      "Examples:\n"
      "  sallyport rules check firewall.rules        say whether every rule is understood, and which is not\n"
      "  sallyport rules save firewall.rules         print what iptables-save would print after a restore\n"
      "  ip6tables-save | sallyport rules check -6 -\n"
      "  sallyport rules list multiport REJECT       what options these have");
  auto arguments = std::make_shared<RulesArguments>();

  CLI::App& check_command = *rules.add_subcommand("check", "says whether the rules are valid; all errors at once");
  add_common(check_command, *arguments);
  check_command.callback([arguments, &exit_code] { exit_code = check(*arguments); });

  CLI::App& save_command = *rules.add_subcommand("save", "prints the canonical iptables-save text");
  add_common(save_command, *arguments);
  save_command.add_flag("-c,--counters", arguments->counters, "with the counters of the file, as iptables-save -c");
  auto names = std::make_shared<std::vector<std::string>>();
  CLI::App& list_command = *rules.add_subcommand("list", "prints every match and target with its options, as Markdown");
  list_command.add_option("NAME", *names, "only these, as after -m or -j");
  list_command.callback([names, &exit_code] { exit_code = list(*names); });

  save_command.callback([arguments, &exit_code] { exit_code = save(*arguments); });
}

}  // namespace sallyport::cli
