// Packet by packet: what both sides saw must be equal; at the end the counters of all rules and policies.

#include "kernel/lockstep.h"

#include <fmt/format.h>

#include <map>
#include <sstream>

namespace sallyport::kernel {
namespace {

std::map<std::string, std::vector<std::string>> tables_of(std::string_view text) {
  std::map<std::string, std::vector<std::string>> tables;
  std::istringstream lines{std::string(text)};
  std::string table;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#') continue;
    if (line[0] == '*') table = line;
    tables[table].push_back(line);
  }
  return tables;
}

}  // namespace

std::string counters_difference(std::string_view kernel, std::string_view ours) {
  const auto theirs = tables_of(kernel);
  const auto mine = tables_of(ours);
  if (theirs == mine) return {};
  std::string out;
  for (const auto& [table, lines] : theirs) {
    const auto found = mine.find(table);
    for (size_t i = 0; i < lines.size(); ++i) {
      const std::string other = found != mine.end() && i < found->second.size() ? found->second[i] : "(nothing)";
      if (lines[i] != other) out += fmt::format("{}\n  kernel: {}\n  ours:   {}\n", table, lines[i], other);
    }
  }
  return out.empty() ? "the tables differ in number\n" : out;
}

Compared compare(const Input& packet, NamespaceReferee& referee, EngineSide& ours) {
  Compared compared = {referee.pass(packet)};
  const Observed mine = ours.pass(packet);
  if (compared.difference = difference(compared.kernel, mine); compared.difference.empty()) return compared;
  // The kernel may have put work off; what it still has to say comes with the next, empty, write.
  Observed& kernel = compared.kernel;
  const Observed late = referee.pass({}, true);
  kernel.journal.insert(kernel.journal.end(), late.journal.begin(), late.journal.end());
  kernel.left.insert(kernel.left.end(), late.left.begin(), late.left.end());
  compared.difference = difference(kernel, mine);
  return compared;
}

std::optional<Difference> run_case(const Case& test, NamespaceReferee& referee, Coverage* coverage) {
  auto ours = EngineSide::create(test.family, test.rules, coverage);
  const auto loaded = referee.load(test.family, test.rules);
  if (loaded.has_value() != ours.has_value()) {
    return Difference{Difference::Kind::Rules, 0,
                      fmt::format("kernel: {}\nours: {}\n", loaded ? "loads the rules" : loaded.error().text(),
                                  ours ? "loads the rules" : ours.error().text())};
  }
  if (!loaded) {
    return Difference{
        Difference::Kind::Refused, 0,
        fmt::format("refused by the kernel: {}\nand by ours: {}\n", loaded.error().text(), ours.error().text())};
  }
  for (size_t i = 0; i < test.packets.size(); ++i) {
    Compared compared = compare(test.packets[i], referee, **ours);
    if (!compared.difference.empty()) {
      return Difference{Difference::Kind::Packet, i, std::move(compared.difference)};
    }
  }
  if (std::string text = counters_difference(referee.save(test.family), (*ours)->save()); !text.empty()) {
    return Difference{Difference::Kind::Counters, 0, std::move(text)};
  }
  return {};
}

}  // namespace sallyport::kernel
