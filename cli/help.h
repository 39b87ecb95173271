// What --help prints: the examples come first, for they answer most questions.
#pragma once

#include <memory>

namespace CLI {
class FormatterBase;
}

namespace sallyport::cli {

// For the program's CLI::App, before its subcommands are added, which inherit it. Of a footer, the paragraph that
// begins with "Example" is printed before the usage, all else behind the options.
std::shared_ptr<CLI::FormatterBase> examples_first();

}  // namespace sallyport::cli
