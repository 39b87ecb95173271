// Events to lines, lines to queues, queues to sinks.
//
// The packet's thread makes the line once and pushes it into the queue of each destination; a thread per destination
// takes from there and writes. A line that finds no room, or that a sink does not take, is lost: it is counted, and
// before the thread writes anything more, a line of type engine says how many have been lost since the last such line.

#include "sallyport/event_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "event/event_text.h"
#include "event/line_queue.h"
#include "event/line_sink.h"
#include "sallyport/random.h"

namespace sallyport {
namespace {

constexpr size_t kBatchBytes = size_t{64} * 1024;

// One place that lines go to, with the thread that writes there.
class Destination {
 public:
  Destination(std::unique_ptr<LineSink> sink, const EventOutputConfig& config)
      : sink_(std::move(sink)),
        queue_(config.queue_bytes),
        wait_(config.wait),
        eve_strict_(config.eve_strict),
        thread_([this] { work(); }) {}
  Destination(const Destination&) = delete;
  Destination& operator=(const Destination&) = delete;
  ~Destination() { finish(); }

  // `time`, the event's, is what an announcement of loss is stamped with.
  void push(std::string_view line, Timestamp time) {
    time_.store(time, std::memory_order_relaxed);
    const bool taken = wait_ ? queue_.push_waiting(line) : queue_.push(line);
    if (!taken) count_lost(1);
  }
  void reopen() {
    reopen_.store(true, std::memory_order_release);
    queue_.wake();
  }
  void finish() {
    if (!thread_.joinable()) return;
    finishing_.store(true, std::memory_order_release);
    queue_.wake();
    thread_.join();
  }
  const Error* failure() const { return sink_->failure(); }  // after finish()
  uint64_t written() const { return written_.load(std::memory_order_relaxed); }
  uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

 private:
  void work() {
    std::string batch;
    while (true) {
      const bool finishing = finishing_.load(std::memory_order_acquire);
      if (reopen_.exchange(false, std::memory_order_acq_rel)) sink_->reopen();
      if (give(batch)) continue;
      if (finishing) break;
      queue_.wait();
    }
    announce();
  }

  // Writes a batch; false: there was none.
  bool give(std::string& batch) {
    const size_t lines = queue_.take(batch, kBatchBytes);
    if (lines == 0) return false;
    const size_t given = announce() ? sink_->write(batch, finishing_) : 0;
    written_.fetch_add(given, std::memory_order_relaxed);
    if (given < lines) count_lost(lines - given);
    return true;
  }

  // False: the sink does not take it, so the loss is still to be told.
  bool announce() {
    const uint64_t lost = unannounced_.exchange(0, std::memory_order_acq_rel);
    if (lost == 0) return true;
    std::string line = R"({"timestamp":)";
    append_timestamp(time_.load(std::memory_order_relaxed), line);
    line +=
        fmt::format(R"(,"event_type":"engine","engine":{{"message":"{} events lost: the reader is too slow"}})", lost);
    if (!eve_strict_) line += fmt::format(R"(,"netfilter":{{"events_lost":{}}})", lost);
    line += "}\n";
    if (sink_->write(line, finishing_) == 1) return true;
    unannounced_.fetch_add(lost, std::memory_order_acq_rel);
    return false;
  }

  void count_lost(uint64_t lines) {
    lost_.fetch_add(lines, std::memory_order_relaxed);
    unannounced_.fetch_add(lines, std::memory_order_acq_rel);
  }

  std::unique_ptr<LineSink> sink_;
  LineQueue queue_;
  bool wait_;
  bool eve_strict_;
  std::atomic<Timestamp> time_ = 0;
  std::atomic<uint64_t> written_ = 0;
  std::atomic<uint64_t> lost_ = 0;
  std::atomic<uint64_t> unannounced_ = 0;
  std::atomic<bool> reopen_ = false;
  std::atomic<bool> finishing_ = false;
  std::thread thread_;  // the last member: everything that it uses is there before it
};

class EventOutputImpl final : public EventOutput {
 public:
  explicit EventOutputImpl(const EventOutputConfig& config) {
    Random random(config.seed);
    style_ = {.flow_key = {random.next64(), random.next64()},
              .community_seed = config.community_seed,
              .eve_strict = config.eve_strict};
  }

  Result<void> open_all(const EventOutputConfig& config) {
    for (const std::string& to : config.to) {
      auto sink = LineSink::open(to, config.truncate);
      if (!sink) return std::unexpected(sink.error());
      destinations_.push_back(std::make_unique<Destination>(std::move(*sink), config));
    }
    return {};
  }

  void emit(const Event& event) override {
    ++counters_.events;
    if (!can_say(event, style_)) {
      ++counters_.unsaid;
      return;
    }
    line_.clear();
    append_event(event, style_, line_);
    for (const auto& destination : destinations_) destination->push(line_, event.time);
  }

  void name_interfaces_by(const Router& router) override { style_.router = &router; }

  void reopen() override {
    for (const auto& destination : destinations_) destination->reopen();
  }

  Result<void> finish() override {
    Result<void> result;
    for (const auto& destination : destinations_) {
      destination->finish();
      if (destination->failure() != nullptr && result) result = std::unexpected(*destination->failure());
    }
    return result;
  }

  EventOutputCounters counters() const override {
    EventOutputCounters all = counters_;
    for (const auto& destination : destinations_) {
      all.written += destination->written();
      all.lost += destination->lost();
    }
    return all;
  }

 private:
  EventStyle style_;
  EventOutputCounters counters_;
  std::string line_;
  std::vector<std::unique_ptr<Destination>> destinations_;
};

}  // namespace

Result<std::unique_ptr<EventOutput>> EventOutput::open(const EventOutputConfig& config) {
  auto output = std::make_unique<EventOutputImpl>(config);
  if (auto opened = output->open_all(config); !opened) return std::unexpected(opened.error());
  return output;
}

}  // namespace sallyport
