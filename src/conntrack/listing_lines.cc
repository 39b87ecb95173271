// A listing as a file: its lines one by one, and what is said of those that are no connections.

#include <string>
#include <string_view>

#include "sallyport/connection_text.h"

namespace sallyport {
namespace {

// Bytes of a stranger's file as they may be shown.
std::string shown(std::string_view piece) {
  constexpr size_t kLongest = 60;
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = "\"";
  for (const char letter : piece.substr(0, kLongest)) {
    const auto byte = static_cast<unsigned char>(letter);
    if (byte >= ' ' && byte < 0x7f) {
      text += letter;
    } else {
      text += "\\x";
      text += kDigits[byte >> 4];
      text += kDigits[byte & 15];
    }
  }
  return text + (piece.size() > kLongest ? "...\"" : "\"");
}

// Lines that stand in listings without being connections.
bool is_no_connection(std::string_view line) {
  return line.find_first_not_of(' ') == std::string_view::npos || line.starts_with("EXPECTING:") ||
         line.starts_with("conntrack v");
}

}  // namespace

bool ConnectionReader::next(ConnectionRecord& record) {
  while (!left_.empty()) {
    const size_t end = left_.find('\n');
    const bool cut = end == std::string_view::npos;
    line_ = left_.substr(0, end);
    left_.remove_prefix(cut ? left_.size() : end + 1);
    ++line_number_;
    if (line_.ends_with('\r')) line_.remove_suffix(1);
    ListedProblem problem;
    if (parse_connection(line_, record, problem)) {
      // Listings end their lines, and end them with what is optional: half a line can look whole.
      if (!cut || record.has(ConnectionRecord::Use)) return true;
      problem = {static_cast<uint32_t>(line_.size()) + 1, 0, "the file ends within a line", "use= and the line's end"};
    }
    if (!is_no_connection(line_)) keep(problem);
  }
  return false;
}

void ConnectionReader::keep(const ListedProblem& problem) {
  ++bad_lines_;
  if (errors_.size() == kErrorsKept) return;
  const std::string_view piece = line_.substr(problem.column - 1, problem.length);
  errors_.push_back({.what = (piece.empty() ? "" : shown(piece) + " ") + std::string(problem.what),
                     .expected = std::string(problem.expected),
                     .file = std::string(file_),
                     .line = line_number_,
                     .column = problem.column});
}

}  // namespace sallyport
