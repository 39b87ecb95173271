// Runs every tests/options/*.t: each rule is accepted, refused and saved as the real iptables does.
//
// A .t file has lines "RULE;SAVED;OK" or "RULE;;FAIL", where SAVED is what iptables-save prints behind "-A CHAIN ", or
// = for the rule as it stands. Above them stand directives that hold until the next of their kind: "*TABLE"
// (filter at first), ":CHAIN[,CHAIN]..." (INPUT at first), "@ipv4", "@ipv6" or "@both" (both at first), and "+COMMAND"
// for what record.py sets up before it asks the real tool. record.py makes SAVED and the last word.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "engine/builtins.h"
#include "sallyport/ruleset.h"

namespace sallyport {
namespace {

struct OptionCase {
  std::string rule = {};
  std::string saved = {};  // empty: refused
  std::string table = "filter";
  std::string chain = "INPUT";
  Family family = Family::Ipv4;
  uint32_t line = 0;
};

std::vector<std::string> cut(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

class OptionFile {
 public:
  explicit OptionFile(const std::filesystem::path& path) : path_(path) {
    std::ifstream file(path);
    std::string line;
    while (std::getline(file, line)) {
      ++line_;
      take(line);
    }
  }
  const std::vector<OptionCase>& cases() const { return cases_; }

 private:
  void take(const std::string& line) {
    if (line.empty() || line[0] == '#' || line[0] == '+') return;
    if (line[0] == '*') {
      table_ = line.substr(1);
    } else if (line[0] == ':') {
      chains_ = cut(std::string_view(line).substr(1), ',');
    } else if (line[0] == '@') {
      families_.clear();
      if (line != "@ipv6") families_.push_back(Family::Ipv4);
      if (line != "@ipv4") families_.push_back(Family::Ipv6);
    } else {
      take_case(line);
    }
  }

  void take_case(const std::string& line) {
    const size_t verdict = line.rfind(';');
    const size_t saved =
        verdict == std::string::npos || verdict == 0 ? std::string::npos : line.rfind(';', verdict - 1);
    if (saved == std::string::npos) {
      ADD_FAILURE() << path_ << ":" << line_ << ": not RULE;SAVED;OK or RULE;;FAIL: " << line;
      return;
    }
    OptionCase one = {.rule = line.substr(0, saved), .table = table_, .line = line_};
    if (line.substr(verdict + 1) == "OK") {
      one.saved = line.substr(saved + 1, verdict - saved - 1);
      if (one.saved == "=") one.saved = one.rule;
    }
    for (const Family family : families_) {
      for (const std::string& chain : chains_) {
        one.family = family;
        one.chain = chain;
        cases_.push_back(one);
      }
    }
  }

  std::filesystem::path path_;
  uint32_t line_ = 0;
  std::string table_ = "filter";
  std::vector<std::string> chains_ = {"INPUT"};
  std::vector<Family> families_ = {Family::Ipv4, Family::Ipv6};
  std::vector<OptionCase> cases_;
};

// What is saved of the rule, behind "-A CHAIN "; empty when it is refused.
std::string saved_by_us(const OptionCase& one, std::string& why) {
  const std::string text = fmt::format("*{}\n-A {} {}\nCOMMIT\n", one.table, one.chain, one.rule);
  const auto ruleset = read_ruleset(text, "case", one.family, builtin_registry());
  if (!ruleset) {
    why = ruleset.error().front().text();
    return "";
  }
  const std::string begin = fmt::format("-A {} ", one.chain);
  std::istringstream lines(save_ruleset(*ruleset, false));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(begin)) return line.substr(begin.size());
  }
  why = "saved without the rule";
  return "";
}

std::vector<std::filesystem::path> option_files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(SALLYPORT_SOURCE_DIR "/tests/options")) {
    if (entry.path().extension() == ".t") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

class OptionsTest : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(OptionsTest, AcceptsRefusesAndSavesAsIptablesDoes) {
  const OptionFile file(GetParam());
  EXPECT_FALSE(file.cases().empty());
  for (const OptionCase& one : file.cases()) {
    std::string why;
    EXPECT_EQ(saved_by_us(one, why), one.saved)
        << GetParam().filename().string() << ":" << one.line << ": " << (one.family == Family::Ipv4 ? "IPv4" : "IPv6")
        << " " << one.table << " " << one.chain << ": " << one.rule << (why.empty() ? "" : "\n  refused: " + why);
  }
}

INSTANTIATE_TEST_SUITE_P(Files, OptionsTest, testing::ValuesIn(option_files()), [](const auto& file) {
  std::string name = file.param.stem().string();
  std::ranges::replace_if(name, [](char letter) { return !std::isalnum(static_cast<unsigned char>(letter)); }, '_');
  return name;
});

}  // namespace
}  // namespace sallyport
