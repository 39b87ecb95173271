// A test, step by step, on a machine. Every packet that leaves or is delivered must be expected, in order for each
// interface; what is not said must not happen.

#include <fmt/format.h>

#include <algorithm>

#include "scenario/machine.h"

namespace sallyport {
namespace scenario {
namespace {

constexpr std::string_view kStateNames[] = {"INVALID", "NEW", "ESTABLISHED", "RELATED", "UNTRACKED"};

bool letters_match(std::string_view pattern, std::string_view word) {
  // The last star and where in `word` it began to stand for letters: on a mismatch it takes one letter more.
  size_t p = 0, w = 0, star = std::string_view::npos, from = 0;
  while (w < word.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      from = w;
    } else if (p < pattern.size() && pattern[p] == word[w]) {
      ++p;
      ++w;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      w = ++from;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::string_view next_word(std::string_view& text) {
  const size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  text.remove_prefix(begin);
  const size_t end = std::min(text.find_first_of(" \t"), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

bool is_number(std::string_view word) {
  return !word.empty() && word.size() < 10 && word.find_first_not_of("0123456789") == std::string_view::npos;
}

// The timeout is the fifth word of a line of the connection table.
bool word_matches(std::string_view pattern, std::string_view word, size_t number, int64_t slack_s) {
  constexpr size_t kTimeoutWord = 4;
  if (slack_s != 0 && number == kTimeoutWord && is_number(pattern) && is_number(word)) {
    const long asked = std::stol(std::string(pattern)), actual = std::stol(std::string(word));
    return actual <= asked && actual >= asked - slack_s;
  }
  return letters_match(pattern, word);
}

bool has_word(std::string_view pattern, std::string_view line) {
  for (std::string_view word; !(word = next_word(line)).empty();) {
    if (letters_match(pattern, word)) return true;
  }
  return false;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string in_words(const Event& event) {
  std::string packet = describe(event.bytes);
  switch (event.kind) {
    case Event::Kind::Left:
      return fmt::format("out {} {}", event.interface, packet);
    case Event::Kind::Delivered:
      return fmt::format("delivered {} {}", event.interface, packet);
    case Event::Kind::Dropped:
      if (event.chain.empty()) return fmt::format("dropped: {}", packet);
      return fmt::format("dropped by {} {} {}: {}", event.table, event.chain,
                         event.policy ? std::string("policy") : fmt::format("line {}", event.rule_line), packet);
    case Event::Kind::Unroutable:
      return fmt::format("unroutable: {}", packet);
    case Event::Kind::Malformed:
      return fmt::format("malformed: {}", packet);
    case Event::Kind::Held:
      return fmt::format("held: {}", packet);
  }
  return packet;
}

class Run {
 public:
  Run(const Test& test, Machine& machine, uint32_t explained_line)
      : machine_(machine), explained_line_(explained_line), outcome_{.name = test.name, .line = test.line} {}

  ScenarioOutcome run(const std::vector<Step>& steps) {
    for (const Step& step : steps) {
      if (!take(step)) return std::move(outcome_);
    }
    nothing_left_over();
    return std::move(outcome_);
  }

 private:
  bool take(const Step& step) {
    switch (step.kind) {
      case Step::Kind::In:
      case Step::Kind::Local:
        return nothing_left_over() && put(step);
      case Step::Kind::At:
        return nothing_left_over() && move_time(step);
      case Step::Kind::Command:
        return nothing_left_over() && command(step);
      case Step::Kind::Down:
        return nothing_left_over() && take_down(step);
      case Step::Kind::Verdict:
        return put(step) && judge(step);
      default:
        ++outcome_.checks;
        return expect(step);
    }
  }

  bool expect(const Step& step) {
    switch (step.kind) {
      case Step::Kind::Out:
        return expect_packet(step, Event::Kind::Left);
      case Step::Kind::Delivered:
        return expect_packet(step, Event::Kind::Delivered);
      case Step::Kind::Drop:
        return expect_drop(step);
      case Step::Kind::Entry:
      case Step::Kind::NoEntry:
        return expect_entry(step);
      case Step::Kind::Counters:
        return expect_line(step, machine_.counters(), "no line of the counters is like that");
      case Step::Kind::State:
        return expect_state(step);
      case Step::Kind::Mark:
        return expect_mark(step);
      case Step::Kind::Log:
        return expect_log(step);
      default:
        return expect_variable(step);
    }
  }

  bool fail(const Step& step, std::string what, std::string got = {}) {
    return fail(step.line, step.source, std::move(what), std::move(got));
  }
  bool fail(uint32_t line, const std::string& expected, std::string what, std::string got) {
    outcome_.failure = ScenarioFailure{.line = line,
                                       .packet_line = packet_line_,
                                       .what = std::move(what),
                                       .expected = expected,
                                       .got = std::move(got),
                                       .way = happened_.way};
    return false;
  }

  // Packets that nobody expected.
  bool nothing_left_over() {
    for (const Event& event : happened_.events) {
      const bool seen_outside = event.kind == Event::Kind::Left || event.kind == Event::Kind::Delivered;
      if (!seen_outside) continue;
      return fail(packet_line_, "nothing more", "a packet came out that no line expects", in_words(event));
    }
    return true;
  }

  bool put(const Step& step) {
    auto packet = make_packet(step.packet, variables_);
    if (!packet) return fail(step, packet.error().what);
    came_in_ = std::move(*packet);
    packet_line_ = step.line;
    const bool with_way = explained_line_ == step.line || step.kind == Step::Kind::Verdict;
    happened_ = machine_.put(step.interface, came_in_, with_way);
    ends_ = happened_.events;
    return true;
  }

  bool move_time(const Step& step) {
    const Duration time = step.relative ? time_ + step.time : step.time;
    if (time < time_) return fail(step, "time does not run backwards");
    time_ = time;
    machine_.wait_until(time_);
    return true;
  }

  bool command(const Step& step) {
    auto happened = machine_.command(step.module, step.text);
    if (!happened) return fail(step, happened.error().what);
    happened_ = std::move(*happened);
    ends_ = happened_.events;
    return true;
  }

  bool take_down(const Step& step) {
    happened_ = {};
    ends_.clear();
    auto done = machine_.down(step.interface, step.address);
    return done || fail(step, done.error().what);
  }

  // The first event of the kind and interface is the one that the line is about.
  bool expect_packet(const Step& step, Event::Kind kind) {
    const auto found = std::ranges::find_if(
        happened_.events, [&](const Event& event) { return event.kind == kind && event.interface == step.interface; });
    if (found == happened_.events.end()) {
      const std::string what = kind == Event::Kind::Left
                                   ? fmt::format("nothing {}left by {}", more(step, kind), step.interface)
                                   : fmt::format("nothing {}was delivered from {}", more(step, kind), step.interface);
      return fail(step, what, all_events(happened_.events));
    }
    if (std::string differs = mismatch(step.packet, found->bytes, came_in_, variables_); !differs.empty()) {
      return fail(step, std::move(differs), in_words(*found));
    }
    happened_.events.erase(found);
    return true;
  }

  std::string_view more(const Step& step, Event::Kind kind) const {
    return std::ranges::any_of(
               ends_, [&](const Event& event) { return event.kind == kind && event.interface == step.interface; })
               ? "more "
               : "";
  }

  static std::string all_events(const std::vector<Event>& events) {
    std::string out;
    for (const Event& event : events) out += (out.empty() ? "" : "\n") + in_words(event);
    return out.empty() ? "nothing" : out;
  }

  bool expect_drop(const Step& step) {
    // Where the inside cannot be seen, nothing_left_over() sees that nothing came out.
    if (!machine_.sees_inside()) return true;
    const auto is_drop = [&](const Event& event) {
      const bool dropped = event.kind == Event::Kind::Dropped;
      switch (step.end) {
        case Step::End::Any:
          return dropped || event.kind == Event::Kind::Unroutable || event.kind == Event::Kind::Malformed;
        case Step::End::Dropped:
          return dropped && event.table == step.table && event.chain == step.chain && (!step.policy || event.policy) &&
                 (step.rule_line == 0 || (!event.policy && event.rule_line == step.rule_line));
        case Step::End::Unroutable:
          return event.kind == Event::Kind::Unroutable;
        case Step::End::Malformed:
          return event.kind == Event::Kind::Malformed;
        case Step::End::Held:
          return event.kind == Event::Kind::Held;
      }
      return false;
    };
    const auto found = std::ranges::find_if(happened_.events, is_drop);
    if (found == happened_.events.end()) return fail(step, "the packet did not end so", all_events(happened_.events));
    happened_.events.erase(found);
    return true;
  }

  bool expect_entry(const Step& step) {
    const std::string table = machine_.connections();
    if (step.kind == Step::Kind::Entry) return expect_line(step, table, "no connection is like that");
    const std::string pattern = substituted(step.text, variables_);
    for (const std::string_view line : lines_of(table)) {
      if (line_matches(pattern, line, machine_.timeout_slack_s())) {
        return fail(step, "there is such a connection", std::string(line));
      }
    }
    return true;
  }

  bool expect_line(const Step& step, const std::string& text, std::string_view what) {
    const std::string pattern = substituted(step.text, variables_);
    for (const std::string_view line : lines_of(text)) {
      if (line_matches(pattern, line, machine_.timeout_slack_s())) return true;
    }
    return fail(step, std::string(what), text.empty() ? "nothing" : text);
  }

  bool expect_state(const Step& step) {
    if (!happened_.state) return fail(step, "the packet did not come as far as connection tracking");
    if (*happened_.state == step.state) return true;
    return fail(step, fmt::format("it was {}", kStateNames[static_cast<size_t>(*happened_.state)]));
  }

  bool expect_mark(const Step& step) {
    const auto first = std::ranges::find_if(ends_, [](const Event& event) {
      return event.kind == Event::Kind::Left || event.kind == Event::Kind::Delivered;
    });
    if (first == ends_.end()) return fail(step, "the packet neither left nor was delivered");
    if (first->mark == step.mark) return true;
    return fail(step, fmt::format("its mark was {:#x}, expected {:#x}", first->mark, step.mark), in_words(*first));
  }

  bool expect_log(const Step& step) {
    if (!machine_.sees_inside()) return true;
    const std::string pattern = substituted(step.text, variables_);
    const auto found =
        std::ranges::find_if(happened_.log, [&](const std::string& line) { return line_matches(pattern, line, 0); });
    if (found == happened_.log.end()) {
      return fail(step, "no such line was logged", fmt::format("{}", fmt::join(happened_.log, "\n")));
    }
    happened_.log.erase(found);
    return true;
  }

  bool expect_variable(const Step& step) {
    const auto found = variables_.find(step.text);
    if (found == variables_.end()) return fail(step, fmt::format("${} has no value yet", step.text));
    const auto low = value_of(step.low, variables_), high = value_of(step.high, variables_);
    if (!low || !high) return fail(step, low ? high.error().what : low.error().what);
    if (found->second >= *low && found->second <= *high) return true;
    return fail(step, fmt::format("${} is {}", step.text, found->second));
  }

  bool judge(const Step& step) {
    ++outcome_.checks;
    const bool dropped = std::ranges::find(ends_, Event::Kind::Dropped, &Event::kind) != ends_.end();
    // Answers left too where it was rejected: what the packet itself came to is said last.
    const Event* const last = ends_.empty() ? nullptr : &ends_.back();
    const bool passed = last != nullptr && (last->kind == Event::Kind::Left || last->kind == Event::Kind::Delivered);
    const std::string decided = deciding(step, passed);
    happened_.events.clear();
    const bool rejected = dropped && decided.find("-j REJECT") != std::string::npos;
    const Step::Word actual = passed ? Step::Word::Accept : rejected ? Step::Word::Reject : Step::Word::Drop;
    constexpr std::string_view kNames[] = {"ACCEPT", "DROP", "REJECT"};
    if (actual != step.word) {
      return fail(step, fmt::format("it was {}", kNames[static_cast<size_t>(actual)]), all_events(ends_));
    }
    if (step.chain.empty()) return true;
    const std::string place = fmt::format("{} {} ", step.table, step.chain);
    const std::string asked = step.policy           ? place + "policy "
                              : step.rule_line != 0 ? fmt::format("{}line {}:", place, step.rule_line)
                                                    : place;
    if (decided.starts_with(asked)) return true;
    return fail(step, "another rule decided", decided.empty() ? "no rule met it" : decided);
  }

  // The last rule that it met in the table that is asked about; of a packet that ended, the last of all.
  std::string deciding(const Step& step, bool passed) const {
    const std::string prefix = (step.table.empty() ? "filter" : step.table) + " ";
    for (auto place = happened_.way.rbegin(); place != happened_.way.rend(); ++place) {
      if (!passed || place->starts_with(prefix)) return *place;
    }
    return {};
  }

  Machine& machine_;
  uint32_t explained_line_;
  ScenarioOutcome outcome_;
  Variables variables_;
  Happened happened_;        // of the last packet; what lines have claimed is taken out
  std::vector<Event> ends_;  // likewise, with nothing taken out
  std::vector<uint8_t> came_in_;
  uint32_t packet_line_ = 0;
  Duration time_ = 0;
};

}  // namespace

bool line_matches(std::string_view pattern, std::string_view line, int64_t slack_s) {
  std::string_view rest = line;
  size_t number = 0;
  for (std::string_view asked; !(asked = next_word(pattern)).empty();) {
    if (asked.size() > 1 && asked[0] == '!' && asked[1] != ' ') {
      if (has_word(asked.substr(1), line)) return false;
      continue;
    }
    while (true) {
      const std::string_view word = next_word(rest);
      if (word.empty()) return false;
      if (word_matches(asked, word, number++, slack_s)) break;
    }
  }
  return true;
}

ScenarioOutcome run_test(const Test& test, Machine& machine, uint32_t explained_line) {
  return Run(test, machine, explained_line).run(test.steps);
}

}  // namespace scenario

ScenarioOutcome Scenario::run(size_t number) const {
  const scenario::Test& test = script_->tests[number];
  const auto run = [&](uint32_t explained_line) {
    auto machine = scenario::make_engine_machine(script_->setup);
    // The reader has made one already.
    if (!machine)
      return ScenarioOutcome{
          .name = test.name, .line = test.line, .failure = ScenarioFailure{.what = machine.error().front().text()}};
    return scenario::run_test(test, **machine, explained_line);
  };
  ScenarioOutcome outcome = run(0);
  // Once more, with an eye on the packet that went astray: it is all the same every time.
  if (outcome.failure && outcome.failure->packet_line != 0) outcome = run(outcome.failure->packet_line);
  return outcome;
}

}  // namespace sallyport
