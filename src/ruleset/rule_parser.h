// The words of one command of iptables-save text ("-A INPUT -p tcp ...") as a rule.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ruleset/lexer.h"
#include "sallyport/ruleset.h"

namespace sallyport {

// What a line asks for. A rule with several addresses ("-s a,b") becomes several rules.
struct Command {
  enum class Kind : uint8_t { Append, Insert, Delete, NewChain, DeleteChain, Policy, Flush, Ignored };
  Kind kind = Kind::Append;
  std::string chain = {};        // empty for Flush and DeleteChain: all
  uint32_t position = 1;         // Insert, Delete: from 1
  std::string policy = {};       // Policy
  std::vector<Rule> rules = {};  // Append, Insert
};

// Reads one command. `known_chain` tells the table's chains from names of targets.
struct RuleParserInput {
  Family family = Family::Ipv4;
  const Registry* registry = nullptr;
  Table* table = nullptr;
  uint32_t line = 0;
};
Result<Command> parse_command(std::span<const Word> words, const RuleParserInput& input);

}  // namespace sallyport
