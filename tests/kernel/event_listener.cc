// conntrack(8) is asked for what happens; a mark shows how far it has come.

#include "kernel/event_listener.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "kernel/delta_time.h"

namespace sallyport::kernel {
namespace {

// Nothing takes so long; it only ends a test that would hang.
constexpr int kPatience_ms = 60'000;
constexpr long kClockTolerance_s = 1;

// An event's line without its timeout, and the timeout (-1: it has none).
struct Line {
  std::string text;
  long timeout_s = -1;
};
Line line_of(std::string_view whole) {
  const size_t begin = whole.find_first_not_of(' ');
  whole.remove_prefix(std::min(begin, whole.size()));
  // "[NEW] ipv4     2 udp      17 30 src=...": the sixth word, where it is a number. "[NEW] 300 proto=6 ...": the
  // second.
  const int words_before = whole.contains(" mask-src=") ? 1 : 5;
  size_t at = 0;
  for (int word = 0; word < words_before && at != std::string_view::npos; ++word) {
    at = whole.find_first_not_of(' ', std::min(whole.find(' ', at), whole.size()));
  }
  if (at == std::string_view::npos) return {std::string(whole)};
  const size_t end = std::min(whole.find(' ', at), whole.size());
  const std::string number(whole.substr(at, end - at));
  std::string text(whole);
  while (text.ends_with(' ')) text.pop_back();
  if (number.find_first_not_of("0123456789") != std::string::npos) return {std::move(text)};
  return {text.erase(at, end - at), std::strtol(number.c_str(), nullptr, 10)};
}

// Of a time that may be there or not.
bool nearly(long one, long other) { return (one < 0) == (other < 0) && std::labs(one - other) <= kClockTolerance_s; }

bool same(const std::string& one, const std::string& other) {
  Line a = line_of(one), b = line_of(other);
  if (!nearly(take_delta_time(a.text), take_delta_time(b.text))) return false;
  return a.text == b.text && nearly(a.timeout_s, b.timeout_s);
}

bool is_end(const std::string& line) { return line.starts_with("[DESTROY]"); }

// Takes the ends out of `lines`.
std::vector<std::string> take_ends(std::vector<std::string>& lines) {
  std::vector<std::string> ends;
  std::ranges::copy_if(lines, std::back_inserter(ends), is_end);
  std::erase_if(lines, is_end);
  return ends;
}

// Takes what both have out of both.
void cancel(std::vector<std::string>& one, std::vector<std::string>& other) {
  std::erase_if(one, [&](const std::string& line) {
    const auto found = std::ranges::find_if(other, [&](const std::string& theirs) { return same(line, theirs); });
    if (found == other.end()) return false;
    other.erase(found);
    return true;
  });
}

// conntrack(8) shows no labels where none has a name.
bool labels_have_names() {
  static const bool there = access("/etc/xtables/connlabel.conf", R_OK) == 0;
  return there;
}

// The original direction, as listings have it.
std::string_view tuple_of(std::string_view line) {
  line.remove_prefix(std::min(line.find("src="), line.size()));
  const size_t second = line.find(" src=");
  const size_t mark = line.find(" [UNREPLIED]");
  return line.substr(0, std::min(second, mark));
}

}  // namespace

Result<std::unique_ptr<EventListener>> EventListener::open(Subject subject) {
  int ends[2];
  if (pipe(ends) != 0) return fail(fmt::format("pipe: {}", std::strerror(errno)));
  const pid_t process = fork();
  if (process < 0) return fail(fmt::format("fork: {}", std::strerror(errno)));
  if (process == 0) {
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
    if (subject == Subject::Connections) {
      const char* const form = labels_have_names() ? "extended,labels" : "extended";
      execlp("conntrack", "conntrack", "-E", "-o", form, "-b", "8388608", nullptr);
    } else {
      execlp("conntrack", "conntrack", "-E", "expect", nullptr);
    }
    _exit(127);
  }
  close(ends[1]);
  std::unique_ptr<EventListener> listener(new EventListener(subject, ends[0], process));
  auto mark = EventMark::open();
  if (!mark) return std::unexpected(mark.error());
  listener->mark_ = std::move(*mark);
  // It listens as soon as it tells of a mark.
  for (int tries = 0; tries < 1000; ++tries) {
    if (auto done = listener->mark_->set(1, subject == Subject::Expectations); !done)
      return std::unexpected(done.error());
    pollfd waiting = {listener->input_, POLLIN, 0};
    if (poll(&waiting, 1, 20) > 0) break;
  }
  auto first = listener->take();
  if (!first) return std::unexpected(first.error());
  return listener;
}

EventListener::~EventListener() {
  kill(process_, SIGTERM);
  waitpid(process_, nullptr, 0);
  close(input_);
}

Result<std::string> EventListener::read_line() {
  while (true) {
    if (const size_t end = text_.find('\n'); end != std::string::npos) {
      std::string line = text_.substr(0, end);
      text_.erase(0, end + 1);
      return line;
    }
    pollfd waiting = {input_, POLLIN, 0};
    if (poll(&waiting, 1, kPatience_ms) <= 0) return fail("conntrack -E is silent");
    char piece[1 << 16];
    const ssize_t got = read(input_, piece, sizeof piece);
    if (got <= 0) return fail("conntrack -E has ended");
    text_.append(piece, static_cast<size_t>(got));
  }
}

Result<std::vector<std::string>> EventListener::take() {
  const auto port = static_cast<uint16_t>(2 + marks_++ % 60000);
  if (auto done = mark_->set(port, subject_ == Subject::Expectations); !done) return std::unexpected(done.error());
  std::vector<std::string> lines;
  const std::string last = fmt::format("sport={} ", port);
  while (true) {
    auto line = read_line();
    if (!line) return std::unexpected(line.error());
    if (!line->contains(EventMark::kSource)) {
      lines.push_back(std::move(*line));
    } else if (is_end(*line) && line->contains(last)) {
      return lines;
    }
  }
}

void EventLines::emit(const ConnectionRecord& record) {
  std::string line;
  write_connection(record, {.extended = true, .labels = labels_have_names()}, line);
  lines_.push_back(std::move(line));
}

void EventLines::emit_expectation(const ExpectationRecord& record) {
  std::string line;
  write_expectation(record, false, line);
  expectation_lines_.push_back(std::move(line));
}

std::string EventComparison::difference(std::vector<std::string> kernel, std::vector<std::string> ours) {
  compared_ += kernel.size();
  if (std::ranges::equal(kernel, ours, same)) return {};
  std::string text;
  for (const std::string& line : kernel) text += fmt::format("kernel: {}\n", line);
  for (const std::string& line : ours) text += fmt::format("ours:   {}\n", line);
  std::ranges::move(take_ends(kernel), std::back_inserter(ended_there_));
  std::ranges::move(take_ends(ours), std::back_inserter(ended_here_));
  cancel(ended_there_, ended_here_);
  return std::ranges::equal(kernel, ours, same) ? std::string() : text;
}

std::string EventComparison::left_over(std::string_view kernel_table, std::string_view our_table) {
  std::string text;
  for (const std::string& line : ended_there_) {
    if (our_table.contains(tuple_of(line))) text += fmt::format("ended in the kernel only: {}\n", line);
  }
  for (const std::string& line : ended_here_) {
    if (kernel_table.contains(tuple_of(line))) text += fmt::format("ended in the engine only: {}\n", line);
  }
  forget();
  return text;
}

void EventComparison::forget() {
  ended_there_.clear();
  ended_here_.clear();
}

}  // namespace sallyport::kernel
