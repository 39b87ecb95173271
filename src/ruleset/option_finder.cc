// Long option names, whole or begun, of a rule and of the matches and targets that it has loaded. Counterpart: what
// iptables' getopt_long() is given, whose names grow with each -m and -j.

#include "ruleset/option_finder.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <vector>

#include "sallyport/nearest.h"

namespace sallyport {
namespace {

struct MainOption {
  std::string_view name;
  char letter;
};

// Every long option that iptables itself has; those that a file cannot use are named so that beginnings of them are
// told apart as iptables tells them.
constexpr MainOption kMainOptions[] = {
    {"append", 'A'},       {"delete", 'D'},        {"check", 'C'},    {"insert", 'I'},        {"replace", 'R'},
    {"list", 'L'},         {"list-rules", 'S'},    {"flush", 'F'},    {"zero", 'Z'},          {"new-chain", 'N'},
    {"delete-chain", 'X'}, {"rename-chain", 'E'},  {"policy", 'P'},   {"source", 's'},        {"src", 's'},
    {"destination", 'd'},  {"dst", 'd'},           {"protocol", 'p'}, {"in-interface", 'i'},  {"jump", 'j'},
    {"table", 't'},        {"match", 'm'},         {"numeric", 'n'},  {"out-interface", 'o'}, {"verbose", 'v'},
    {"wait", 'w'},         {"wait-interval", 'W'}, {"exact", 'x'},    {"fragments", 'f'},     {"version", 'V'},
    {"help", 'h'},         {"line-numbers", '0'},  {"modprobe", 'M'}, {"set-counters", 'c'},  {"goto", 'g'},
    {"ipv4", '4'},         {"ipv6", '6'},
};

std::string suggestion(std::string_view name, std::span<const Extension> extensions) {
  std::vector<std::string_view> known;
  for (const Extension& extension : extensions) {
    for (const OptionSpec& spec : extension.options.specs()) known.push_back(spec.name);
  }
  for (const MainOption& option : kMainOptions) known.push_back(option.name);
  const std::string_view near = nearest(name, known);
  if (!near.empty()) return fmt::format("--{}?", near);
  if (extensions.empty()) return "an option of the rule, or -m NAME or -p PROTOCOL before the option";
  return fmt::format("an option of the rule or of {}", extensions.back().name());
}

Result<FoundOption> find_abbreviated(std::string_view name, std::span<Extension> extensions) {
  std::optional<FoundOption> found;
  std::vector<std::string_view> candidates;
  const auto consider = [&](std::string_view full, FoundOption option) {
    if (!full.starts_with(name)) return;
    const bool same =
        found && found->main == option.main && found->extension == option.extension && found->spec == option.spec;
    if (!same) candidates.push_back(full);
    if (!found) found = option;
  };
  for (const MainOption& option : kMainOptions) consider(option.name, {.main = option.letter});
  for (size_t i = extensions.size(); i-- > 0;) {
    for (const OptionSpec& spec : extensions[i].options.specs()) {
      for (const std::string_view full : {spec.name, spec.alias, spec.alias2}) {
        consider(full, {.extension = &extensions[i], .spec = &spec});
      }
    }
  }
  if (candidates.size() > 1) {
    return fail(fmt::format("--{} is ambiguous", name), fmt::format("one of --{}", fmt::join(candidates, ", --")));
  }
  if (!found) return fail(fmt::format("unknown option --{}", name), suggestion(name, extensions));
  return *found;
}

}  // namespace

Result<FoundOption> find_option(std::string_view name, std::span<Extension> extensions) {
  for (const MainOption& option : kMainOptions) {
    if (option.name == name) return FoundOption{.main = option.letter};
  }
  for (size_t i = extensions.size(); i-- > 0;) {
    for (const OptionSpec& spec : extensions[i].options.specs()) {
      if (spec.name == name || (!name.empty() && (spec.alias == name || spec.alias2 == name))) {
        return FoundOption{.extension = &extensions[i], .spec = &spec};
      }
    }
  }
  return find_abbreviated(name, extensions);
}

}  // namespace sallyport
