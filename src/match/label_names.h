// The names of connections' labels, as a machine's /etc/xtables/connlabel.conf gives them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport {

struct LabelName {
  uint32_t number = 0;
  std::string name = {};
};

// A line each: NUMBER NAME, of letters, digits, dashes and blanks. Lines that are anything else count for nothing, as
// do later ones with a number or a name that was given already.
std::vector<LabelName> read_label_names(std::string_view text);
std::vector<LabelName> label_names_of_this_machine();
// Appends those of the bits that are set, by number, with commas between them. What has no name is left out, as
// conntrack(8) leaves it out.
void append_labels(const std::array<uint64_t, 2>& labels, const std::vector<LabelName>& names, std::string& out);

}  // namespace sallyport
