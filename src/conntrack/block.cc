// Memory that grows in blocks and never moves.

#include "conntrack/block.h"

#include <sys/mman.h>

#include <new>

namespace sallyport {

Block::Block(size_t bytes, bool huge_pages) : data_(nullptr), mapping_(nullptr), mapped_(bytes) {
  if (huge_pages) mapped_ += kHugePage;  // so that a whole huge page can begin inside
  mapping_ = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping_ == MAP_FAILED) throw std::bad_alloc();
  data_ = static_cast<std::byte*>(mapping_);
  if (!huge_pages) return;
  const auto past = reinterpret_cast<uintptr_t>(mapping_) % kHugePage;
  if (past != 0) data_ += kHugePage - past;
  madvise(data_, bytes, MADV_HUGEPAGE);
}

Block::~Block() {
  if (mapping_ != nullptr) munmap(mapping_, mapped_);
}

}  // namespace sallyport
