// Cutting a line into words.

#include "scenario/words.h"

#include <fmt/format.h>

#include <charconv>

namespace sallyport::scenario {
namespace {

bool is_blank(char letter) { return letter == ' ' || letter == '\t' || letter == '\r'; }
bool is_parenthesis(char letter) { return letter == '(' || letter == ')'; }

class Cutter {
 public:
  explicit Cutter(std::string_view line) : line_(line) {}

  Result<std::vector<Word>> cut() {
    while (at_ < line_.size()) {
      const char letter = line_[at_];
      if (is_blank(letter)) {
        ++at_;
      } else if (letter == '#') {
        break;
      } else if (letter == '"') {
        if (auto done = quoted(); !done) return std::unexpected(done.error());
      } else if (is_parenthesis(letter)) {
        words_.push_back({std::string(1, letter), column(at_++), false});
      } else {
        plain();
      }
    }
    return std::move(words_);
  }

 private:
  static uint32_t column(size_t at) { return static_cast<uint32_t>(at + 1); }

  void plain() {
    const size_t begin = at_;
    while (at_ < line_.size() && !is_blank(line_[at_]) && !is_parenthesis(line_[at_]) && line_[at_] != '"') ++at_;
    words_.push_back({std::string(line_.substr(begin, at_ - begin)), column(begin), false});
  }

  Result<void> quoted() {
    Word word = {.column = column(at_), .quoted = true};
    for (++at_; at_ < line_.size() && line_[at_] != '"';) {
      if (line_[at_] != '\\') {
        word.text += line_[at_++];
      } else if (auto letter = escaped()) {
        word.text += *letter;
      } else {
        return std::unexpected(letter.error());
      }
    }
    if (at_ == line_.size()) return Words::wrong(word, "the quotes are not closed", "\" at the end of the text");
    ++at_;
    words_.push_back(std::move(word));
    return {};
  }

  Result<char> escaped() {
    constexpr std::string_view kLetters = "nrt\"\\", kBytes = "\n\r\t\"\\";
    const Word here = {.column = column(at_)};
    if (const size_t which = at_ + 1 < line_.size() ? kLetters.find(line_[at_ + 1]) : std::string_view::npos;
        which != std::string_view::npos) {
      at_ += 2;
      return kBytes[which];
    }
    unsigned value = 0;
    if (at_ + 3 < line_.size() && line_[at_ + 1] == 'x') {
      const char* const digits = line_.data() + at_ + 2;
      const auto [end, problem] = std::from_chars(digits, digits + 2, value, 16);
      if (problem == std::errc() && end == digits + 2) {
        at_ += 4;
        return static_cast<char>(value);
      }
    }
    return Words::wrong(here, "an unknown escape", R"(one of \n \r \t \" \\ \xNN)");
  }

  std::string_view line_;
  size_t at_ = 0;
  std::vector<Word> words_;
};

}  // namespace

Result<std::vector<Word>> cut_line(std::string_view line) { return Cutter(line).cut(); }

std::unexpected<Error> Words::wrong(std::string expected) const {
  if (at_end()) return wrong(end_, "the line ends too early", std::move(expected));
  return wrong(peek(), fmt::format("\"{}\" is not understood here", peek().text), std::move(expected));
}

std::unexpected<Error> Words::wrong(const Word& word, std::string what, std::string expected) {
  return std::unexpected(Error{.what = std::move(what), .expected = std::move(expected), .column = word.column});
}

}  // namespace sallyport::scenario
