// The size of an expression, read in one pass. What is worked out of each part is what Glushkov's construction needs:
// how many letters may be its first, how many its last, whether it may be empty, and its size so far.
//
// A repeat of what may be empty is what explodes: from each copy there is a way to every later one.

#include "content/expression_size.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>

namespace sallyport {
namespace {

struct Part {
  double first = 0;
  double last = 0;
  double size = 0;
  bool may_be_empty = true;
};

constexpr Part kNothing = {};
constexpr Part kLetter = {.first = 1, .last = 1, .size = 1, .may_be_empty = false};

Part behind(const Part& a, const Part& b) {
  return {.first = a.first + (a.may_be_empty ? b.first : 0),
          .last = b.last + (b.may_be_empty ? a.last : 0),
          .size = a.size + b.size + a.last * b.first,
          .may_be_empty = a.may_be_empty && b.may_be_empty};
}

Part either(const Part& a, const Part& b) {
  return {.first = a.first + b.first,
          .last = a.last + b.last,
          .size = a.size + b.size,
          .may_be_empty = a.may_be_empty || b.may_be_empty};
}

// By doubling, as `count` may be large.
Part copies(Part part, uint32_t count) {
  Part all = kNothing;
  for (; count != 0; count /= 2) {
    if (count % 2 != 0) all = behind(all, part);
    part = behind(part, part);
  }
  return all;
}

// Up to `count` copies, each of which is there only if the one before it is.
Part up_to(const Part& part, uint32_t count) {
  if (count == 0) return kNothing;
  const double pairs = part.may_be_empty ? count * (count - 1.0) / 2 : count - 1.0;
  return {.first = part.may_be_empty ? part.first * count : part.first,
          .last = part.last * count,
          .size = part.size * count + pairs * part.last * part.first,
          .may_be_empty = true};
}

struct Repeat {
  uint32_t least = 1;
  std::optional<uint32_t> most = 1;  // none: any number
};

Part repeated(const Part& part, const Repeat& repeat) {
  if (repeat.most)
    return behind(copies(part, repeat.least), up_to(part, *repeat.most - std::min(*repeat.most, repeat.least)));
  Part last = part;
  last.size += part.last * part.first;
  if (repeat.least == 0) last.may_be_empty = true;
  return behind(copies(part, std::max(repeat.least, 1u) - 1), last);
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Part read() {
    Part all = alternatives();
    while (!text_.empty()) {  // a ) too many
      text_.remove_prefix(1);
      all = behind(all, alternatives());
    }
    return all;
  }

 private:
  Part alternatives() {
    Part all = sequence();
    while (take("|")) all = either(all, sequence());
    return all;
  }

  Part sequence() {
    Part all = kNothing;
    while (!text_.empty() && text_[0] != '|' && text_[0] != ')') {
      Part part = atom();
      while (const auto repeat = take_repeat()) part = repeated(part, *repeat);
      all = behind(all, part);
    }
    return all;
  }

  Part atom() {
    if (take("(")) return group();
    if (take("\\Q")) return quoted();
    if (take("\\")) {
      skip_escape();
    } else if (take("[")) {
      skip_class();
    } else {
      text_.remove_prefix(1);
    }
    return kLetter;
  }

  Part group() {
    if (text_.starts_with("*") || text_.starts_with("?#")) {
      skip_past(")");
      return kNothing;
    }
    if (take("?") && !skip_head()) return kNothing;
    const Part inner = alternatives();
    take(")");
    return inner;
  }

  // Behind "(?": flags, a name, what kind of look. False: that was all of the group.
  bool skip_head() {
    constexpr std::string_view kHead = "PimsxU-^=!<>|'&";
    while (!text_.empty() && text_[0] != ':' && text_[0] != ')') {
      const bool named = text_[0] == '<' && text_.size() > 1 && text_[1] != '=' && text_[1] != '!';
      if (named) return skip_past(">"), true;
      if (kHead.find(text_[0]) == std::string_view::npos) return true;
      text_.remove_prefix(1);
    }
    if (take(")")) return false;
    take(":");
    return true;
  }

  Part quoted() {
    const size_t end = text_.find("\\E");
    const auto letters = static_cast<uint32_t>(std::min(end, text_.size()));
    skip_past("\\E");
    return copies(kLetter, letters);
  }

  // \x41, \x{41}, \p{Lu}, \n, \| ...
  void skip_escape() {
    if (text_.empty()) return;
    const char kind = text_[0];
    text_.remove_prefix(1);
    if (text_.starts_with("{") && (kind == 'x' || kind == 'p' || kind == 'P' || kind == 'o' || kind == 'N')) {
      skip_past("}");
    } else if (kind == 'x') {
      for (int digits = 0; digits < 2 && !text_.empty() && is_hex_digit(text_[0]); ++digits) text_.remove_prefix(1);
    }
  }

  void skip_class() {
    take("^");
    take("]");  // right at the beginning it is a letter
    while (!text_.empty() && !take("]")) {
      if (text_.starts_with("[:")) {
        skip_past(":]");
      } else {
        text_.remove_prefix(std::min<size_t>(text_[0] == '\\' ? 2 : 1, text_.size()));
      }
    }
  }

  std::optional<Repeat> take_repeat() {
    std::optional<Repeat> repeat;
    if (take("*")) {
      repeat = {0, std::nullopt};
    } else if (take("+")) {
      repeat = {1, std::nullopt};
    } else if (take("?")) {
      repeat = {0, 1};
    } else {
      repeat = take_bounds();
    }
    // Lazy and possessive ones are as large.
    if (repeat && !take("?")) take("+");
    return repeat;
  }

  // {N}, {N,}, {N,M}; else the brace is a letter.
  std::optional<Repeat> take_bounds() {
    const std::string_view before = text_;
    if (!take("{")) return std::nullopt;
    const auto least = take_number();
    const bool comma = take(",");
    const auto most = comma ? take_number() : least;
    if (!least || !take("}")) {
      text_ = before;
      return std::nullopt;
    }
    return Repeat{*least, most ? std::optional(std::max(*least, *most)) : std::nullopt};
  }

  std::optional<uint32_t> take_number() {
    constexpr uint32_t kLarge = 1'000'000;  // Hyperscan takes none above 32,767
    std::optional<uint32_t> number;
    for (; !text_.empty() && text_[0] >= '0' && text_[0] <= '9'; text_.remove_prefix(1)) {
      number = std::min(number.value_or(0) * 10 + static_cast<uint32_t>(text_[0] - '0'), kLarge);
    }
    return number;
  }

  static bool is_hex_digit(char letter) {
    const char lower = static_cast<char>(letter | 0x20);
    return (letter >= '0' && letter <= '9') || (lower >= 'a' && lower <= 'f');
  }

  bool take(std::string_view word) {
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }
  void skip_past(std::string_view word) {
    const size_t at = text_.find(word);
    text_.remove_prefix(at == std::string_view::npos ? text_.size() : at + word.size());
  }

  std::string_view text_;
};

}  // namespace

double automaton_size(std::string_view expression) { return Reader(expression).read().size; }

Result<void> check_expression(std::string_view expression) {
  const double size = automaton_size(expression);
  if (size <= kLargestAutomaton) return {};
  return fail(fmt::format("\"{}\" repeats so much that its automaton has a size of {:.0f}", expression, size),
              fmt::format("repeats, one within the other, of {:.0f} in all at most", kLargestAutomaton));
}

}  // namespace sallyport
