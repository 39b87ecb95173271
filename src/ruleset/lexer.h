// A line of iptables-save text cut into words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/result.h"

namespace sallyport {

struct Word {
  std::string text = {};
  uint32_t column = 0;  // from 1
  bool quoted = false;
};

// Cuts as iptables-restore does: at blanks and tabs; "..." holds blanks, with \ before any character in it; a closing
// quote ends the word. `first_column` is that of text[0].
Result<std::vector<Word>> cut_words(std::string_view text, uint32_t first_column);

}  // namespace sallyport
