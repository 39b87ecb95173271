// The names of connections' labels, read as iptables reads them (it leaves that to libnetfilter_conntrack).

#include "match/label_names.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "match/number_text.h"

namespace sallyport {
namespace {

// Not of the locale.
bool may_stand_in_name(char letter) {
  return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         letter == '-' || letter == ' ';
}

void read_line(std::string_view line, std::vector<LabelName>& names) {
  const auto number = take_number(line);
  if (!number || *number > UINT16_MAX) return;
  skip_blanks(line);
  while (!line.empty() && (line.back() == ' ' || line.back() == '\t' || line.back() == '\r')) line.remove_suffix(1);
  if (line.empty() || !std::ranges::all_of(line, may_stand_in_name)) return;
  const auto taken = [&](const LabelName& known) { return known.number == *number || known.name == line; };
  if (std::ranges::any_of(names, taken)) return;
  names.push_back({.number = static_cast<uint32_t>(*number), .name = std::string(line)});
}

}  // namespace

std::vector<LabelName> read_label_names(std::string_view text) {
  std::vector<LabelName> names;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    read_line(text.substr(0, end), names);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return names;
}

std::vector<LabelName> label_names_of_this_machine() {
  std::ifstream file("/etc/xtables/connlabel.conf");
  return read_label_names(std::string(std::istreambuf_iterator<char>(file), {}));
}

void append_labels(const std::array<uint64_t, 2>& labels, const std::vector<LabelName>& names, std::string& out) {
  std::string_view separator;
  for (uint32_t number = 0; number < 64 * labels.size(); ++number) {
    if ((labels[number / 64] >> number % 64 & 1) == 0) continue;
    const auto name = std::ranges::find(names, number, &LabelName::number);
    if (name == names.end()) continue;
    out += separator;
    out += name->name;
    separator = ",";
  }
}

}  // namespace sallyport
