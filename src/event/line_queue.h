// Lines between the thread that makes them and the one that writes them.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace sallyport {

// A ring of bytes that holds whole lines, each with its '\n'. One thread pushes, one takes; neither locks. `head_` is
// written by who pushes, `tail_` by who takes; both count bytes since the beginning.
class LineQueue {
 public:
  // Holds at least `bytes`.
  explicit LineQueue(size_t bytes);

  // False: there is no room. Nothing of the line is kept then.
  bool push(std::string_view line);
  // As push, but waits for room. Only a line longer than the whole ring is refused.
  bool push_waiting(std::string_view line);

  // Replaces `batch` by lines from the front, at most `most` bytes or one line, and says how many they are; 0 where
  // there are none.
  size_t take(std::string& batch, size_t most);
  // Waits until something was pushed, or wake() was called, since the last wait.
  void wait();
  void wake();

 private:
  void copy_in(uint64_t at, std::string_view bytes);

  size_t capacity_;  // a power of two
  std::unique_ptr<char[]> ring_;
  std::atomic<uint64_t> head_ = 0;
  std::atomic<uint64_t> tail_ = 0;
  std::atomic<uint32_t> signal_ = 0;
  uint32_t seen_ = 0;  // of signal_, by who takes
};

}  // namespace sallyport
