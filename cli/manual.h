// What the program's own description of its commands is made into, beside --help.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace sallyport::cli {

// The manual page, for man(1).
std::string manual_page(const CLI::App& app);
// Completion of commands, options and files, for bash.
std::string bash_completion(const CLI::App& app);

}  // namespace sallyport::cli
