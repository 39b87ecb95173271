// sallyport module: what libraries of modules offer, and a new one to begin with.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>

#include "commands.h"
#include "input.h"
#include "module_path.h"
#include "module_template.h"
#include "sallyport/module_set.h"
#include "scenario_tests.h"

namespace sallyport::cli {
namespace {

namespace fs = std::filesystem;

std::string option_lines(const std::vector<OptionSpec>& options, std::string_view before) {
  std::string out;
  for (const OptionSpec& option : options) {
    const std::string value =
        option.kind == OptionKind::Flag ? "" : fmt::format(" <{}>", option.hint.empty() ? "value" : option.hint);
    out += fmt::format("    {:<40} {}\n", fmt::format("{}{}{}", before, option.name, value), option.summary);
  }
  return out;
}

std::string described(const std::vector<Described>& all) {
  std::string out;
  for (const Described& one : all) out += fmt::format("    {:<40} {}\n", one.name, one.summary);
  return out;
}

std::string info_text(const LoadedModule& module) {
  const ModuleType& type = module.type();
  std::string out = fmt::format("{} {}: {}\n  {}\n", type.name, type.version, type.summary, module.path());
  out += fmt::format("  fails {}\n  options, as --module {}:key=value,...\n{}",
                     type.on_failure == FailurePolicy::Open ? "open" : "closed", type.name,
                     option_lines(type.options, ""));
  for (const MatchType& match : type.matches) {
    out += fmt::format("  -m {}: {}\n{}", match.name, match.summary, option_lines(match.options, "--"));
  }
  for (const TargetType& target : type.targets) {
    out += fmt::format("  -j {}: {}\n{}", target.name, target.summary, option_lines(target.options, "--"));
  }
  for (const Helper& helper : type.helpers) {
    out += fmt::format("  -j CT --helper {}: {}\n", helper.name, protocol_name(helper.protocol));
  }
  if (!type.events.empty()) out += "  events\n" + described(type.events);
  if (!type.metrics.empty()) out += "  metrics\n" + described(type.metrics);
  return out;
}

int info(const std::string& name, const std::vector<std::string>& path) {
  ModuleSet set;
  if (auto added = set.add(name, path); !added) {
    print_error(added.error());
    return kAnswerIsNo;
  }
  fmt::print("{}", info_text(*set.uses()[0].module));
  return kDone;
}

// Every library of the path; one that cannot be loaded is told of and is the answer "no".
int list(const std::vector<std::string>& path) {
  int answer = kDone;
  for (const std::string& folder : path) {
    std::error_code none;
    std::vector<std::string> files;
    for (const auto& entry : fs::directory_iterator(folder, none)) {
      if (entry.path().extension() == ".so") files.push_back(entry.path().string());
    }
    std::ranges::sort(files);
    for (const std::string& file : files) {
      const auto module = LoadedModule::load(file);
      if (!module) {
        print_error(module.error());
        answer = kAnswerIsNo;
        continue;
      }
      fmt::print("{:<16} {:<8} {}\n", (*module)->type().name, (*module)->type().version, (*module)->type().summary);
    }
  }
  return answer;
}

int make_new(const std::string& name, ModuleKind kind) {
  const auto files = module_files(name, kind);
  if (!files) {
    print_error(files.error());
    return kWrongUsage;
  }
  if (fs::exists(name)) {
    print_error(
        {.what = fmt::format("{} is there already", name), .expected = "the name of a folder to be made", .file = {}});
    return kAnswerIsNo;
  }
  for (const auto& [file, text] : *files) {
    const fs::path path = fs::path(name) / file;
    std::error_code problem;
    fs::create_directories(path.parent_path(), problem);
    if (auto written = write_file(path.string(), text); !written) {
      print_error(written.error());
      return kCannotRead;
    }
  }
  fmt::print(stderr,
             "{0}/ has a module to begin with. Build and try it:\n  cmake -S {0} -B {0}/build && cmake --build "
             "{0}/build && ctest --test-dir {0}/build\n",
             name);
  return kDone;
}

}  // namespace

void add_module_path(CLI::App& command, std::vector<std::string>& folders) {
  command.add_option("--module-path", folders, "a folder in which modules are looked for first; may be given again")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

std::vector<std::string> module_path(const std::vector<std::string>& given) {
  std::vector<std::string> path = given;
  for (std::string& folder : default_module_path()) path.push_back(std::move(folder));
  return path;
}

void add_module_command(CLI::App& app, int& exit_code) {
  CLI::App& command = *app.add_subcommand("module", "modules of your own: a new one, and what libraries offer");
  command.require_subcommand(1);
  command.footer(
      "Examples:\n"
      "  sallyport module new syn_counter                      a hook module: source, build file, test\n"
      "  sallyport module info honeypot                        its matches, targets, options, events\n"
      "  sallyport replay -R firewall.rules -r traffic.pcapng --module rate_watch:window=10s,packets=1000:500 -e -");
  struct Arguments {
    std::string name;
    std::vector<std::string> path;
    bool match = false, target = false, hook = false;
  };
  auto arguments = std::make_shared<Arguments>();

  CLI::App& new_command =
      *command.add_subcommand("new", "writes a working module, with its build file, test and scenario");
  new_command.add_option("NAME", arguments->name, "its name, and that of the folder")->required();
  auto* const match = new_command.add_flag("--match", arguments->match, "one that rules ask: -m NAME");
  auto* const target = new_command.add_flag("--target", arguments->target, "one that rules jump to: -j NAME");
  auto* const hook =
      new_command.add_flag("--hook", arguments->hook, "one that sees every packet of a hook (if nothing is said)");
  match->excludes(target)->excludes(hook);
  target->excludes(hook);
  new_command.callback([arguments, &exit_code] {
    const ModuleKind kind = arguments->match    ? ModuleKind::Match
                            : arguments->target ? ModuleKind::Target
                                                : ModuleKind::Hook;
    exit_code = make_new(arguments->name, kind);
  });

  CLI::App& list_command = *command.add_subcommand("list", "the modules that --module finds");
  add_module_path(list_command, arguments->path);
  list_command.callback([arguments, &exit_code] { exit_code = list(module_path(arguments->path)); });

  CLI::App& info_command = *command.add_subcommand("info", "what a module offers, with all options");
  info_command.add_option("NAME", arguments->name, "a name, or a file with a slash in its path")->required();
  add_module_path(info_command, arguments->path);
  info_command.callback([arguments, &exit_code] { exit_code = info(arguments->name, module_path(arguments->path)); });

  CLI::App& test_command = *command.add_subcommand("test", "a module's scenarios, as sallyport test runs them");
  auto tests = std::make_shared<ScenarioTests>();
  test_command
      .add_option("NAME", arguments->name, "the module, with options: NAME[:key=value,...], or a file in its place")
      ->required();
  test_command.add_option("SPEC", tests->paths, "scenarios, or folders of them; else those below this folder")
      ->default_val(std::vector<std::string>{"."});
  test_command.add_option("--junit", tests->junit, "the outcome as JUnit's XML, for a build server");
  add_module_path(test_command, tests->module_path);
  test_command.callback([arguments, tests, &exit_code] {
    tests->modules = {arguments->name};
    exit_code = run_scenario_tests(*tests);
  });
}

}  // namespace sallyport::cli
