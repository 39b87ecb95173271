// The kernel's answers to a case, kept as a file, so that machines without root can compare with them.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/lockstep.h"
#include "kernel/observed.h"
#include "sallyport/result.h"

namespace sallyport::kernel {

struct Recording {
  std::string title = {};  // who answered, and which seed made the case
  Case test = {};
  std::vector<Observed> answers = {};  // one for each packet
  std::string counters = {};           // counters_of() what the kernel saved at the end
};

// The counters of iptables-save -c's text: a line for each table, its chains and rules in their order, tables by name.
std::string counters_of(std::string_view saved);

std::string text_of(const Recording& recording);
Result<Recording> read_recording(std::string_view text);
// Makes the file, and the folders above it that are not there.
Result<void> write_recording(const std::filesystem::path& file, const Recording& recording);

}  // namespace sallyport::kernel
