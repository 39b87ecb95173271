// "Did you mean": edit distance over the known words.

#include "sallyport/nearest.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace sallyport {
namespace {

size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t changed = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, changed}));
    }
  }
  return row[b.size()];
}

}  // namespace

std::string_view nearest(std::string_view word, std::span<const std::string_view> known) {
  if (word.size() > 64) return {};
  size_t best = std::max<size_t>(word.size() / 3, 1) + 1;
  std::string_view found;
  for (const std::string_view candidate : known) {
    const size_t here = distance(word, candidate);
    if (here < best) {
      best = here;
      found = candidate;
    }
  }
  return found;
}

}  // namespace sallyport
