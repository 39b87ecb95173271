// TAP 14 (testanything.org) and the XML that JUnit made common.

#include "test_report.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::cli {
namespace {

// "#" would begin a directive, "\" an escape.
std::string tap_description(std::string_view text) {
  std::string out;
  for (const char letter : text) {
    if (letter == '#' || letter == '\\') out += '\\';
    out += static_cast<unsigned char>(letter) < 0x20 ? ' ' : letter;
  }
  return out;
}

std::string yaml_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (letter == '"' || letter == '\\') {
      out += fmt::format("\\{}", letter);
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += letter;
    }
  }
  return out + "\"";
}

// One value, as a list where it has several lines.
std::string yaml_field(std::string_view name, std::string_view text) {
  if (text.empty()) return {};
  if (text.find('\n') == std::string_view::npos) return fmt::format("  {}: {}\n", name, yaml_quoted(text));
  std::string out = fmt::format("  {}:\n", name);
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    out += fmt::format("    - {}\n", yaml_quoted(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::string joined(const std::vector<std::string>& lines) { return fmt::format("{}", fmt::join(lines, "\n")); }

std::string name_of(const TestedFile& file, const ScenarioOutcome& outcome) {
  return outcome.name.empty() ? file.file : fmt::format("{}:{} {}", file.file, outcome.line, outcome.name);
}

std::string xml_escaped(std::string_view text) {
  std::string out;
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (letter == '&') {
      out += "&amp;";
    } else if (letter == '<') {
      out += "&lt;";
    } else if (letter == '>') {
      out += "&gt;";
    } else if (letter == '"') {
      out += "&quot;";
    } else if ((byte < 0x20 && letter != '\n' && letter != '\t') || byte >= 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += letter;
    }
  }
  return out;
}

std::string failure_text(const TestedFile& file, const ScenarioFailure& failure) {
  std::string out = fmt::format("{}:{}: {}\nexpected: {}\n", file.file, failure.line, failure.what, failure.expected);
  if (!failure.got.empty()) out += fmt::format("got: {}\n", failure.got);
  if (failure.packet_line != 0) out += fmt::format("packet: {}:{}\n", file.file, failure.packet_line);
  if (!failure.way.empty()) out += fmt::format("way:\n{}\n", joined(failure.way));
  return out;
}

std::string errors_text(const Errors& errors) {
  std::string out;
  for (const Error& error : errors) out += (out.empty() ? "" : "\n") + error.text();
  return out;
}

std::string junit_case(std::string_view name, std::string_view class_name, std::string_view kind,
                       std::string_view message, std::string_view text) {
  std::string out =
      fmt::format("    <testcase name=\"{}\" classname=\"{}\"", xml_escaped(name), xml_escaped(class_name));
  if (kind.empty()) return out + "/>\n";
  return out + fmt::format(">\n      <{0} message=\"{1}\">{2}</{0}>\n    </testcase>\n", kind, xml_escaped(message),
                           xml_escaped(text));
}

}  // namespace

std::string tap_point(size_t number, const TestedFile& file, const ScenarioOutcome& outcome) {
  const std::string description = tap_description(name_of(file, outcome));
  if (!outcome.failure) return fmt::format("ok {} - {}\n", number, description);
  const ScenarioFailure& failure = *outcome.failure;
  std::string out = fmt::format("not ok {} - {}\n  ---\n", number, description);
  out += yaml_field("message", failure.what);
  out += yaml_field("at", fmt::format("{}:{}", file.file, failure.line));
  out += yaml_field("expected", failure.expected);
  out += yaml_field("got", failure.got);
  if (failure.packet_line != 0) out += yaml_field("packet", fmt::format("{}:{}", file.file, failure.packet_line));
  out += yaml_field("way", joined(failure.way));
  return out + "  ...\n";
}

std::string tap_point(size_t number, const TestedFile& file) {
  return fmt::format("not ok {} - {}\n  ---\n{}  ...\n", number, tap_description(file.file),
                     yaml_field("message", errors_text(file.errors)));
}

std::string junit_text(std::span<const TestedFile> files) {
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"sallyport\">\n";
  for (const TestedFile& file : files) {
    const auto failures = std::ranges::count_if(
        file.outcomes, [](const ScenarioOutcome& outcome) { return outcome.failure.has_value(); });
    out += fmt::format("  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\">\n", xml_escaped(file.file),
                       file.outcomes.size() + !file.errors.empty(), failures, file.errors.empty() ? 0 : 1);
    if (!file.errors.empty()) {
      out += junit_case(file.file, file.file, "error", "the scenario cannot be read", errors_text(file.errors));
    }
    for (const ScenarioOutcome& outcome : file.outcomes) {
      const bool failed = outcome.failure.has_value();
      out += junit_case(name_of(file, outcome), file.file, failed ? "failure" : "",
                        failed ? outcome.failure->what : std::string(),
                        failed ? failure_text(file, *outcome.failure) : std::string());
    }
    out += "  </testsuite>\n";
  }
  return out + "</testsuites>\n";
}

}  // namespace sallyport::cli
