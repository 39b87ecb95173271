// Lines to steps.

#include "scenario/step_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "sallyport/nearest.h"

namespace sallyport::scenario {
namespace {

constexpr std::string_view kTables[] = {"raw", "mangle", "nat", "filter", "security"};
constexpr std::string_view kStepWords[] = {"in",        "from", "out",    "delivered", "drop", "unroutable",
                                           "malformed", "held", "at",     "command",   "down", "expect",
                                           "no",        "log",  "packet", "test"};
constexpr std::string_view kStates[] = {"INVALID", "NEW", "ESTABLISHED", "RELATED", "UNTRACKED"};  // by PacketState
constexpr std::string_view kVerdicts[] = {"ACCEPT", "DROP", "REJECT"};                             // by Step::Word

class Reader {
 public:
  Reader(Words& words, std::string_view line, std::span<const std::string> interfaces)
      : words_(words), line_(line), interfaces_(interfaces) {}

  Result<Step> read() {
    const Word first = words_.take();
    if (auto done = read_by(first); !done) return std::unexpected(done.error());
    if (!words_.at_end()) return words_.wrong("the end of the line");
    return std::move(step_);
  }

 private:
  Result<void> read_by(const Word& first) {
    const std::string& word = first.text;
    if (word == "in") return read_traffic(Step::Kind::In, true);
    if (word == "out") return read_traffic(Step::Kind::Out, true);
    if (word == "delivered") return read_traffic(Step::Kind::Delivered, true);
    if (word == "from") {
      if (!words_.accept("local")) return words_.wrong("local");
      return read_traffic(Step::Kind::Local, false);
    }
    if (word == "drop") return read_drop();
    if (word == "unroutable") return ends(Step::End::Unroutable);
    if (word == "malformed") return ends(Step::End::Malformed);
    if (word == "held") return ends(Step::End::Held);
    if (word == "at") return read_time();
    if (word == "command") {
      if (words_.at_end()) return words_.wrong("the name of a module");
      const Word module = words_.take();
      step_.module = module.text;
      return read_pattern(Step::Kind::Command, module);
    }
    if (word == "down") return read_down();
    if (word == "expect") return read_expectation();
    if (word == "no") return read_absence();
    if (word == "log") return read_pattern(Step::Kind::Log, first);
    if (word == "packet") return read_verdict();
    return unknown(first, "line", kStepWords);
  }

  Result<void> ends(Step::End end) {
    step_.kind = Step::Kind::Drop;
    step_.end = end;
    return {};
  }

  Result<void> read_interface() {
    const Word& word = words_.take();
    if (std::ranges::find(interfaces_, word.text) != interfaces_.end()) {
      step_.interface = word.text;
      return {};
    }
    const std::vector<std::string_view> known(interfaces_.begin(), interfaces_.end());
    return unknown(word, "interface", known);
  }

  Result<void> read_the_packet() {
    const size_t begin = words_.peek().column;
    auto packet = read_packet(words_);
    if (!packet) return std::unexpected(packet.error());
    step_.packet = std::move(*packet);
    const size_t end = words_.at_end() ? line_.size() : words_.peek().column - 1;
    step_.packet.text = line_.substr(begin - 1, end - (begin - 1));
    return {};
  }

  Result<void> read_traffic(Step::Kind kind, bool with_interface) {
    step_.kind = kind;
    if (with_interface) {
      if (auto done = read_interface(); !done) return done;
    }
    return read_the_packet();
  }

  Result<void> read_drop() {
    step_.kind = Step::Kind::Drop;
    step_.end = Step::End::Any;
    if (words_.at_end()) return {};
    if (!words_.accept("by")) return words_.wrong("by TABLE CHAIN");
    step_.end = Step::End::Dropped;
    if (std::ranges::find(kTables, words_.peek().text) == std::end(kTables)) {
      return unknown(words_.peek(), "table", kTables);
    }
    step_.table = words_.take().text;
    return read_place();
  }

  // "CHAIN", "CHAIN line N", "CHAIN policy"
  Result<void> read_place() {
    if (words_.at_end()) return words_.wrong("a chain");
    step_.chain = words_.take().text;
    step_.policy = words_.accept("policy");
    if (step_.policy || !words_.accept("line")) return {};
    auto line = fixed_number(0xffffffff);
    if (!line) return std::unexpected(line.error());
    step_.rule_line = static_cast<uint32_t>(*line);
    return {};
  }

  Result<uint64_t> fixed_number(uint64_t most) {
    const Word& word = words_.take();
    auto number = read_number(word, most);
    if (!number) return std::unexpected(number.error());
    if (number->kind != Number::Kind::Fixed) return Words::wrong(word, "here the number must stand itself", "a number");
    return number->value;
  }

  // "at +1s", "at 1.5s"
  Result<void> read_time() {
    step_.kind = Step::Kind::At;
    Word word = words_.take();
    step_.relative = word.text.starts_with('+');
    if (step_.relative) word.text.erase(0, 1);
    auto time = read_duration(word);
    if (!time) return std::unexpected(time.error());
    step_.time = *time;
    return {};
  }

  // "down wan", "down wan 203.0.113.7"
  Result<void> read_down() {
    step_.kind = Step::Kind::Down;
    if (auto done = read_interface(); !done) return done;
    if (words_.at_end()) return {};
    const Word& word = words_.take();
    auto address = parse_address(word.text);
    if (!address)
      return Words::wrong(word, address.error().what, "an address of the interface, or the end of the line");
    step_.address = *address;
    return {};
  }

  // The rest of the line as it stands, up to a comment.
  Result<void> read_pattern(Step::Kind kind, const Word& behind) {
    step_.kind = kind;
    const size_t begin = std::min(line_.size(), behind.column - 1 + behind.text.size());
    std::string_view rest = line_.substr(begin);
    rest = rest.substr(0, rest.find(" #"));
    const size_t first = rest.find_first_not_of(" \t\r");
    const size_t last = rest.find_last_not_of(" \t\r");
    if (first != std::string_view::npos) step_.text = rest.substr(first, last - first + 1);
    while (!words_.at_end()) words_.take();
    if (!step_.text.empty() || kind == Step::Kind::NoEntry) return {};
    return words_.wrong("words that the line must have, * for any letters");
  }

  Result<void> read_expectation() {
    const Word what = words_.take();
    if (what.text == "conntrack") return read_pattern(Step::Kind::Entry, what);
    if (what.text == "counters") return read_pattern(Step::Kind::Counters, what);
    if (what.text == "state") return read_state();
    if (what.text == "mark") {
      step_.kind = Step::Kind::Mark;
      auto mark = fixed_number(0xffffffff);
      if (!mark) return std::unexpected(mark.error());
      step_.mark = static_cast<uint32_t>(*mark);
      return {};
    }
    if (what.text.starts_with('$')) return read_range(what);
    constexpr std::string_view kKnown[] = {"conntrack", "counters", "state", "mark", "$NAME"};
    return unknown(what, "expectation", kKnown);
  }

  Result<void> read_state() {
    step_.kind = Step::Kind::State;
    const Word word = words_.take();
    const auto found = std::ranges::find(kStates, word.text);
    if (found == std::end(kStates)) return unknown(word, "state", kStates);
    step_.state = static_cast<PacketState>(found - std::begin(kStates));
    return {};
  }

  // "expect $p 1024-65535", "expect $p $q"
  Result<void> read_range(const Word& variable) {
    step_.kind = Step::Kind::Variable;
    step_.text = variable.text.substr(1);
    const Word range = words_.take();
    const std::string_view text = range.text;
    const size_t dash = text.starts_with('$') ? std::string_view::npos : text.find('-');
    const auto part = [&](std::string_view digits) {
      return read_number({.text = std::string(digits), .column = range.column}, ~uint64_t{0});
    };
    auto low = part(text.substr(0, dash));
    auto high = part(dash == std::string_view::npos ? text : text.substr(dash + 1));
    if (!low) return std::unexpected(low.error());
    if (!high) return std::unexpected(high.error());
    step_.low = std::move(*low);
    step_.high = std::move(*high);
    return {};
  }

  Result<void> read_absence() {
    const Word what = words_.take();
    if (what.text != "conntrack") return Words::wrong(what, fmt::format("no {}?", what.text), "no conntrack [WORDS]");
    return read_pattern(Step::Kind::NoEntry, what);
  }

  // "packet IFACE PACKET => VERDICT [by [TABLE] CHAIN [line N]]"
  Result<void> read_verdict() {
    step_.kind = Step::Kind::Verdict;
    if (!words_.accept("local")) {
      if (auto done = read_interface(); !done) return done;
    }
    if (auto done = read_the_packet(); !done) return done;
    if (!words_.accept("=>")) return words_.wrong("=> and a verdict");
    const Word word = words_.take();
    const auto found = std::ranges::find(kVerdicts, word.text);
    if (found == std::end(kVerdicts)) return unknown(word, "verdict", kVerdicts);
    step_.word = static_cast<Step::Word>(found - std::begin(kVerdicts));
    if (words_.at_end()) return {};
    if (!words_.accept("by")) return words_.wrong("by [TABLE] CHAIN [line N]");
    step_.table = "filter";
    if (std::ranges::find(kTables, words_.peek().text) != std::end(kTables)) step_.table = words_.take().text;
    return read_place();
  }

  Words& words_;
  std::string_view line_;
  std::span<const std::string> interfaces_;
  Step step_;
};

}  // namespace

std::unexpected<Error> unknown(const Word& word, std::string_view what, std::span<const std::string_view> known) {
  const std::string_view near = nearest(word.text, known);
  const std::string expected = near.empty() ? fmt::format("one of {}", fmt::join(known, ", ")) : std::string(near);
  if (word.text.empty()) return Words::wrong(word, fmt::format("the {} is missing", what), expected);
  return Words::wrong(word, fmt::format("unknown {} \"{}\"", what, word.text), expected);
}

Result<Step> read_step(Words& words, std::string_view line, std::span<const std::string> interfaces) {
  return Reader(words, line, interfaces).read();
}

Result<Duration> read_duration(const Word& word) {
  struct Unit {
    std::string_view name;
    Duration length;
  };
  constexpr std::array<Unit, 6> kUnits = {{{"us", kMicrosecond},
                                           {"ms", kMillisecond},
                                           {"s", kSecond},
                                           {"m", 60 * kSecond},
                                           {"h", 3600 * kSecond},
                                           {"d", 86400 * kSecond}}};
  constexpr double kLongest = 1e9;  // about 30 years, in seconds
  double count = 0;
  const char* const end = word.text.data() + word.text.size();
  const auto [rest, problem] = std::from_chars(word.text.data(), end, count, std::chars_format::fixed);
  const auto unit = std::ranges::find(kUnits, std::string_view(rest, end), &Unit::name);
  const bool right = problem == std::errc() && unit != kUnits.end() && count >= 0 &&
                     count * static_cast<double>(unit->length) <= kLongest * kSecond;
  if (!right) {
    return Words::wrong(word, fmt::format("\"{}\" is no time", word.text),
                        "a number and its unit: 300ms, 1.5s, 2m, 1h or 5d");
  }
  return std::llround(count * static_cast<double>(unit->length));
}

}  // namespace sallyport::scenario
