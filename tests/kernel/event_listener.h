// What happens to connections: a live `conntrack -E` beside the engine's own events.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/event_mark.h"
#include "sallyport/connection_text.h"
#include "sallyport/result.h"

namespace sallyport::kernel {

// `conntrack -E -o extended` or `conntrack -E expect` in this namespace.
class EventListener {
 public:
  enum class Subject : uint8_t { Connections, Expectations };
  // Returns when it listens.
  static Result<std::unique_ptr<EventListener>> open(Subject subject);
  ~EventListener();
  EventListener(const EventListener&) = delete;
  EventListener& operator=(const EventListener&) = delete;

  // The lines since it was last asked: all of what has happened so far. An error: it does not answer.
  Result<std::vector<std::string>> take();

 private:
  EventListener(Subject subject, int input, int process) : subject_(subject), input_(input), process_(process) {}
  Result<std::string> read_line();

  Subject subject_;
  int input_;
  int process_;
  std::unique_ptr<EventMark> mark_ = nullptr;
  std::string text_ = {};
  unsigned marks_ = 0;
};

// The engine's events, in the same form.
class EventLines final : public ConnectionEventSink {
 public:
  void emit(const ConnectionRecord& record) override;
  void emit_expectation(const ExpectationRecord& record) override;
  std::vector<std::string> take() { return std::exchange(lines_, {}); }
  std::vector<std::string> take_expectations() { return std::exchange(expectation_lines_, {}); }

 private:
  std::vector<std::string> lines_;
  std::vector<std::string> expectation_lines_;
};

// Compares what both say of one conversation after the other.
class EventComparison {
 public:
  // What differs, or nothing. An entry whose time is up may end on one side before the other.
  std::string difference(std::vector<std::string> kernel, std::vector<std::string> ours);
  // Behind the last conversation of a table: what ended on one side only must be gone from the other's listing by now.
  std::string left_over(std::string_view kernel_table, std::string_view our_table);
  // What ended in a table that is not compared.
  void forget();
  size_t compared() const { return compared_; }

 private:
  size_t compared_ = 0;
  std::vector<std::string> ended_there_;  // and not here, so far
  std::vector<std::string> ended_here_;
};

}  // namespace sallyport::kernel
