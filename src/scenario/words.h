// A line of a scenario as words, and the reading of it from left to right.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/result.h"

namespace sallyport::scenario {

struct Word {
  std::string text = {};
  uint32_t column = 0;  // from 1
  bool quoted = false;
};

// Words stand between blanks; "(" and ")" are words of their own. "..." is one word, in which \n \r \t \" \\ and \xNN
// stand for one byte. "#" at the beginning of a word ends the line.
Result<std::vector<Word>> cut_line(std::string_view line);

// The words of one line, read once.
class Words {
 public:
  Words(std::vector<Word> words, uint32_t end_column) : words_(std::move(words)), end_{.column = end_column} {}

  bool at_end() const { return next_ == words_.size(); }
  // The word `ahead` places further on; an empty one behind the last.
  const Word& peek(size_t ahead = 0) const { return next_ + ahead < words_.size() ? words_[next_ + ahead] : end_; }
  const Word& take() { return at_end() ? end_ : words_[next_++]; }
  // Takes the next word if it is `text`, unquoted.
  bool accept(std::string_view text) {
    const bool is = !at_end() && !peek().quoted && peek().text == text;
    next_ += is;
    return is;
  }
  // The next word is wrong; at the end of the line that there is none.
  std::unexpected<Error> wrong(std::string expected) const;
  // `word` is wrong because of `what`.
  static std::unexpected<Error> wrong(const Word& word, std::string what, std::string expected);

 private:
  std::vector<Word> words_;
  Word end_;
  size_t next_ = 0;
};

}  // namespace sallyport::scenario
