// One command of iptables-save text, read the way iptables reads its command line: options of the rule itself, then of
// each match and target as they are loaded, the latest first; unambiguous beginnings of long names are enough; "!"
// stands before what it inverts; -p NAME loads the match of that name when one of its options is met.

#include "ruleset/rule_parser.h"

#include <fmt/format.h>

#include <algorithm>

#include "ruleset/option_finder.h"
#include "ruleset/rule_checks.h"
#include "ruleset/selector_text.h"
#include "sallyport/nearest.h"

namespace sallyport {
namespace {

class CommandParser {
 public:
  CommandParser(std::span<const Word> words, const RuleParserInput& input) : words_(words), input_(input) {
    extensions_.reserve(words.size());  // FoundOption points into it
  }

  Result<Command> parse() {
    while (next_ < words_.size()) {
      const Word& word = words_[next_++];
      if (auto done = take(word); !done) return located(done.error(), word);
    }
    if (inverted_) return located(error("nothing follows the \"!\"", "an option behind it"), words_.back());
    if (!command_given_) return fail_at(0, "no command", "-A CHAIN, -I CHAIN or -N CHAIN");
    if (is_rule()) {
      if (auto done = finish_rule(); !done) return std::unexpected(done.error());
    }
    return std::move(command_);
  }

 private:
  static Error error(std::string what, std::string expected = {}) {
    return Error{.what = std::move(what), .expected = std::move(expected)};
  }
  std::unexpected<Error> located(Error problem, const Word& word) const {
    if (problem.column == 0) problem.column = word.column;
    return std::unexpected(std::move(problem));
  }
  std::unexpected<Error> fail_at(uint32_t column, std::string what, std::string expected = {}) const {
    return std::unexpected(Error{.what = std::move(what), .expected = std::move(expected), .column = column});
  }
  bool is_rule() const { return command_.kind == Command::Kind::Append || command_.kind == Command::Kind::Insert; }

  Result<void> take(const Word& word) {
    if (word.text == "!" && !word.quoted) {
      if (inverted_) return fail("two \"!\" in a row", "one \"!\" before what it inverts");
      inverted_ = true;
      return {};
    }
    if (word.text.size() > 2 && word.text.starts_with("--")) return take_long(word);
    if (word.text.size() >= 2 && word.text[0] == '-' && word.text != "--") {
      return take_main(word.text[1], word.text.size() > 2 ? std::optional(word.text.substr(2)) : std::nullopt);
    }
    return fail(fmt::format("Bad argument `{}'", word.text), "an option such as -s, -p, -m or -j");
  }

  Result<void> take_long(const Word& word) {
    const size_t equals = word.text.find('=');
    const std::string name = word.text.substr(2, equals == std::string::npos ? equals : equals - 2);
    std::optional<std::string> attached;
    if (equals != std::string::npos) attached = word.text.substr(equals + 1);
    auto found = find_option(name, extensions_);
    if (!found && found.error().what.starts_with("unknown") && load_protocol_match())
      found = find_option(name, extensions_);
    if (!found) return std::unexpected(found.error());
    if (found->main != 0) return take_main(found->main, std::move(attached));
    return take_extension_option(*found, std::move(attached));
  }

  bool load_protocol_match() {
    if (!selector_.protocol_given || protocol_match_loaded_) return false;
    const MatchType* type = input_.registry->match_for_protocol(selector_.protocol, input_.family);
    if (type == nullptr) return false;
    protocol_match_loaded_ = true;
    add_match(*type, words_[next_ - 1].column);
    return true;
  }

  void add_match(const MatchType& type, uint32_t column) {
    extensions_.push_back({.match = &type, .options = Options(type.options), .column = column});
  }

  Result<void> take_extension_option(const FoundOption& found, std::optional<std::string> attached) {
    const OptionSpec& spec = *found.spec;
    OptionValue& value =
        found.extension->options.values()[static_cast<size_t>(&spec - found.extension->options.specs().data())];
    if (inverted_ && !spec.invertible)
      return fail(fmt::format("--{} cannot be inverted", spec.name), "no \"!\" before it");
    if (value.present && !spec.repeatable && !spec.gathering)
      return fail(fmt::format("--{} is given twice", spec.name), "it once");
    std::string text;
    if (spec.kind != OptionKind::Flag) {
      for (int i = 0; i < spec.words; ++i) {
        if (i != 0) text += ' ';
        if (attached) {
          text += *attached;
          attached.reset();
        } else if (next_ < words_.size()) {
          text += words_[next_++].text;
        } else {
          return fail(fmt::format("--{} needs {}", spec.name, spec.words == 1 ? "a value" : "more values"),
                      std::string(spec.hint));
        }
      }
    } else if (attached) {
      return fail(fmt::format("--{} takes no value", spec.name), "it alone");
    }
    if (!spec.gathering) value = {};
    value.inverted = inverted_;
    RuleContext rule = context();
    rule.so_far = &found.extension->options;
    if (auto done = parse_option(spec, text, rule, value); !done) return done;
    value.present = true;
    value.order = ++found.extension->options_given;
    inverted_ = false;
    return {};
  }

  RuleContext context() const {
    return {.family = input_.family,
            .protocol = selector_.protocol,
            .protocol_inverted = selector_.protocol_inverted,
            .table = input_.table->name,
            .chain = command_.chain,
            .syn_required = syn_required_};
  }

  Result<std::string> argument(char letter, std::optional<std::string> attached) {
    if (attached) return *attached;
    if (next_ >= words_.size()) return fail(fmt::format("-{} needs a value", letter), "one behind it");
    return words_[next_++].text;
  }
  std::optional<std::string> optional_argument() {
    if (next_ >= words_.size() || words_[next_].text.starts_with("-") || words_[next_].text == "!") return std::nullopt;
    return words_[next_++].text;
  }

  Result<void> take_main(char letter, std::optional<std::string> attached) {
    constexpr std::string_view kInvertible = "sdpiof";
    if (inverted_ && kInvertible.find(letter) == std::string_view::npos) {
      return fail(fmt::format("cannot have ! before -{}", letter),
                  "\"!\" before -s, -d, -p, -i, -o, -f or a match's option");
    }
    switch (letter) {
      case 'A':
      case 'I':
      case 'D':
      case 'N':
      case 'X':
      case 'P':
      case 'F':
        return take_command(letter, std::move(attached));
      case 's':
      case 'd':
      case 'i':
      case 'o':
      case 'p':
      case 'f':
      case 'm':
      case 'j':
      case 'g':
      case 'c':
        return take_rule_part(letter, std::move(attached));
      case '4':
      case '6':
        other_family_ = (letter == '6') != (input_.family == Family::Ipv6);
        return {};
      case 'v':
        return {};
      case 't':
        return fail("the -t option cannot be used in a file", "*TABLE on a line of its own");
      default:
        return fail(fmt::format("option -{} has no place in a file of rules", letter), "an option of a rule");
    }
  }

  Result<void> take_command(char letter, std::optional<std::string> attached) {
    if (command_given_) return fail(fmt::format("-{} is a second command", letter), "one command in a line");
    command_given_ = true;
    using Kind = Command::Kind;
    command_.kind = letter == 'A'   ? Kind::Append
                    : letter == 'I' ? Kind::Insert
                    : letter == 'D' ? Kind::Delete
                    : letter == 'N' ? Kind::NewChain
                    : letter == 'X' ? Kind::DeleteChain
                    : letter == 'P' ? Kind::Policy
                                    : Kind::Flush;
    if (command_.kind == Kind::Flush || command_.kind == Kind::DeleteChain) {
      command_.chain = attached ? *attached : optional_argument().value_or("");
      return {};
    }
    auto chain = argument(letter, std::move(attached));
    if (!chain) return std::unexpected(chain.error());
    command_.chain = *chain;
    if (command_.kind == Kind::Policy) {
      auto policy = argument(letter, std::nullopt);
      if (!policy) return std::unexpected(policy.error());
      command_.policy = *policy;
    }
    if (command_.kind == Kind::Insert || command_.kind == Kind::Delete) return take_position();
    return {};
  }

  Result<void> take_position() {
    const auto text = optional_argument();
    if (!text) {
      if (command_.kind == Command::Kind::Delete) return fail("-D needs the number of a rule here", "-D CHAIN NUMBER");
      return {};
    }
    const auto number = parse_number(*text);
    if (!number || *number == 0 || *number > UINT32_MAX) {
      return fail(fmt::format("\"{}\" is not the number of a rule", *text), "a number from 1");
    }
    command_.position = static_cast<uint32_t>(*number);
    return {};
  }

  Result<void> take_rule_part(char letter, std::optional<std::string> attached) {
    const bool inverted = std::exchange(inverted_, false);
    constexpr std::string_view kOnce = "sdiopfjgc";
    if (const size_t bit = kOnce.find(letter); bit != std::string_view::npos) {
      if ((seen_ >> bit) & 1u) return fail(fmt::format("multiple -{} flags not allowed", letter), "it once");
      seen_ |= 1u << bit;
    }
    if (letter == 'f') {
      if (input_.family == Family::Ipv6) return fail("-f has no meaning for IPv6", "-m frag");
      selector_.fragment = true;
      selector_.fragment_inverted = inverted;
      return {};
    }
    const uint32_t column = next_ < words_.size() ? words_[next_].column : 0;
    auto text = argument(letter, letter == 'p' && attached ? "-p" + *attached : std::move(attached));
    if (!text) return std::unexpected(text.error());
    auto done = rule_part(letter, *text, inverted, column);
    if (!done && done.error().column == 0) done.error().column = column;
    return done;
  }

  Result<void> rule_part(char letter, const std::string& text, bool inverted, uint32_t column) {
    switch (letter) {
      case 's':
        return take_addresses(text, inverted, sources_, selector_.source_inverted);
      case 'd':
        return take_addresses(text, inverted, destinations_, selector_.destination_inverted);
      case 'i':
      case 'o': {
        auto pattern = parse_interface(text, inverted);
        if (!pattern) return std::unexpected(pattern.error());
        (letter == 'i' ? selector_.in : selector_.out) = *pattern;
        return {};
      }
      case 'p':
        return take_protocol(text, inverted);
      case 'c':
        return take_counters(text);
      case 'm':
        return take_match(text, column);
      default:
        return take_jump(letter, text, column);
    }
  }

  Result<void> take_addresses(const std::string& text, bool inverted, std::vector<AddressMask>& into,
                              bool& inverted_flag) {
    auto addresses = parse_address_list(input_.family, text);
    if (!addresses) return std::unexpected(addresses.error());
    if (inverted && addresses->size() > 1) {
      return fail("! not allowed with multiple source or destination IP addresses", "one address behind \"!\"");
    }
    into = *addresses;
    inverted_flag = inverted;
    return {};
  }

  Result<void> take_protocol(const std::string& text, bool inverted) {
    const auto protocol = parse_protocol(text);
    if (!protocol) {
      return fail(fmt::format("unknown protocol \"{}\"", text), "a name such as tcp, or a number from 0 to 255");
    }
    if (*protocol == 0 && inverted)
      return fail("rule would never match protocol", "a protocol other than all behind \"!\"");
    selector_.protocol = *protocol;
    selector_.protocol_given = true;
    selector_.protocol_inverted = inverted;
    return {};
  }

  Result<void> take_counters(const std::string& text) {
    std::string bytes;
    const size_t comma = text.find(',');
    if (comma != std::string::npos) {
      bytes = text.substr(comma + 1);
    } else if (auto second = optional_argument()) {
      bytes = *second;
    }
    const auto packets = parse_number(text.substr(0, comma));
    const auto byte_count = parse_number(bytes);
    if (!packets || !byte_count) return fail("-c needs two numbers", "-c PACKETS BYTES");
    counters_ = {.packets = *packets, .bytes = *byte_count};
    return {};
  }

  Result<void> take_match(const std::string& name, uint32_t column) {
    const MatchType* type = input_.registry->match(canonical_match(name), input_.family);
    if (type == nullptr) {
      std::vector<std::string_view> known;
      for (const MatchType& other : input_.registry->matches()) known.push_back(other.name);
      const std::string_view near = nearest(name, known);
      return fail(fmt::format("unknown match -m {}", name),
                  near.empty() ? "the name of a match" : fmt::format("-m {}?", near));
    }
    add_match(*type, column);
    return {};
  }

  std::string_view canonical_match(std::string_view name) const {
    if (name == "ipv6-icmp" || name == "icmpv6") return "icmp6";
    return name;
  }

  Result<void> take_jump(char letter, const std::string& name, uint32_t column) {
    if (name.empty()) return fail("the name of the target is empty", "a target or chain");
    if (((seen_ >> 6) & 1u) != 0 && ((seen_ >> 7) & 1u) != 0) return fail("both -j and -g", "one of them");
    if (input_.table->chain(name) != nullptr) {
      jump_.kind = letter == 'g' ? Jump::Kind::Goto : Jump::Kind::Chain;
      jump_.chain = name;
      jump_column_ = column;
      return {};
    }
    if (letter == 'g') return fail(fmt::format("goto '{}' is not a chain", name), "a chain that the table has");
    const TargetType* type = input_.registry->target(name, input_.family);
    if (type == nullptr) {
      std::vector<std::string_view> known;
      for (const TargetType& other : input_.registry->targets()) known.push_back(other.name);
      for (const Chain& chain : input_.table->chains) known.push_back(chain.name);
      const std::string_view near = nearest(name, known);
      return fail(fmt::format("unknown target or chain {}", name),
                  near.empty() ? "a target, or a chain that the table has" : fmt::format("{}?", near));
    }
    jump_.kind = Jump::Kind::Target;
    jump_.type = type;
    extensions_.push_back({.target = type, .options = Options(type->options), .column = column});
    return {};
  }

  // Checks what only the whole rule shows, and makes it one rule per pair of addresses.
  Result<void> finish_rule() {
    if (other_family_) {
      command_.kind = Command::Kind::Ignored;
      return {};
    }
    if (auto done = check_interfaces(selector_, command_.chain); !done) return done;
    Rule rule;
    rule.selector = selector_;
    rule.counters = counters_;
    rule.line = input_.line;
    // A target may look at what the matches ask for, wherever it stands among them.
    std::ranges::stable_partition(extensions_, [](const Extension& extension) { return extension.match != nullptr; });
    for (Extension& extension : extensions_) {
      if (auto done = check_extension(extension, context()); !done) {
        if (done.error().column == 0) done.error().column = extension.column;
        return done;
      }
      if (extension.match != nullptr) {
        syn_required_ |= requires_syn(*extension.match, extension.options);
        rule.matches.push_back({extension.match, std::move(extension.options)});
      } else {
        jump_.options = std::move(extension.options);
      }
    }
    rule.jump = jump_;
    expand(rule);
    return {};
  }

  void expand(const Rule& rule) {
    const size_t sources = std::max<size_t>(sources_.size(), 1);
    const size_t destinations = std::max<size_t>(destinations_.size(), 1);
    for (size_t s = 0; s < sources; ++s) {
      for (size_t d = 0; d < destinations; ++d) {
        Rule one = rule;
        if (!sources_.empty()) one.selector.source = sources_[s];
        if (!destinations_.empty()) one.selector.destination = destinations_[d];
        command_.rules.push_back(std::move(one));
      }
    }
  }

  std::span<const Word> words_;
  RuleParserInput input_;
  size_t next_ = 0;
  bool inverted_ = false;
  bool command_given_ = false;
  bool protocol_match_loaded_ = false;
  bool other_family_ = false;
  bool syn_required_ = false;
  uint32_t seen_ = 0;
  Command command_;
  Selector selector_;
  std::vector<AddressMask> sources_;
  std::vector<AddressMask> destinations_;
  Counters counters_;
  Jump jump_;
  uint32_t jump_column_ = 0;
  std::vector<Extension> extensions_;
};

}  // namespace

Result<Command> parse_command(std::span<const Word> words, const RuleParserInput& input) {
  return CommandParser(words, input).parse();
}

}  // namespace sallyport
