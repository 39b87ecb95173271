// A ring of lines between two threads.

#include "event/line_queue.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace sallyport {

LineQueue::LineQueue(size_t bytes)
    : capacity_(std::bit_ceil(std::max<size_t>(bytes, 64))), ring_(std::make_unique_for_overwrite<char[]>(capacity_)) {}

void LineQueue::copy_in(uint64_t at, std::string_view bytes) {
  const size_t offset = at & (capacity_ - 1);
  const size_t first = std::min(bytes.size(), capacity_ - offset);
  std::memcpy(ring_.get() + offset, bytes.data(), first);
  std::memcpy(ring_.get(), bytes.data() + first, bytes.size() - first);
}

bool LineQueue::push(std::string_view line) {
  const uint64_t head = head_.load(std::memory_order_relaxed);
  const uint64_t tail = tail_.load(std::memory_order_acquire);
  if (line.size() > capacity_ - (head - tail)) return false;
  copy_in(head, line);
  head_.store(head + line.size(), std::memory_order_release);
  wake();
  return true;
}

bool LineQueue::push_waiting(std::string_view line) {
  if (line.size() > capacity_) return false;
  while (true) {
    const uint64_t tail = tail_.load(std::memory_order_acquire);
    if (push(line)) return true;
    tail_.wait(tail, std::memory_order_acquire);
  }
}

size_t LineQueue::take(std::string& batch, size_t most) {
  batch.clear();
  const uint64_t tail = tail_.load(std::memory_order_relaxed);
  const uint64_t there = head_.load(std::memory_order_acquire) - tail;
  if (there == 0) return 0;
  const auto fill = [&](size_t size) {
    const size_t offset = tail & (capacity_ - 1);
    const size_t first = std::min(size, capacity_ - offset);
    batch.assign(ring_.get() + offset, first);
    batch.append(ring_.get(), size - first);
  };
  fill(std::min<size_t>(there, most));
  size_t end = batch.rfind('\n');
  if (end == std::string::npos) {
    fill(there);  // one long line
    end = batch.find('\n');
  }
  batch.resize(end + 1);
  tail_.store(tail + batch.size(), std::memory_order_release);
  tail_.notify_one();
  return static_cast<size_t>(std::ranges::count(batch, '\n'));
}

void LineQueue::wait() {
  signal_.wait(seen_, std::memory_order_acquire);
  seen_ = signal_.load(std::memory_order_acquire);
}

void LineQueue::wake() {
  signal_.fetch_add(1, std::memory_order_release);
  signal_.notify_one();
}

}  // namespace sallyport
