// -m content: looks for bytes in conversations, where -m string looks at single packets. No counterpart in the kernel.
//
// It holds for a packet with payload once its direction of the connection held the pattern, in this packet or before:
// who drops it drops the sender's next attempts, too. Only packets that reach such a rule make up the stream, so what
// earlier matches of the rule keep out (-m ttl, --ctstate INVALID) is not in it.

#include <fmt/format.h>

#include <algorithm>

#include "content/expression_size.h"
#include "match/matches.h"
#include "match/pattern_option.h"
#include "sallyport/pattern_set.h"

namespace sallyport {
namespace {

constexpr size_t kLongestExpression = 1024;

struct PolicyName {
  std::string_view name;
  OverlapPolicy policy;
};
// The option is not --policy, as that is iptables' own for -P.
constexpr PolicyName kPolicies[] = {{"linux", OverlapPolicy::Linux},
                                    {"first", OverlapPolicy::First},
                                    {"last", OverlapPolicy::Last},
                                    {"bsd", OverlapPolicy::Bsd},
                                    {"windows", OverlapPolicy::Windows}};

Result<void> parse_policy(std::string_view text, const RuleContext&, OptionValue& value) {
  const auto* const found = std::ranges::find(kPolicies, text, &PolicyName::name);
  if (found == std::end(kPolicies)) {
    return fail(fmt::format("unknown overlap policy \"{}\"", text), "linux, first, last, bsd or windows");
  }
  value.text = text;
  value.number = static_cast<uint64_t>(found - std::begin(kPolicies));
  return {};
}

Result<void> parse_at_bound(std::string_view text, const RuleContext&, OptionValue& value) {
  if (text != "drop" && text != "pass") return fail(fmt::format("unknown answer \"{}\"", text), "drop or pass");
  value.text = text;
  return {};
}

Result<void> parse_regex(std::string_view text, const RuleContext&, OptionValue& value) {
  if (text.empty() || text.size() > kLongestExpression) {
    return fail(fmt::format("the expression has {} bytes", text.size()), fmt::format("1 to {}", kLongestExpression));
  }
  value.text = text;
  return check_expression(text);
}

Result<void> parse_header(std::string_view text, const RuleContext&, OptionValue& value) {
  if (text.empty() || text.find_first_of(": \t") != std::string_view::npos) {
    return fail(fmt::format("\"{}\" is no header's name", text), "such as User-Agent");
  }
  value.text = text;
  return {};
}

void print_word(const OptionValue& value, const RuleContext&, std::string& out) { out += " " + value.text; }
void print_regex(const OptionValue& value, const RuleContext&, std::string& out) { print_quoted(value.text, out); }

// An expression counts as one.
const OptionValue& pattern_of(const Options& options) {
  const OptionValue* given = given_pattern(options);
  return given != nullptr ? *given : options["regex"];
}

Result<void> check(Options& options, const RuleContext&) {
  const OptionValue& pattern = pattern_of(options);
  if (!pattern.present) return fail("content has no pattern", "--string, --hex-string or --regex");
  const bool http = options.has("http-uri") || options.has("http-header") || options.has("http-body");
  if (!options.has("stream") && !http) {
    return fail("content needs to know where to look",
                "--stream, --http-uri, --http-header or --http-body; for single packets, -m string");
  }
  if (http && options.has("depth")) return fail("--depth is that of a stream", "--stream, or --to");
  if (options.number("from") > options.number("to", UINT64_MAX)) return fail("--from lies behind --to", "it before");
  return {};
}

void save(const Options& options, const RuleContext& rule, std::string& out) {
  for (size_t i = 0; i < options.specs().size(); ++i) {
    const OptionSpec& spec = options.specs()[i];
    const OptionValue& value = options.values()[i];
    if (!value.present) continue;
    if (spec.name == "string" || spec.name == "hex-string") {
      if (value.inverted) out += " !";
      print_pattern(value.text, out);
    } else {
      print_option(spec, value, rule, out);
    }
  }
}

class ContentMatch final : public Match {
 public:
  ContentMatch(StreamPatterns& streams, uint32_t pattern, bool inverted, bool drops)
      : streams_(streams), pattern_(pattern), inverted_(inverted), drops_(drops) {}

  bool matches(const Packet& packet, HookContext& context) override {
    switch (streams_.held(pattern_, packet, context)) {
      case Held::Yes:
        return !inverted_;
      case Held::No:
        return inverted_;
      case Held::NoData:
        return false;
      case Held::Unknown:
        break;
    }
    context.drop_packet = drops_;
    return false;
  }

 private:
  StreamPatterns& streams_;
  uint32_t pattern_;
  bool inverted_;
  bool drops_;
};

std::string in_lower_case(std::string text) {
  for (char& letter : text) letter = letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 0x20) : letter;
  return text;
}

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext& rule) {
  if (rule.streams == nullptr) return fail("nothing here puts streams together", "an engine");
  const OptionValue& given = pattern_of(options);
  StreamPattern pattern;
  pattern.bytes = given.text;
  pattern.ignore_case = options.has("icase");
  pattern.regex = options.has("regex");
  pattern.policy = kPolicies[options.number("overlap")].policy;
  pattern.drops_at_bound = options["at-bound"].text != "pass";
  pattern.scope = options.has("http-uri")      ? StreamScope::HttpUri
                  : options.has("http-header") ? StreamScope::HttpHeader
                  : options.has("http-body")   ? StreamScope::HttpBody
                                               : StreamScope::Stream;
  if (options.has("http-header")) pattern.header = in_lower_case(options["http-header"].text);
  pattern.from = options.number("from");
  pattern.to = std::min(options.number("to", UINT64_MAX), options.number("depth", UINT64_MAX));
  pattern.table = rule.table;
  pattern.chain = rule.chain;
  pattern.line = rule.line;
  const auto number = rule.streams->add(pattern);
  if (!number) return std::unexpected(number.error());
  return std::make_unique<ContentMatch>(*rule.streams, *number, given.inverted, pattern.drops_at_bound);
}

}  // namespace

MatchType content_match() {
  return {
      .name = "content",
      .options = {pattern_as_text(),
                  pattern_as_hex(),
                  {.name = "regex",
                   .kind = OptionKind::Custom,
                   .invertible = true,
                   .group = 1,
                   .hint = "an expression as Hyperscan reads it",
                   .parse = parse_regex,
                   .print = print_regex},
                  {.name = "icase"},
                  {.name = "stream", .group = 2},
                  {.name = "http-uri", .group = 2},
                  {.name = "http-header",
                   .kind = OptionKind::Custom,
                   .group = 2,
                   .hint = "a header's name",
                   .parse = parse_header,
                   .print = print_word},
                  {.name = "http-body", .group = 2},
                  {.name = "from", .kind = OptionKind::U64},
                  {.name = "to", .kind = OptionKind::U64},
                  {.name = "depth", .kind = OptionKind::U64, .min = 1},
                  {.name = "overlap",
                   .kind = OptionKind::Custom,
                   .hint = "linux, first, last, bsd or windows",
                   .parse = parse_policy,
                   .print = print_word},
                  {.name = "at-bound",
                   .kind = OptionKind::Custom,
                   .hint = "drop or pass",
                   .parse = parse_at_bound,
                   .print = print_word}},
      // Where packets have connections, and all packets of a connection come by.
      .tables = {"mangle", "filter", "security"},
      .check = check,
      .save = save,
      .create = create,
      .summary = "looks for bytes in conversations",
  };
}

}  // namespace sallyport
