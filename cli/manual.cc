// The manual page and the completion: both walk the commands and their options as --help does.

#include "manual.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <string_view>
#include <vector>

namespace sallyport::cli {
namespace {

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* command) { return !command->get_name().empty(); });
}

std::vector<const CLI::Option*> options_of(const CLI::App& app) {
  return app.get_options([](const CLI::Option* option) { return !option->get_group().empty(); });
}

// Text of troff: no backslash, and no dot or quote at a line's begin, has a meaning of its own.
std::string plain(std::string_view text) {
  std::string out;
  bool begins = true;
  for (const char c : text) {
    if (begins && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
    begins = c == '\n';
  }
  return out;
}

// "TEXT:value in {a->1,b->2}" is TEXT.
std::string type_of(const CLI::Option& option) {
  const std::string type = option.get_option_text().empty() ? option.get_type_name() : option.get_option_text();
  return type.substr(0, type.find(':'));
}

void add_options(const CLI::App& command, std::string& out) {
  for (const CLI::Option* option : options_of(command)) {
    const std::string type = type_of(*option);
    out += fmt::format(".TP\n.B {}{}{}\n{}\n", plain(option->get_name(option->get_positional(), true)),
                       type.empty() || option->get_positional() ? "" : " ", option->get_positional() ? "" : plain(type),
                       plain(option->get_description()));
  }
}

// An examples' footer keeps its lines.
void add_footer(const CLI::App& command, std::string& out) {
  const std::string footer = command.get_footer();
  if (footer.find_first_not_of('\n') == std::string::npos) return;
  out += ".PP\n.nf\n" + plain(footer) + (footer.ends_with('\n') ? "" : "\n") + ".fi\n";
}

void add_command(const CLI::App& command, const std::string& path, std::string& out) {
  const auto below = commands_of(command);
  out += fmt::format(".SS {}\n{}\n", plain(path), plain(command.get_description()));
  add_options(command, out);
  add_footer(command, out);
  for (const CLI::App* sub : below) add_command(*sub, path + " " + sub->get_name(), out);
}

std::string words_of(const CLI::App& command) {
  std::vector<std::string> words;
  for (const CLI::App* sub : commands_of(command)) words.push_back(sub->get_name());
  for (const CLI::Option* option : options_of(command)) {
    if (option->get_positional()) continue;
    for (const std::string& name : option->get_snames()) words.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
  }
  return fmt::format("{}", fmt::join(words, " "));
}

void add_words(const CLI::App& command, const std::string& path, std::string& out) {
  out += fmt::format("    '{}') words='{}' ;;\n", path, words_of(command));
  for (const CLI::App* sub : commands_of(command)) add_words(*sub, path + " " + sub->get_name(), out);
}

}  // namespace

std::string manual_page(const CLI::App& app) {
  std::string out = fmt::format(".TH SALLYPORT 1 \"\" \"sallyport {}\"\n", SALLYPORT_VERSION);
  out += fmt::format(".SH NAME\nsallyport \\- {}\n", plain(app.get_description()));
  out += ".SH SYNOPSIS\n";
  for (const CLI::App* command : commands_of(app)) {
    out += fmt::format(".B sallyport {}\n.RI [ options ]\n.br\n", plain(command->get_name()));
  }
  out += ".SH COMMANDS\n";
  for (const CLI::App* command : commands_of(app)) add_command(*command, "sallyport " + command->get_name(), out);
  out += ".SH OPTIONS\n";
  add_options(app, out);
  out +=
      ".SH EXIT STATUS\n"
      "0 done; 1 it ran and the answer is no: rules refused, a test failed; 2 wrong usage; 3 an input cannot be read "
      "or is cut "
      "off; 4 a privilege or an interface is missing; 130 interrupted.\n"
      ".SH FILES\n"
      "Rules are iptables\\-save(8) text, captures pcap or pcapng, connections lines of /proc/net/nf_conntrack. "
      "\\- is standard input or output; standard output carries data only.\n"
      ".SH SEE ALSO\n"
      ".BR iptables (8),\n.BR iptables\\-save (8),\n.BR conntrack (8),\n.BR pcap\\-filter (7)\n";
  return out;
}

std::string bash_completion(const CLI::App& app) {
  std::string out =
      "# Completion of sallyport for bash; made by sallyport --completion.\n"
      "_sallyport() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} path=sallyport words= i\n"
      "  for ((i = 1; i < COMP_CWORD; ++i)); do\n"
      "    case \"$path ${COMP_WORDS[i]}\" in\n";
  std::string paths;
  const auto add_paths = [&paths](const auto& self, const CLI::App& command, const std::string& path) -> void {
    for (const CLI::App* sub : commands_of(command)) {
      const std::string longer = path + " " + sub->get_name();
      paths += (paths.empty() ? "'" : " | '") + longer + "'";
      self(self, *sub, longer);
    }
  };
  add_paths(add_paths, app, "sallyport");
  out += fmt::format("      {}) path+=\" ${{COMP_WORDS[i]}}\" ;;\n    esac\n  done\n  case \"$path\" in\n", paths);
  add_words(app, "sallyport", out);
  out +=
      "  esac\n"
      "  COMPREPLY=()\n"
      "  if [[ $word == -* || $path == sallyport ]]; then COMPREPLY=($(compgen -W \"$words\" -- \"$word\")); fi\n"
      "  if [[ ${#COMPREPLY[@]} -eq 0 ]]; then\n"
      "    COMPREPLY=($(compgen -W \"${words//-*/}\" -- \"$word\") $(compgen -f -- \"$word\"))\n"
      "  fi\n"
      "}\n"
      "complete -o filenames -F _sallyport sallyport\n";
  return out;
}

}  // namespace sallyport::cli
