// Memory by the page, from the system itself.

#include "sallyport/large_memory.h"

#include <sys/mman.h>

#include <new>

namespace sallyport {

void* take_large_memory(size_t bytes) {
  constexpr size_t kLargePage = size_t{2} << 20;
  void* const memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  if (bytes >= kLargePage) madvise(memory, bytes, MADV_HUGEPAGE);
  return memory;
}

void free_large_memory(void* memory, size_t bytes) { munmap(memory, bytes); }

}  // namespace sallyport
