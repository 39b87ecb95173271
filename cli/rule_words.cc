// The registry as a page: what stands there is what the parser takes.

#include "rule_words.h"

#include <fmt/format.h>

#include <algorithm>

#include "sallyport/nearest.h"

namespace sallyport::cli {
namespace {

constexpr std::string_view kHead =
    "# Supported rules\n"
    "\n"
    "Every match (`-m NAME`) and target (`-j NAME`) that is understood, with its options. Made by `sallyport rules "
    "list` "
    "from the\n"
    "descriptions that parsing, saving and error texts come from; a test holds this page to them.\n"
    "\n"
    "All of it is read, checked and saved (`rules check`, `rules save`). What *runs* has a meaning in `replay` and "
    "`test`; "
    "rules\n"
    "with the rest are refused there, by name and line. `[!]`: may be inverted. Every rule may also ask for `-p`, "
    "`-s`, "
    "`-d`,\n"
    "`-i`, `-o` (each `[!]`), in IPv4 `-f`, and do `-j CHAIN`, `-g CHAIN` or nothing but count.\n";

std::string numbers(const OptionSpec& spec, uint64_t limit) {
  const uint64_t most = std::min(spec.max, limit);
  return spec.min == 0 && most == UINT64_MAX ? "number" : fmt::format("{}-{}", spec.min, most);
}

std::string range(const OptionSpec& spec, uint64_t limit) {
  const std::string number = numbers(spec, limit);
  return fmt::format("{}[:{}]", number, number);
}

// What stands behind the option.
std::string value_of(const OptionSpec& spec) {
  if (!spec.hint.empty()) return std::string(spec.hint);
  switch (spec.kind) {
    case OptionKind::Flag:
      return {};
    case OptionKind::U8:
      return numbers(spec, UINT8_MAX);
    case OptionKind::U16:
      return numbers(spec, UINT16_MAX);
    case OptionKind::U32:
    case OptionKind::Hex32:
      return numbers(spec, UINT32_MAX);
    case OptionKind::U64:
      return numbers(spec, UINT64_MAX);
    case OptionKind::U8Range:
      return range(spec, UINT8_MAX);
    case OptionKind::U16Range:
      return range(spec, UINT16_MAX);
    case OptionKind::U32Range:
      return range(spec, UINT32_MAX);
    case OptionKind::MaskedHex32:
      return "VALUE[/MASK]";
    case OptionKind::Port:
      return "PORT";
    case OptionKind::PortRange:
      return "PORT[:PORT]";
    case OptionKind::PortList:
      return "PORT[,PORT|PORT:PORT]...";
    case OptionKind::AddressMask:
      return "ADDRESS[/MASK]";
    case OptionKind::AddressRange:
      return "ADDRESS[-ADDRESS]";
    case OptionKind::Text:
      return "TEXT";
    case OptionKind::Custom:
      return "VALUE";
  }
  return {};
}

// A bar would end the table's cell.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

std::string_view family_word(Families families) {
  if (families == Families::Both) return "both";
  return families == Families::Ipv4Only ? "IPv4" : "IPv6";
}

template <class Type>
void add_type(const Type& type, std::string_view letter, std::string& out) {
  std::string summary(type.summary);
  if (!summary.empty() && summary[0] >= 'a' && summary[0] <= 'z')
    summary[0] = static_cast<char>(summary[0] - 'a' + 'A');
  if (!summary.empty()) summary += ". ";
  out += fmt::format("\n### `{} {}`\n\n{}Family: {}. {}.\n", letter, type.name, summary, family_word(type.families),
                     type.create != nullptr ? "Runs" : "Not yet run");
  if (type.options.empty()) return;
  out += "\n| option | |\n| --- | --- |\n";
  for (const OptionSpec& spec : type.options) {
    const std::string value = value_of(spec);
    out +=
        fmt::format("| `{}--{}{}{}`", spec.invertible ? "[!] " : "", spec.name, value.empty() ? "" : " ", cell(value));
    for (const std::string_view alias : {spec.alias, spec.alias2}) {
      if (!alias.empty()) out += fmt::format(", `--{}`", alias);
    }
    out += fmt::format(" | {}{} |\n", cell(spec.summary), spec.required ? " (must be given)" : "");
  }
}

// By name; the registry has the newest first.
template <class Type>
std::vector<const Type*> sorted(const std::deque<Type>& types) {
  std::vector<const Type*> all;
  for (const Type& type : types) all.push_back(&type);
  std::ranges::sort(all, {}, [](const Type* type) { return std::pair(type->name, type->families); });
  return all;
}

template <class Type>
void add_section(const std::deque<Type>& types, std::string_view title, std::string_view letter,
                 const std::vector<std::string>& names, std::string& out) {
  if (names.empty()) out += fmt::format("\n## {}\n", title);
  for (const Type* type : sorted(types)) {
    if (names.empty() || std::ranges::find(names, type->name) != names.end()) add_type(*type, letter, out);
  }
}

Result<void> check_names(const Registry& registry, const std::vector<std::string>& names) {
  std::vector<std::string_view> known;
  for (const MatchType& type : registry.matches()) known.push_back(type.name);
  for (const TargetType& type : registry.targets()) known.push_back(type.name);
  for (const std::string& name : names) {
    if (std::ranges::find(known, name) != known.end()) continue;
    const std::string_view near = nearest(name, known);
    return fail(fmt::format("there is no match or target \"{}\"", name),
                near.empty() ? "a name that `sallyport rules list` shows" : std::string(near));
  }
  return {};
}

}  // namespace

Result<std::string> rule_words(const Registry& registry, const std::vector<std::string>& names) {
  if (auto known = check_names(registry, names); !known) return std::unexpected(known.error());
  std::string out(names.empty() ? kHead : "");
  add_section(registry.matches(), "Matches", "-m", names, out);
  add_section(registry.targets(), "Targets", "-j", names, out);
  return names.empty() ? out : out.substr(1);
}

}  // namespace sallyport::cli
