#include "help.h"

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>

namespace sallyport::cli {
namespace {

struct Footer {
  std::string examples;
  std::string rest;
};

Footer divided(std::string_view text) {
  Footer footer;
  while (!text.empty()) {
    const size_t end = text.find("\n\n");
    const std::string_view paragraph = text.substr(0, end);
    (paragraph.starts_with("Example") ? footer.examples : footer.rest) += std::string(paragraph) + "\n\n";
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
  }
  return footer;
}

class ExamplesFirst final : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override {
    if (mode == CLI::AppFormatMode::Sub) return make_expanded(app);
    const Footer footer = divided(app->get_footer());
    std::string help = make_description(app) + "\n" + footer.examples + make_usage(app, name) + make_positionals(app) +
                       make_groups(app, mode) + make_subcommands(app, mode) + "\n" + footer.rest;
    while (help.ends_with("\n\n")) help.pop_back();
    return help;
  }
};

}  // namespace

std::shared_ptr<CLI::FormatterBase> examples_first() { return std::make_shared<ExamplesFirst>(); }

}  // namespace sallyport::cli
