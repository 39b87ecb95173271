// iptables-save text to tables. Counterpart of iptables-restore: lines, "*table", ":CHAIN POLICY [p:b]", rules, COMMIT.

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "ruleset/lexer.h"
#include "ruleset/rule_parser.h"
#include "ruleset/structure.h"
#include "ruleset/tables.h"
#include "sallyport/nearest.h"
#include "sallyport/ruleset.h"

namespace sallyport {
namespace {

// The kernel keeps chain names in 29 bytes, the last of them zero.
constexpr size_t kLongestChainName = 28;
// After so many errors a file is not worth reading on.
constexpr size_t kMostErrors = 100;

class Reader {
 public:
  Reader(std::string_view text, std::string_view file, Family family, const Registry& registry)
      : text_(text), registry_(registry) {
    ruleset_.family = family;
    ruleset_.file = file;
  }

  Results<Ruleset> read() {
    while (!text_.empty() && errors_.size() < kMostErrors) {
      const size_t end = text_.find('\n');
      ends_with_newline_ = end != std::string_view::npos;
      const std::string_view line = text_.substr(0, end);
      text_.remove_prefix(ends_with_newline_ ? end + 1 : text_.size());
      ++line_;
      if (auto done = take_line(line); !done) note(done.error());
    }
    if (in_table_ && errors_.empty()) {
      ++line_;
      note({.what = "the file ends inside a table", .expected = "COMMIT"});
    }
    if (!errors_.empty()) return std::unexpected(std::move(errors_));
    return std::move(ruleset_);
  }

 private:
  void note(Error error) {
    error.file = ruleset_.file;
    if (error.line == 0) error.line = line_;
    errors_.push_back(std::move(error));
  }

  Result<void> take_line(std::string_view line) {
    if (line.empty() || line[0] == '#') return {};
    if (in_table_ && line == "COMMIT" && ends_with_newline_) return commit();
    if (!in_table_ && line[0] == '*') return begin_table(line.substr(1));
    if (!in_table_) return fail(fmt::format("\"{}\" stands outside a table", line), "*TABLE before it");
    if (line[0] == ':') return declare_chain(line.substr(1));
    return take_rule(line);
  }

  static std::vector<std::string_view> blank_separated(std::string_view text) {
    std::vector<std::string_view> words;
    while (true) {
      const size_t begin = text.find_first_not_of(" \t\r");
      if (begin == std::string_view::npos) return words;
      text.remove_prefix(begin);
      const size_t end = std::min(text.find_first_of(" \t\r"), text.size());
      words.push_back(text.substr(0, end));
      text.remove_prefix(end);
    }
  }

  Result<void> begin_table(std::string_view rest) {
    const auto words = blank_separated(rest);
    if (words.empty()) return fail("the table has no name", "*filter, *nat, *mangle, *raw or *security");
    const TableType* type = table_type(words[0]);
    if (type == nullptr) {
      std::vector<std::string_view> known;
      for (const TableType& other : table_types()) known.push_back(other.name);
      const std::string_view near = nearest(words[0], known);
      in_table_ = true;  // its lines are read, so that one run shows their errors too
      lost_table_ = Table{.name = std::string(words[0])};
      table_ = &lost_table_;
      return fail(fmt::format("there is no table \"{}\"", words[0]),
                  near.empty() ? "filter, nat, mangle, raw or security" : fmt::format("{}?", near));
    }
    table_ = ruleset_.table(type->name);
    if (table_ != nullptr) {
      flush(*table_);
    } else {
      // iptables-save lists the table that was created last first.
      ruleset_.tables.insert(ruleset_.tables.begin(), Table{.name = std::string(type->name)});
      table_ = &ruleset_.tables.front();
      for (size_t hook = 0; hook < kHooks; ++hook) {
        const auto place = std::ranges::find(type->places, static_cast<Hook>(hook), &HookPlace::hook);
        if (place == type->places.end()) continue;
        table_->chains.push_back({.name = std::string(hook_name(place->hook)), .hook = place->hook});
      }
    }
    in_table_ = true;
    return {};
  }

  // A table that is given again begins empty; its policies stay.
  static void flush(Table& table) {
    std::erase_if(table.chains, [](const Chain& chain) { return !chain.hook; });
    for (Chain& chain : table.chains) chain.rules.clear();
  }

  Result<void> declare_chain(std::string_view rest) {
    const auto words = blank_separated(rest);
    if (words.empty()) return fail("the chain has no name", ":CHAIN POLICY [PACKETS:BYTES]");
    Chain* chain = table_->chain(words[0]);
    if (chain == nullptr || !chain->hook) {
      if (auto done = new_chain(words[0]); !done) return done;
      chain = table_->chain(words[0]);
    }
    chain->line = line_;
    if (words.size() < 2) return fail(fmt::format("chain {} has no policy", words[0]), "ACCEPT, DROP or -");
    if (words[1] == "-") return {};
    if (words.size() > 2) {
      auto counters = parse_counters(words[2]);
      if (!counters) return std::unexpected(counters.error());
      chain->counters = *counters;
    }
    return set_policy(*chain, words[1]);
  }

  static Result<Counters> parse_counters(std::string_view text) {
    const size_t colon = text.find(':');
    if (text.starts_with('[') && text.ends_with(']') && colon != std::string_view::npos) {
      const auto packets = parse_number(text.substr(1, colon - 1));
      const auto bytes = parse_number(text.substr(colon + 1, text.size() - colon - 2));
      if (packets && bytes) return Counters{.packets = *packets, .bytes = *bytes};
    }
    return fail(fmt::format("\"{}\" is not a pair of counters", text), "[PACKETS:BYTES]");
  }

  Result<void> new_chain(std::string_view name) {
    if (name.size() > kLongestChainName)
      return fail(fmt::format("the chain's name \"{}\" is too long", name), "at most 28 characters");
    if (table_->chain(name) != nullptr) return fail(fmt::format("chain {} exists already", name), "a name of its own");
    for (const std::string_view verdict : {"ACCEPT", "DROP", "QUEUE", "RETURN"}) {
      if (name == verdict) return fail(fmt::format("{} is a verdict", name), "a name of the chain's own");
    }
    // User chains are kept sorted, as iptables keeps them.
    const auto place =
        std::ranges::find_if(table_->chains, [&](const Chain& other) { return !other.hook && other.name > name; });
    table_->chains.insert(place, Chain{.name = std::string(name), .line = line_});
    return {};
  }

  static Result<void> set_policy(Chain& chain, std::string_view policy) {
    if (!chain.hook)
      return fail(fmt::format("{} is no built-in chain, so it has no policy", chain.name), "- as its policy");
    if (policy != "ACCEPT" && policy != "DROP")
      return fail(fmt::format("\"{}\" is not a policy", policy), "ACCEPT or DROP");
    chain.policy_drop = policy == "DROP";
    return {};
  }

  Result<void> take_rule(std::string_view line) {
    Counters counters;
    uint32_t column = 1;
    if (line[0] == '[') {
      const size_t end = line.find(']');
      if (end == std::string_view::npos) return fail("the counters have no end", "]");
      auto parsed = parse_counters(line.substr(0, end + 1));
      if (!parsed) return std::unexpected(parsed.error());
      counters = *parsed;
      column = static_cast<uint32_t>(end) + 2;
      line.remove_prefix(end + 1);
    }
    auto words = cut_words(line, column);
    if (!words) return std::unexpected(words.error());
    auto command = parse_command(*words, {ruleset_.family, &registry_, table_, line_});
    if (!command) return std::unexpected(command.error());
    for (Rule& rule : command->rules) {
      if (column > 1) rule.counters = counters;
    }
    return carry_out(*command);
  }

  Result<void> carry_out(Command& command) {
    using Kind = Command::Kind;
    if (command.kind == Kind::NewChain) return new_chain(command.chain);
    if (command.kind == Kind::Ignored) return {};
    if (command.chain.empty()) {
      if (command.kind == Kind::Flush) {
        for (Chain& chain : table_->chains) chain.rules.clear();
      } else {
        std::erase_if(table_->chains, [](const Chain& chain) { return !chain.hook; });
      }
      return {};
    }
    Chain* chain = table_->chain(command.chain);
    if (chain == nullptr) return unknown_chain(command.chain);
    switch (command.kind) {
      case Kind::Append:
        std::ranges::move(command.rules, std::back_inserter(chain->rules));
        return {};
      case Kind::Insert:
        if (command.position > chain->rules.size() + 1) return no_such_rule(*chain, command.position);
        // As iptables does: each of several goes in at the same place.
        for (Rule& rule : command.rules)
          chain->rules.insert(chain->rules.begin() + (command.position - 1), std::move(rule));
        return {};
      case Kind::Delete:
        if (command.position > chain->rules.size()) return no_such_rule(*chain, command.position);
        chain->rules.erase(chain->rules.begin() + (command.position - 1));
        return {};
      case Kind::Policy:
        return set_policy(*chain, command.policy);
      case Kind::Flush:
        chain->rules.clear();
        return {};
      default:
        return delete_chain(*chain);
    }
  }

  Result<void> unknown_chain(std::string_view name) const {
    std::vector<std::string_view> known;
    for (const Chain& chain : table_->chains) known.push_back(chain.name);
    const std::string_view near = nearest(name, known);
    return fail(fmt::format("table {} has no chain {}", table_->name, name),
                near.empty() ? fmt::format("\":{} - [0:0]\" before it", name) : fmt::format("{}?", near));
  }

  static Result<void> no_such_rule(const Chain& chain, uint32_t position) {
    return fail(fmt::format("chain {} has no place {}", chain.name, position),
                fmt::format("a number from 1 to {}", chain.rules.size() + 1));
  }

  Result<void> delete_chain(const Chain& chain) {
    if (chain.hook) return fail(fmt::format("{} is built in", chain.name), "a user chain");
    if (!chain.rules.empty()) return fail(fmt::format("{} is not empty", chain.name), "-F before -X");
    std::erase_if(table_->chains, [&](const Chain& other) { return &other == &chain; });
    return {};
  }

  Result<void> commit() {
    in_table_ = false;
    if (errors_.empty()) check_structure(*table_, ruleset_.file, errors_);
    return {};
  }

  std::string_view text_;
  const Registry& registry_;
  Ruleset ruleset_;
  Table lost_table_;
  Table* table_ = nullptr;
  bool in_table_ = false;
  bool ends_with_newline_ = true;
  uint32_t line_ = 0;
  Errors errors_;
};

}  // namespace

Results<Ruleset> read_ruleset(std::string_view text, std::string_view file, Family family, const Registry& registry) {
  return Reader(text, file, family, registry).read();
}

}  // namespace sallyport
