// A line of iptables-save text cut into words, quotes honoured as iptables-restore honours them.

#include "ruleset/lexer.h"

namespace sallyport {
namespace {

// iptables-restore takes no longer word.
constexpr size_t kLongestWord = 1023;

class Cutter {
 public:
  Cutter(std::string_view text, uint32_t first_column) : text_(text), first_column_(first_column) {}

  Result<std::vector<Word>> cut() {
    for (position_ = 0; position_ < text_.size(); ++position_) {
      step(text_[position_]);
      if (word_.text.size() > kLongestWord) {
        return std::unexpected(Error{.what = "the word is too long",
                                     .expected = "at most 1023 characters",
                                     .column = first_column_ + static_cast<uint32_t>(position_)});
      }
    }
    if (!word_.text.empty()) finish();
    return std::move(words_);
  }

 private:
  void step(char letter) {
    if (in_quotes_) {
      if (escaped_) {
        append(letter);
        escaped_ = false;
      } else if (letter == '\\') {
        escaped_ = true;
      } else if (letter == '"') {
        in_quotes_ = false;
        finish();
      } else {
        append(letter);
      }
    } else if (letter == '"') {
      if (word_.text.empty()) start();
      in_quotes_ = true;
      word_.quoted = true;
    } else if (letter == ' ' || letter == '\t') {
      if (!word_.text.empty()) finish();
    } else {
      append(letter);
    }
  }

  void start() { word_.column = first_column_ + static_cast<uint32_t>(position_); }
  void append(char letter) {
    if (word_.text.empty() && !word_.quoted) start();
    word_.text += letter;
  }
  void finish() {
    words_.push_back(std::move(word_));
    word_ = {};
  }

  std::string_view text_;
  uint32_t first_column_;
  size_t position_ = 0;
  bool in_quotes_ = false;
  bool escaped_ = false;
  Word word_;
  std::vector<Word> words_;
};

}  // namespace

Result<std::vector<Word>> cut_words(std::string_view text, uint32_t first_column) {
  return Cutter(text, first_column).cut();
}

}  // namespace sallyport
