// A file to a Script: set-up lines, rule blocks, tests.

#include <fmt/format.h>

#include <algorithm>

#include "sallyport/module_set.h"
#include "sallyport/registry.h"
#include "scenario/machine.h"
#include "scenario/script.h"
#include "scenario/setup_reader.h"
#include "scenario/step_reader.h"

namespace sallyport {
namespace scenario {
namespace {

// After so many errors a file is not worth reading on; nor does anybody write so many lines by hand.
constexpr size_t kMostErrors = 100;
constexpr uint32_t kMostLines = 200000;
// 2000-01-01T00:00:00Z, where no `clock` line says otherwise.
constexpr Timestamp kUsualStart = 946684800 * kSecond;

std::string_view without_indentation(std::string_view line) {
  const size_t first = line.find_first_not_of(" \t");
  line = first == std::string_view::npos ? std::string_view() : line.substr(first);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

class ScriptReader {
 public:
  ScriptReader(std::string_view text, const std::string& file, const FileReader& reader, const ModuleSet* modules)
      : text_(text), reader_(reader) {
    script_.file = file;
    script_.setup.modules = modules;
    script_.setup.start = kUsualStart;
  }

  Results<Script> read() {
    while (!text_.empty() && errors_.size() < kMostErrors) {
      if (line_number_ == kMostLines) {
        note({.what = "the file is too long", .expected = fmt::format("at most {} lines", kMostLines)});
        break;
      }
      const std::string_view line = next_line();
      if (auto done = take_line(line); !done) note(done.error());
    }
    if (errors_.empty()) finish_setup();
    if (errors_.empty() && script_.tests.empty()) {
      note({.what = "the file tests nothing", .expected = "an in, from or packet line"});
    }
    if (!errors_.empty()) return std::unexpected(std::move(errors_));
    return std::move(script_);
  }

 private:
  std::string_view next_line() {
    const size_t end = text_.find('\n');
    const std::string_view line = text_.substr(0, end);
    text_.remove_prefix(end == std::string_view::npos ? text_.size() : end + 1);
    ++line_number_;
    return line;
  }

  void note(Error error) {
    if (error.file.empty()) error.file = script_.file;
    if (error.line == 0) error.line = line_number_;
    errors_.push_back(std::move(error));
  }

  Result<void> take_line(std::string_view line) {
    const std::string_view word = without_indentation(line);
    const std::string_view first = word.substr(0, word.find_first_of(" \t\r#"));
    if (first.empty()) return {};
    if (first == "test") return begin_test(without_indentation(word.substr(first.size())));
    auto cut = cut_line(line);
    if (!cut) return std::unexpected(cut.error());
    Words words(std::move(*cut), static_cast<uint32_t>(line.size() + 1));
    if (first == "rules" || first == "rules6") return take_rules(words, first == "rules" ? Family::Ipv4 : Family::Ipv6);
    const bool is_setup = is_setup_word(first) || first == "host";
    if (is_setup && setup_done_) {
      return Words::wrong(words.peek(), fmt::format("\"{}\" behind the first test", first), "it before the tests");
    }
    if (first == "host") return take_host(words);
    if (is_setup) return read_setup_line(words, script_.setup);
    return take_step(words, line);
  }

  Result<std::string> file_named(Words& words) {
    const Word word = words.take();
    if (word.text.empty()) return words.wrong("a file");
    if (!reader_) return Words::wrong(word, "files cannot be read here", "the text itself");
    const size_t slash = script_.file.rfind('/');
    const bool absolute = word.text.starts_with('/') || slash == std::string::npos;
    named_file_ = absolute ? word.text : script_.file.substr(0, slash + 1) + word.text;
    auto text = reader_(named_file_);
    if (!text) return Words::wrong(word, text.error().what, text.error().expected);
    return text;
  }

  Result<void> take_host(Words& words) {
    words.take();
    auto text = file_named(words);
    if (!text) return std::unexpected(text.error());
    script_.setup.host_toml = std::move(*text);
    script_.setup.host_file = named_file_;
    return {};
  }

  // A block up to `end`, or a file. Lines keep their numbers, so that errors and `line N` mean those of this file.
  Result<void> take_rules(Words& words, Family family) {
    const Word word = words.take();
    std::string text;
    std::string file = script_.file;
    if (setup_done_) return Words::wrong(word, "rules behind the first test", "them before the tests");
    if (!script_.setup.rules_text[static_cast<size_t>(family)].empty()) {
      return Words::wrong(word, "the rules are given twice", "one block for each family");
    }
    if (!words.at_end()) {
      auto read = file_named(words);
      if (!read) return std::unexpected(read.error());
      text = std::move(*read);
      file = named_file_;
    } else {
      text.assign(line_number_, '\n');
      const uint32_t begin = line_number_;
      if (!read_block(text)) {
        return std::unexpected(
            Error{.what = "the rules have no end", .expected = "a line \"end\"", .line = begin, .column = word.column});
      }
    }
    const ModuleSet* const modules = script_.setup.modules;
    const Registry& registry = modules != nullptr ? modules->registry() : builtin_registry();
    auto ruleset = read_ruleset(text, file, family, registry);
    script_.setup.rules_text[static_cast<size_t>(family)] = text + "\n";
    if (ruleset) {
      script_.setup.rulesets.push_back(std::move(*ruleset));
    } else {
      for (Error& error : ruleset.error()) note(std::move(error));
    }
    return {};
  }

  bool read_block(std::string& text) {
    while (!text_.empty()) {
      const std::string_view line = without_indentation(next_line());
      if (line == "end") return true;
      text += line;
      text += '\n';
    }
    return false;
  }

  // The machine must be whole before the first packet: from here on its interfaces are known.
  void finish_setup() {
    if (std::exchange(setup_done_, true)) return;
    auto model = model_of(script_.setup);
    if (!model) {
      for (Error& error : model.error()) note(std::move(error));
      return;
    }
    for (size_t i = 1; i <= model->interface_count(); ++i) {
      interfaces_.emplace_back(model->interface(static_cast<InterfaceId>(i)).name_text());
    }
    if (!errors_.empty()) return;
    if (auto machine = make_engine_machine(script_.setup); !machine) {
      for (Error& error : machine.error()) note(std::move(error));
    }
  }

  Result<void> begin_test(std::string_view name) {
    finish_setup();
    if (name.size() >= 2 && name.starts_with('"') && name.ends_with('"')) name = name.substr(1, name.size() - 2);
    if (name.empty()) return fail("the test has no name", "test NAME");
    script_.tests.push_back({.name = std::string(name), .line = line_number_});
    in_packet_line_ = false;
    return {};
  }

  Result<void> take_step(Words& words, std::string_view line) {
    finish_setup();
    auto step = read_step(words, line, interfaces_);
    if (!step) return std::unexpected(step.error());
    if (auto done = check_packet(*step); !done) return done;
    step->line = line_number_;
    step->source = without_indentation(line);
    const bool verdict = step->kind == Step::Kind::Verdict;
    if (verdict) {
      script_.tests.push_back({.name = step->source, .line = line_number_});
    } else if (script_.tests.empty() || in_packet_line_) {
      script_.tests.push_back({.name = {}, .line = line_number_});
    }
    in_packet_line_ = verdict;
    script_.tests.back().steps.push_back(std::move(*step));
    return {};
  }

  // What cannot be made is better known now; what depends on variables is known only then.
  static Result<void> check_packet(const Step& step) {
    const bool goes_in =
        step.kind == Step::Kind::In || step.kind == Step::Kind::Local || step.kind == Step::Kind::Verdict;
    if (!goes_in || step.packet.text.find('$') != std::string::npos) return {};
    const auto made = make_packet(step.packet, {});
    if (!made) return std::unexpected(made.error());
    return {};
  }

  std::string_view text_;
  const FileReader& reader_;
  Script script_;
  Errors errors_;
  uint32_t line_number_ = 0;
  std::string named_file_;
  std::vector<std::string> interfaces_;
  bool setup_done_ = false;
  bool in_packet_line_ = false;  // the last test is a `packet` line, which is a test by itself
};

}  // namespace
}  // namespace scenario

Results<Scenario> Scenario::read(std::string_view text, const std::string& file, const FileReader& reader,
                                 const ModuleSet* modules) {
  auto script = scenario::ScriptReader(text, file, reader, modules).read();
  if (!script) return std::unexpected(script.error());
  Scenario scenario;
  scenario.script_ = std::make_shared<const scenario::Script>(std::move(*script));
  return scenario;
}

size_t Scenario::tests() const { return script_->tests.size(); }

Result<std::vector<uint8_t>> packet_from_words(std::string_view text) {
  auto cut = scenario::cut_line(text);
  if (!cut) return std::unexpected(cut.error());
  scenario::Words words(std::move(*cut), static_cast<uint32_t>(text.size() + 1));
  auto packet = scenario::read_packet(words);
  if (!packet) return std::unexpected(packet.error());
  if (!words.at_end()) return words.wrong("the end of the packet");
  return scenario::make_packet(*packet, {});
}

std::string packet_in_words(std::span<const uint8_t> packet) { return scenario::describe(packet); }

}  // namespace sallyport
