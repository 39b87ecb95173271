// -m u32: compares four bytes at a time, anywhere in the packet, by small programs. Counterpart of
// net/netfilter/xt_u32.c.
//
// TEST && TEST ..., each LOCATION = VALUE[:VALUE][,VALUE...]. A location starts with an offset whose four bytes are
// read; & << >> change what was read, @ adds it to the base and reads at the offset behind it. Where four bytes are not
// there the whole program is false, and true behind "!".

#include <fmt/format.h>

#include "match/matches.h"
#include "match/number_text.h"

namespace sallyport {
namespace {

// Of tests, of parts of a location, and of values: what the kernel's structure has room for.
constexpr size_t kMaxParts = 10;
constexpr uint32_t kMaxShift = 31;

enum class Operator : uint8_t { And, ShiftLeft, ShiftRight, At };
constexpr std::string_view kOperators[] = {"&", "<<", ">>", "@"};

struct Step {
  Operator op = Operator::And;
  uint32_t number = 0;
};

struct ValueRange {
  uint32_t low = 0;
  uint32_t high = 0;
};

struct Test {
  uint32_t offset = 0;
  std::vector<Step> steps = {};
  std::vector<ValueRange> values = {};
};

using Program = std::vector<Test>;

// The four bytes at `base` + `offset`, if the packet has them.
std::optional<uint32_t> word_at(const Packet& packet, uint32_t base, uint32_t offset) {
  if (base > packet.captured()) return std::nullopt;
  const uint64_t position = uint64_t{base} + offset;
  if (position > packet.captured()) return std::nullopt;
  const uint8_t* bytes = packet.at(static_cast<uint32_t>(position), 4);
  return bytes == nullptr ? std::nullopt : std::optional(load_be32(bytes));
}

std::optional<uint32_t> evaluate(const Test& test, const Packet& packet) {
  uint32_t base = 0;
  auto read = word_at(packet, base, test.offset);
  for (const Step& step : test.steps) {
    if (!read) break;
    switch (step.op) {
      case Operator::And:
        *read &= step.number;
        break;
      case Operator::ShiftLeft:
        *read <<= step.number;
        break;
      case Operator::ShiftRight:
        *read >>= step.number;
        break;
      case Operator::At:
        if (base + *read < base) return std::nullopt;
        base += *read;
        read = word_at(packet, base, step.number);
        break;
    }
  }
  return read;
}

class U32Match final : public Match {
 public:
  U32Match(Program program, bool inverted) : program_(std::move(program)), inverted_(inverted) {}
  bool matches(const Packet& packet, HookContext&) override { return holds(packet) != inverted_; }

 private:
  bool holds(const Packet& packet) const {
    for (const Test& test : program_) {
      const auto word = evaluate(test, packet);
      if (!word || !contains(test.values, *word)) return false;
    }
    return true;
  }
  static bool contains(const std::vector<ValueRange>& values, uint32_t word) {
    for (const auto& [low, high] : values) {
      if (low <= word && word <= high) return true;
    }
    return false;
  }

  Program program_;
  bool inverted_;
};

// Reads a program; errors name the place in it.
class ProgramReader {
 public:
  explicit ProgramReader(std::string_view text) : whole_(text), rest_(text) {}

  Result<Program> read() {
    Program program;
    do {
      if (program.size() == kMaxParts) return wrong("too many tests", "10 at most");
      auto test = read_test();
      if (!test) return std::unexpected(test.error());
      program.push_back(std::move(*test));
    } while (take("&&"));
    if (!at_end()) return wrong("a test goes on", "\",\" and a value, \"&&\" and a test, or the end");
    return program;
  }

 private:
  std::unexpected<Error> wrong(std::string_view what, std::string_view expected) const {
    return fail(fmt::format("--u32: {} at character {}", what, whole_.size() - rest_.size() + 1),
                std::string(expected));
  }
  bool at_end() {
    skip_blanks(rest_);
    return rest_.empty();
  }
  bool take(std::string_view token) {
    skip_blanks(rest_);
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  Result<uint32_t> number() {
    const auto value = take_number(rest_);
    if (!value || *value > UINT32_MAX) return wrong("there is no number", "one from 0 to 0xffffffff");
    return static_cast<uint32_t>(*value);
  }

  Result<Test> read_test() {
    Test test;
    const auto offset = number();
    if (!offset) return std::unexpected(offset.error());
    test.offset = *offset;
    while (!take("=")) {
      auto step = read_step();
      if (!step) return std::unexpected(step.error());
      if (test.steps.size() + 1 == kMaxParts) return wrong("too many operators", "a location of 10 numbers at most");
      test.steps.push_back(*step);
    }
    do {
      if (test.values.size() == kMaxParts) return wrong("too many values", "10 at most");
      auto range = read_range();
      if (!range) return std::unexpected(range.error());
      test.values.push_back(*range);
    } while (take(","));
    return test;
  }

  Result<Step> read_step() {
    for (size_t i = 0; i < std::size(kOperators); ++i) {
      if (!take(kOperators[i])) continue;
      const auto op = static_cast<Operator>(i);
      const auto operand = number();
      if (!operand) return std::unexpected(operand.error());
      const bool shift = op == Operator::ShiftLeft || op == Operator::ShiftRight;
      if (shift && *operand > kMaxShift) return wrong("the shift is wider than a word", "31 at most");
      return Step{op, *operand};
    }
    return wrong("there is no operator", "&, <<, >>, @ or =");
  }

  Result<ValueRange> read_range() {
    const auto low = number();
    if (!low) return std::unexpected(low.error());
    if (!take(":")) return ValueRange{*low, *low};
    const auto high = number();
    if (!high) return std::unexpected(high.error());
    return ValueRange{*low, *high};
  }

  std::string_view whole_;
  std::string_view rest_;
};

std::string program_text(const Program& program) {
  std::string out;
  for (const Test& test : program) {
    if (!out.empty()) out += "&&";
    out += fmt::format("{:#x}", test.offset);
    for (const Step& step : test.steps) {
      out += fmt::format("{}{:#x}", kOperators[static_cast<size_t>(step.op)], step.number);
    }
    char separator = '=';
    for (const auto& [low, high] : test.values) {
      out += separator;
      out += low == high ? fmt::format("{:#x}", low) : fmt::format("{:#x}:{:#x}", low, high);
      separator = ',';
    }
  }
  return out;
}

// The value keeps the program in the one form that is printed.
Result<void> parse(std::string_view text, const RuleContext&, OptionValue& value) {
  auto program = ProgramReader(text).read();
  if (!program) return std::unexpected(program.error());
  value.text = program_text(*program);
  return {};
}

void print(const OptionValue& value, const RuleContext&, std::string& out) {
  out += fmt::format(" \"{}\"", value.text);
}

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext&) {
  const OptionValue& given = options["u32"];
  auto program = ProgramReader(given.text).read();
  if (!program) return std::unexpected(program.error());
  return std::make_unique<U32Match>(std::move(*program), given.inverted);
}

}  // namespace

MatchType u32_match() {
  return {
      .name = "u32",
      .options = {{.name = "u32",
                   .kind = OptionKind::Custom,
                   .invertible = true,
                   .required = true,
                   .hint = "tests such as \"6 & 0xff = 1\"",
                   .parse = parse,
                   .print = print,
                   .summary = "LOCATION=VALUES, more of them joined by &&"}},
      .create = create,
      .summary = "compares bytes anywhere in the packet",
  };
}

}  // namespace sallyport
