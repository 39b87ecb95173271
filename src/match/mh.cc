// -m mh: the type of a mobility header (RFC 6275). Counterpart of net/ipv6/netfilter/ip6t_mh.c.
//
// A header that is cut off, or that says that something follows it, drops the packet.

#include <fmt/format.h>

#include "match/matches.h"
#include "match/number_text.h"
#include "match/transport.h"

namespace sallyport {
namespace {

constexpr uint32_t kHeaderBytes = 6;

struct TypeName {
  std::string_view name;
  uint8_t type;
};
constexpr TypeName kNames[] = {
    {"binding-refresh-request", 0},
    {"brr", 0},
    {"home-test-init", 1},
    {"hoti", 1},
    {"careof-test-init", 2},
    {"coti", 2},
    {"home-test", 3},
    {"hot", 3},
    {"careof-test", 4},
    {"cot", 4},
    {"binding-update", 5},
    {"bu", 5},
    {"binding-acknowledgement", 6},
    {"ba", 6},
    {"binding-error", 7},
    {"be", 7},
};

class MhMatch final : public Match {
 public:
  MhMatch(uint8_t low, uint8_t high, bool inverted) : low_(low), high_(high), inverted_(inverted) {}

  bool matches(const Packet& packet, HookContext& context) override {
    const uint8_t* header = transport_or_drop(packet, context, kHeaderBytes);
    if (header == nullptr) return false;
    if (header[0] != kNoNextHeader) {
      context.drop_packet = true;
      return false;
    }
    return (header[2] >= low_ && header[2] <= high_) != inverted_;
  }

 private:
  uint8_t low_;
  uint8_t high_;
  bool inverted_;
};

// A name, or the first one that the word begins, or a number.
std::optional<uint8_t> parse_type(std::string_view word) {
  const TypeName* found = nullptr;
  for (const TypeName& name : kNames) {
    if (!same_word(name.name.substr(0, word.size()), word)) continue;
    if (found == nullptr || name.name.size() == word.size()) found = &name;
  }
  if (found != nullptr) return found->type;
  const auto number = parse_number(word);
  return number && *number <= 255 ? std::optional(static_cast<uint8_t>(*number)) : std::nullopt;
}

Result<void> parse(std::string_view text, const RuleContext&, OptionValue& value) {
  const size_t colon = text.find(':');
  const bool range = colon != std::string_view::npos;
  const auto low = range && colon == 0 ? std::optional<uint8_t>(0) : parse_type(text.substr(0, colon));
  const std::string_view last = range ? text.substr(colon + 1) : text;
  const auto high = range && last.empty() ? std::optional<uint8_t>(255) : parse_type(last);
  if (!low || !high || *low > *high) {
    return fail(fmt::format("\"{}\" is not a mobility header's type", text),
                "TYPE or LOW:HIGH, names such as binding-update or numbers from 0 to 255");
  }
  value.number = *low;
  value.upper = *high;
  return {};
}

void print(const OptionValue& value, const RuleContext&, std::string& out) {
  out += fmt::format(" {}", value.number);
  if (value.upper != value.number) out += fmt::format(":{}", value.upper);
}

void save(const Options& options, const RuleContext& rule, std::string& out) {
  const OptionValue& type = options["mh-type"];
  if (type.present && !(type.number == 0 && type.upper == 255)) print_option(options.specs()[0], type, rule, out);
}

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext&) {
  const OptionValue& type = options["mh-type"];
  if (!type.present) return std::make_unique<MhMatch>(0, 255, false);
  return std::make_unique<MhMatch>(static_cast<uint8_t>(type.number), static_cast<uint8_t>(type.upper), type.inverted);
}

}  // namespace

MatchType mh_match() {
  return {
      .name = "mh",
      .families = Families::Ipv6Only,
      .options = {{.name = "mh-type",
                   .kind = OptionKind::Custom,
                   .invertible = true,
                   .hint = "TYPE or LOW:HIGH",
                   .parse = parse,
                   .print = print,
                   .summary = "the type, or a range of types"}},
      .implied = true,
      .protocols = {kMobility},
      .save = save,
      .create = create,
      .summary = "compares the type of a mobility header",
  };
}

}  // namespace sallyport
