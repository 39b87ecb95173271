// Passing packets at known steps of the kernel's clock, and finding the step where it was between two.

#include "kernel/clock_case.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <ranges>
#include <sstream>
#include <string_view>
#include <thread>
#include <utility>

namespace sallyport::kernel {
namespace {

constexpr Duration kTick = kSecond / 250;
constexpr std::string_view kTable = "counters *mangle";
// Of choices of times; a machine so busy that this does not do is told of.
constexpr size_t kMostTries = 4000;

struct Span {
  int64_t earliest = 0;
  int64_t latest = 0;
};

// Whether it is open if what happens at `step` comes before a collection: the kernel began a little before the first
// packet, and its timers are up to eight ticks late, each time anew.
bool is_near_a_collection(int64_t step, int64_t period) {
  constexpr int64_t kEarly = 12, kLate = 10;
  const int64_t collections = (step + kEarly) / period;
  return collections != 0 && step < collections * period + (collections + 1) * kLate;
}

// The first step from `step` on, counted from the first packet, at which one may pass.
int64_t clear_of_collections(int64_t step, const Collection& collection) {
  if (collection.each == 0) return step;
  while (is_near_a_collection(step, collection.each) ||
         is_near_a_collection(step + collection.expiry, collection.each)) {
    ++step;
  }
  return step;
}

std::vector<Span> pass_all(const ClockCase& test, const KernelClock& clock, NamespaceReferee& referee,
                           Recording& recording) {
  std::vector<Span> spans;
  int64_t last = clock.now();
  const int64_t began = last;
  for (const Burst& burst : test.bursts) {
    clock.wait_until(began + clear_of_collections(last + burst.pause - began, test.collection));
    last = clock.now();
    for (uint32_t i = 0; i < burst.packets; ++i) {
      const Input& packet = test.packets[spans.size() % test.packets.size()];
      recording.answers.push_back(referee.pass(packet));
      recording.test.packets.push_back(packet);
      const int64_t after = clock.now();
      spans.push_back({last, after});
      last = after;
    }
  }
  return spans;
}

// A tick as the lists print it, counted from `zero`. Where the clock moved while a packet passed, even the rules that
// it met saw different ticks: all of these are taken for the first of them.
class Ticks {
 public:
  Ticks(const std::vector<Span>& spans, int64_t zero) : zero_(zero) {
    for (const Span& span : spans) {
      if (span.earliest != span.latest) moved_.push_back({span.earliest - zero, span.latest - zero});
    }
  }
  int64_t zero() const { return zero_; }
  int64_t known(int64_t tick) const {
    for (const Span& span : moved_ | std::views::reverse) {
      if (span.earliest <= tick && tick <= span.latest) tick = span.earliest;
    }
    return tick;
  }

 private:
  int64_t zero_;
  std::vector<Span> moved_;
};

// Every number behind "last_seen:" but that of oldest_pkt is a tick.
std::string with_known_ticks(const std::string& line, int64_t zero, const Ticks& known) {
  std::string out;
  std::istringstream words(line);
  bool ticks = false;
  std::string before;
  for (std::string word; words >> word; before = word) {
    ticks |= before == "last_seen:";
    int64_t number = 0;
    const char* const end = word.data() + word.size() - (word.ends_with(',') ? 1 : 0);
    const bool is_number = std::from_chars(word.data(), end, number).ptr == end && end != word.data();
    if (ticks && is_number && before != "oldest_pkt:") word = fmt::format("{}{}", known.known(number - zero), end);
    out += out.empty() ? word : ' ' + word;
  }
  return out;
}

// What -m recent and -m hashlimit keep, as "NAME: LINE" in no order.
std::vector<std::string> kernel_listings(const Ticks& ticks) {
  std::vector<std::string> lines;
  for (const std::string_view kind : {"xt_recent", "ipt_hashlimit", "ip6t_hashlimit"}) {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(fmt::format("/proc/net/{}", kind), ignored)) {
      std::ifstream file(entry.path());
      for (std::string line; std::getline(file, line);) {
        lines.push_back(fmt::format("{}/{}: {}", kind, entry.path().filename().string(),
                                    with_known_ticks(line, ticks.zero(), ticks)));
      }
    }
  }
  std::ranges::sort(lines);
  return lines;
}

std::vector<std::string> listings_of(const Engine& engine, const Ticks& ticks) {
  std::vector<std::string> lines;
  for (const StateListing& listing : engine.state_listings()) {
    std::istringstream text(listing.text);
    for (std::string line; std::getline(text, line);) {
      lines.push_back(fmt::format("{}: {}", listing.file, with_known_ticks(line, 0, ticks)));
    }
  }
  std::ranges::sort(lines);
  return lines;
}

// What the kernel keeps at the end, at that step: hashlimit's lines count on while nothing passes.
struct Kept {
  Ticks ticks;
  int64_t step = 0;
  std::vector<std::string> lines = {};
};

Kept what_is_kept(const Ticks& ticks, const KernelClock& clock) {
  Kept kept = {.ticks = ticks, .step = clock.now()};
  while (true) {
    kept.lines = kernel_listings(ticks);
    const int64_t now = clock.now();
    if (std::exchange(kept.step, now) == now) return kept;
  }
}

// The first packet of which the engine says something else with these times; their number: none, but it may keep other
// things in the end, where that is asked.
Result<size_t> first_difference(const Recording& recording, const KernelClock& clock, const Kept* kept,
                                std::string& text) {
  auto ours = EngineSide::create(recording.test.family, recording.test.rules);
  if (!ours) return std::unexpected(ours.error());
  for (size_t i = 0; i < recording.answers.size(); ++i) {
    text = difference(recording.answers[i], (*ours)->pass(recording.test.packets[i]));
    if (!text.empty()) return i;
  }
  if (kept == nullptr) return recording.answers.size();
  (*ours)->engine().clock().advance_to(clock.time_of(kept->step - kept->ticks.zero()));
  const std::vector<std::string> mine = listings_of((*ours)->engine(), kept->ticks);
  if (mine == kept->lines) return recording.answers.size();
  text = fmt::format("the lists at the end differ\n  kernel: {}\n  ours:   {}\n",
                     fmt::join(kept->lines, "\n          "), fmt::join(mine, "\n          "));
  return recording.answers.size() - 1;
}

// Depth first: what came before a difference is tried at later times, the last choice first.
Result<std::string> choose_times(const std::vector<Span>& spans, const KernelClock& clock, const Kept* kept,
                                 Recording& recording) {
  std::vector<int64_t> chosen;
  chosen.reserve(spans.size());
  for (const Span& span : spans) chosen.push_back(span.earliest);
  const int64_t zero = clock.zero(spans.front().earliest);
  // What is told in the end is the difference that came last: the others are of times that were wrong from early on.
  std::string text, told;
  size_t farthest = 0;
  for (size_t tries = 0; tries < kMostTries; ++tries) {
    for (size_t i = 0; i < spans.size(); ++i) recording.test.packets[i].time = clock.time_of(chosen[i] - zero);
    const auto at = first_difference(recording, clock, kept, text);
    if (!at) return std::unexpected(at.error());
    if (*at == spans.size()) return std::string();
    if (*at >= farthest) told = fmt::format("packet {}:\n{}", *at + 1, text);
    farthest = std::max(farthest, *at);
    size_t last = *at + 1;
    while (last > 0 && chosen[last - 1] == spans[last - 1].latest) --last;
    if (last == 0) return told;
    ++chosen[last - 1];
    for (size_t i = last; i < spans.size(); ++i) chosen[i] = spans[i].earliest;
  }
  return "the machine is too busy to say when the packets passed\n" + told;
}

}  // namespace

Result<KernelClock> KernelClock::open(Kind kind) {
  KernelClock clock(kind);
  if (kind == Kind::Seconds) return clock;
  clock.timer_list_ = ::open("/proc/timer_list", O_RDONLY | O_CLOEXEC);
  if (clock.timer_list_ < 0) return fail(fmt::format("/proc/timer_list: {}", std::strerror(errno)));
  if (clock.now() < 0) return fail("/proc/timer_list does not say how many ticks there were");
  return clock;
}

KernelClock::KernelClock(KernelClock&& other) noexcept
    : kind_(other.kind_), timer_list_(std::exchange(other.timer_list_, -1)) {}

KernelClock::~KernelClock() {
  if (timer_list_ >= 0) close(timer_list_);
}

int64_t KernelClock::now() const {
  if (kind_ == Kind::Seconds) {
    timespec time = {};
    clock_gettime(CLOCK_REALTIME_COARSE, &time);  // what the kernel itself looks at
    return time.tv_sec;
  }
  constexpr std::string_view kWord = "\njiffies: ";
  char buffer[1 << 14];
  std::string text;
  for (off_t at = 0;;) {
    const ssize_t got = pread(timer_list_, buffer, sizeof buffer, at);
    if (got <= 0) return -1;
    text.append(buffer, static_cast<size_t>(got));
    at += got;
    const size_t word = text.find(kWord);
    if (word == std::string::npos || text.find('\n', word + 1) == std::string::npos) continue;
    int64_t ticks = -1;
    std::from_chars(text.data() + word + kWord.size(), text.data() + text.size(), ticks);
    return ticks;
  }
}

void KernelClock::wait_until(int64_t step) const {
  while (now() < step) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

int64_t KernelClock::zero(int64_t first) const {
  constexpr int64_t kTicksBefore = 250;
  return kind_ == Kind::Ticks ? first - kTicksBefore : 0;
}

Timestamp KernelClock::time_of(int64_t step) const {
  const Duration length = kind_ == Kind::Ticks ? kTick : kSecond;
  return step * length + length / 2;
}

Result<ClockOutcome> run_clock_case(const ClockCase& test, const KernelClock& clock, NamespaceReferee& referee) {
  ClockOutcome outcome;
  Recording& recording = outcome.recording;
  recording.test = {test.family, test.rules, {}};
  if (auto loaded = referee.load(test.family, test.rules); !loaded) return std::unexpected(loaded.error());
  const std::vector<Span> spans = pass_all(test, clock, referee, recording);
  const Ticks ticks(spans, clock.zero(spans.front().earliest));
  const bool keeps =
      test.rules.find("-m recent") != std::string::npos || test.rules.find("-m hashlimit") != std::string::npos;
  const Kept kept = keeps ? what_is_kept(ticks, clock) : Kept{.ticks = ticks};
  const std::string counters = counters_of(referee.save(test.family));
  recording.counters = counters.substr(counters.find(kTable));  // its filter table is not of this case
  for (const Span& span : spans) outcome.unsure += span.earliest != span.latest;
  auto text = choose_times(spans, clock, keeps ? &kept : nullptr, recording);
  if (!text) return std::unexpected(text.error());
  outcome.difference = std::move(*text);
  return outcome;
}

}  // namespace sallyport::kernel
