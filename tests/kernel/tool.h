// Runs a program to its end.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sallyport::kernel {

struct ToolResult {
  int status = -1;  // its exit code; 127 where it could not be started
  std::string out = {};
  std::string err = {};
};

// Finds `words[0]` by PATH (and in the administrator's folders), gives it `input`, and waits.
ToolResult run_tool(const std::vector<std::string>& words, std::string_view input = {});

}  // namespace sallyport::kernel
