// Memory that grows in blocks and never moves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sallyport {

// A function that does nothing but prefetch has no effect that g++ 12 knows of, so it leaves calls of it out: each one
// on the way to a prefetch must be inlined before that is judged.
#define SALLYPORT_PREFETCHES [[gnu::always_inline]]

// Zeroed memory straight from the system, given back whole; untouched pages cost nothing. Huge pages spare a table of a
// million connections most of its address translation; a small table has no use for them.
class Block {
 public:
  Block(size_t bytes, bool huge_pages);
  ~Block();
  Block(Block&& other) noexcept : data_(other.data_), mapping_(other.mapping_), mapped_(other.mapped_) {
    other.mapping_ = nullptr;
  }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  Block& operator=(Block&&) = delete;
  std::byte* data() const { return data_; }

 private:
  std::byte* data_;  // aligned to a page, to 2 MiB with huge pages
  void* mapping_;
  size_t mapped_;
};

constexpr size_t kHugePage = size_t{2} << 20;

// An array of plain T whose elements are zero at first and stay where they are.
template <class T>
class BlockArray {
 public:
  static constexpr uint32_t kPerBlock = kHugePage / sizeof(T);

  // Makes element `number` exist.
  void reach(uint32_t number) {
    while (number / kPerBlock >= starts_.size()) {
      blocks_.emplace_back(kPerBlock * sizeof(T), !starts_.empty());
      starts_.push_back(reinterpret_cast<T*>(blocks_.back().data()));
    }
  }
  T& operator[](uint32_t number) const { return starts_[number / kPerBlock][number % kPerBlock]; }
  size_t bytes() const { return starts_.size() * kPerBlock * sizeof(T); }

 private:
  std::vector<Block> blocks_;
  std::vector<T*> starts_;
};

}  // namespace sallyport
