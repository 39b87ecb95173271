// Delta debugging in the order in which it pays: packets, rules, conditions of rules, bytes.

#include "kernel/shrink.h"

#include <algorithm>
#include <sstream>

namespace sallyport::kernel {
namespace {

using Fails = std::function<bool(const Case&)>;

// Takes out ever smaller runs of `parts` while `still` says that what is left fails.
template <class T>
void reduce(std::vector<T>& parts, const std::function<bool(const std::vector<T>&)>& still) {
  for (size_t run = std::max<size_t>(parts.size() / 2, 1);; run /= 2) {
    for (size_t at = 0; at < parts.size();) {
      std::vector<T> fewer(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(at));
      fewer.insert(fewer.end(), parts.begin() + static_cast<std::ptrdiff_t>(std::min(at + run, parts.size())),
                   parts.end());
      if (still(fewer)) {
        parts = std::move(fewer);
      } else {
        at += run;
      }
    }
    if (run <= 1) return;
  }
}

template <char kSeparator>
std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, kSeparator);) out.push_back(part);
  return out;
}

std::string join(const std::vector<std::string>& parts, char separator) {
  std::string out;
  for (const std::string& part : parts) {
    if (!out.empty()) out += separator;
    out += part;
  }
  return out;
}

std::string lines_of(const std::vector<std::string>& lines) { return join(lines, '\n') + "\n"; }

void shrink_lines(Case& test, const Fails& fails) {
  std::vector<std::string> lines = split<'\n'>(test.rules);
  reduce<std::string>(lines, [&](const std::vector<std::string>& fewer) {
    Case smaller = test;
    smaller.rules = lines_of(fewer);
    return fails(smaller);
  });
  test.rules = lines_of(lines);
}

void shrink_words(Case& test, const Fails& fails) {
  std::vector<std::string> lines = split<'\n'>(test.rules);
  for (std::string& line : lines) {
    std::vector<std::string> words = split<' '>(line);
    reduce<std::string>(words, [&](const std::vector<std::string>& fewer) {
      if (fewer.empty()) return false;
      const std::string before = std::exchange(line, join(fewer, ' '));
      Case smaller = test;
      smaller.rules = lines_of(lines);
      const bool still = fails(smaller);
      if (!still) line = before;
      return still;
    });
  }
  test.rules = lines_of(lines);
}

void shrink_packets(Case& test, const Fails& fails) {
  reduce<Input>(test.packets, [&](const std::vector<Input>& fewer) { return fails({test.family, test.rules, fewer}); });
}

// Shorter by whole halves, with the IP header left as it is only where that still fails.
void shrink_bytes(Case& test, const Fails& fails) {
  for (Input& packet : test.packets) {
    for (size_t cut = packet.frame.size() / 2; cut > 0; cut /= 2) {
      if (packet.frame.size() <= cut) continue;
      Input before = packet;
      packet.frame.resize(packet.frame.size() - cut);
      if (!fails(test)) packet = std::move(before);
    }
  }
}

}  // namespace

Case shrink(Case test, const Difference& found, const Fails& fails) {
  if (found.kind == Difference::Kind::Packet) {
    const Case alone = {test.family, test.rules, {test.packets[found.packet]}};
    if (fails(alone)) {
      test = alone;
    } else {
      test.packets.resize(found.packet + 1);
    }
  }
  if (found.kind == Difference::Kind::Rules || found.kind == Difference::Kind::Refused) test.packets.clear();
  shrink_packets(test, fails);
  shrink_lines(test, fails);
  shrink_words(test, fails);
  shrink_bytes(test, fails);
  return test;
}

}  // namespace sallyport::kernel
