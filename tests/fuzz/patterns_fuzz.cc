// Patterns and a text from the input: all ways of searching find the same, in one piece and in several. And pattern
// syntax: what is accepted is saved to what is accepted again.

#include <algorithm>
#include <string>
#include <vector>

#include "content/boyer_moore.h"
#include "content/knuth_morris_pratt.h"
#include "content/many_patterns.h"
#include "fuzz_input.h"
#include "sallyport/ruleset.h"

namespace {

using namespace sallyport;
using fuzz::require;

std::span<const uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::vector<bool> search(ManyPatterns& many, size_t count, std::span<const uint8_t> text) {
  std::vector<bool> found(count);
  const auto note = [](void* context, uint32_t pattern, uint64_t) {
    (*static_cast<std::vector<bool>*>(context))[pattern] = true;
  };
  many.search(text, {note, &found});
  return found;
}

void compare_searches(fuzz::Input input) {
  std::vector<SoughtPattern> patterns;
  for (uint32_t i = 1 + input.byte() % 8; i > 0; --i) {
    const auto bytes = input.take(1 + input.byte() % 20);
    SoughtPattern pattern{.bytes = {bytes.begin(), bytes.end()}};
    if (pattern.bytes.empty()) pattern.bytes = "x";
    if (input.byte() % 4 == 0) {
      pattern.from = input.byte();
      pattern.to = pattern.from + input.byte();
    }
    patterns.push_back(pattern);
  }
  const size_t cut = input.byte();
  const auto text = input.rest();
  const auto own = ManyPatterns::compile(patterns, SearchMode::Block, SearchLibrary::None);
  const auto best = ManyPatterns::compile(patterns, SearchMode::Block);
  require(own.has_value() && best.has_value());
  const std::vector<bool> found = search(**own, patterns.size(), text);
  require(found == search(**best, patterns.size(), text));
  for (size_t i = 0; i < patterns.size(); ++i) {
    const size_t from = std::min<size_t>(patterns[i].from, text.size());
    const size_t to = std::min<size_t>(patterns[i].to, text.size());
    const auto part = text.subspan(from, to - from);
    const auto bytes = bytes_of(patterns[i].bytes);
    const BoyerMoore bm(bytes, false);
    const KnuthMorrisPratt kmp(bytes, false);
    require(bm.find(part) == kmp.find(part) && found[i] == (bm.find(part) != BoyerMoore::kNowhere));
    uint16_t same = 0;
    const size_t head = std::min(cut, part.size());
    const bool pieced = kmp.feed(part.first(head), same) != KnuthMorrisPratt::kNowhere ||
                        kmp.feed(part.subspan(head), same) != KnuthMorrisPratt::kNowhere;
    require(pieced == found[i]);
  }
}

void read_and_save(std::string_view text) {
  const std::string rule = "*filter\n-A INPUT -m string --algo bm " + std::string(text) + "\nCOMMIT\n";
  const auto ruleset = read_ruleset(rule, "fuzz", Family::Ipv4, builtin_registry());
  if (!ruleset) return;
  const std::string saved = save_ruleset(*ruleset, false);
  const auto again = read_ruleset(saved, "saved", Family::Ipv4, builtin_registry());
  // A pattern of 128 bytes that has no readable form cannot be read again, as in iptables.
  if (again) require(save_ruleset(*again, false) == saved);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 0) {
    compare_searches({data + 1, size - 1});
  } else if (text.find('\n') == std::string_view::npos) {
    read_and_save(text);
  }
  return 0;
}
