// What iptables checks once a rule is read, and the kernel when it takes the rule. Counterparts:
// xtables_option_mfcall() and xtables_option_tfcall() of libxtables, xt_check_match() and xt_check_target() in
// net/netfilter/x_tables.c.

#include "ruleset/rule_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

namespace sallyport {
namespace {

template <class Type>
Result<void> check_options(const Type& type, Options& options, const RuleContext& context) {
  size_t given = 0;
  std::vector<std::string_view> names;
  for (size_t i = 0; i < options.specs().size(); ++i) {
    const OptionSpec& spec = options.specs()[i];
    names.push_back(spec.name);
    given += options.values()[i].present;
    if (spec.required && !options.values()[i].present) {
      return fail(fmt::format("{} needs --{}", type.name, spec.name), std::string(spec.hint));
    }
    for (size_t j = 0; j < i && spec.group != 0 && options.values()[i].present; ++j) {
      if (options.specs()[j].group == spec.group && options.values()[j].present) {
        return fail(fmt::format("--{} and --{} exclude each other", options.specs()[j].name, spec.name), "one of them");
      }
    }
  }
  const std::string all = fmt::format("--{}", fmt::join(names, ", --"));
  if (type.exactly_one && given != 1) {
    return fail(fmt::format("{} has {} of its options", type.name, given), "exactly one of " + all);
  }
  if (type.at_least_one && given == 0) return fail(fmt::format("{} has no option", type.name), "one of " + all);
  if (type.check != nullptr) return type.check(options, context);
  return {};
}

template <class Type>
Result<void> check_protocol(const Type& type, const RuleContext& context) {
  if (type.protocols.empty()) return {};
  const bool fits =
      !context.protocol_inverted && std::ranges::find(type.protocols, context.protocol) != type.protocols.end();
  if (fits) return {};
  std::vector<std::string> names;
  for (const uint8_t protocol : type.protocols) names.push_back("-p " + protocol_name(protocol));
  return fail(fmt::format("{} needs the rule to name its protocol", type.name),
              fmt::format("{}", fmt::join(names, " or ")));
}

template <class Type>
Result<void> check_one(const Type& type, Options& options, const RuleContext& context) {
  if (auto done = check_options(type, options, context); !done) return done;
  if (!type.tables.empty() && std::ranges::find(type.tables, context.table) == type.tables.end()) {
    return fail(fmt::format("{} cannot stand in table {}", type.name, context.table),
                fmt::format("table {}", fmt::join(type.tables, " or ")));
  }
  return check_protocol(type, context);
}

}  // namespace

Result<void> check_interfaces(const Selector& selector, std::string_view chain) {
  if (!selector.out.text.empty() && (chain == "PREROUTING" || chain == "INPUT")) {
    return fail(fmt::format("Can't use -o with {}", chain), "-i there");
  }
  if (!selector.in.text.empty() && (chain == "POSTROUTING" || chain == "OUTPUT")) {
    return fail(fmt::format("Can't use -i with {}", chain), "-o there");
  }
  return {};
}

Result<void> check_extension(Extension& extension, const RuleContext& context) {
  if (extension.match != nullptr) return check_one(*extension.match, extension.options, context);
  return check_one(*extension.target, extension.options, context);
}

bool requires_syn(const MatchType& type, const Options& options) {
  constexpr uint64_t kSyn = 0x02;
  if (type.name != "tcp") return false;
  for (size_t i = 0; i < options.specs().size(); ++i) {
    const OptionValue& value = options.values()[i];
    if (options.specs()[i].name == "tcp-flags" && value.present) return !value.inverted && (value.number & kSyn) != 0;
  }
  return false;
}

}  // namespace sallyport
