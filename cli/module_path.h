// Where --module looks for libraries.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace sallyport::cli {

void add_module_path(CLI::App& command, std::vector<std::string>& folders);
// The folders given, then those by default.
std::vector<std::string> module_path(const std::vector<std::string>& given);

}  // namespace sallyport::cli
