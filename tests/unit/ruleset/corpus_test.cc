// Real rulesets, which are not in this tree: SALLYPORT_CORPUS names a folder whose rulesets/NAME.rules must save as
// NAME.saved, and whose *-REFUSED.rules must be refused at the line that the real tool names.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "engine/builtins.h"
#include "sallyport/ruleset.h"

namespace sallyport {
namespace {

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

// The folder of the rulesets; empty when there is none.
std::filesystem::path corpus() {
  const char* folder = std::getenv("SALLYPORT_CORPUS");
  return folder == nullptr || *folder == '\0' ? std::filesystem::path() : std::filesystem::path(folder) / "rulesets";
}

Family family_of(const std::filesystem::path& rules) {
  return rules.stem().string().find("-v6") != std::string::npos ? Family::Ipv6 : Family::Ipv4;
}

constexpr std::string_view kSkipped = "NOT TESTED: no real ruleset was read; SALLYPORT_CORPUS names no folder of them";

TEST(Corpus, SavesEveryRealRulesetAsIptablesDoes) {
  if (corpus().empty()) GTEST_SKIP() << kSkipped;
  size_t compared = 0;
  for (const auto& entry : std::filesystem::directory_iterator(corpus())) {
    if (entry.path().extension() != ".saved") continue;
    const std::filesystem::path rules = std::filesystem::path(entry.path()).replace_extension(".rules");
    const auto ruleset = read_ruleset(contents(rules), rules.filename().string(), family_of(rules), builtin_registry());
    ++compared;
    if (!ruleset) {
      for (const Error& error : ruleset.error()) ADD_FAILURE() << error.text();
      continue;
    }
    // Line by line, so that a difference names its line.
    std::istringstream ours(save_ruleset(*ruleset, false));
    std::istringstream theirs(contents(entry.path()));
    std::string our_line, their_line;
    for (size_t line = 1;; ++line) {
      const bool more_of_ours = static_cast<bool>(std::getline(ours, our_line));
      const bool more_of_theirs = static_cast<bool>(std::getline(theirs, their_line));
      ASSERT_EQ(more_of_ours, more_of_theirs) << rules.filename() << ": one ends at line " << line;
      if (!more_of_ours) break;
      EXPECT_EQ(our_line, their_line) << entry.path().filename() << ":" << line;
    }
  }
  EXPECT_GE(compared, 1u);
}

struct Refused {
  std::string_view file;
  uint32_t line;
};
// As the real tool names them.
constexpr Refused kRefused[] = {
    {"ddos-firewall-defender-noeol-LEGACY-REFUSED.rules", 77},
    {"ddos-synproxy-leolios-nocommit-REFUSED.rules", 27},
    {"ugent-intraposed-negation-REFUSED.rules", 71},
    {"veroneau-trailing-space-REFUSED.rules", 269},
    {"vps-fail2ban-string-REFUSED.rules", 5},
};

TEST(Corpus, RefusesWhatIptablesRefusesAtTheSameLine) {
  if (corpus().empty()) GTEST_SKIP() << kSkipped;
  for (const auto& [file, line] : kRefused) {
    const auto ruleset =
        read_ruleset(contents(corpus() / file), file, family_of(std::filesystem::path(file)), builtin_registry());
    ASSERT_FALSE(ruleset.has_value()) << file;
    EXPECT_EQ(ruleset.error().front().line, line) << ruleset.error().front().text();
  }
}

}  // namespace
}  // namespace sallyport
