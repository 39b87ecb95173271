// Memory for tables of many megabytes, which are read at random.
#pragma once

#include <cstddef>
#include <memory>

namespace sallyport {

// All bytes zero. In pages of two megabytes where the system has them, so that finding the page costs less than the
// memory; the system gives them only as they are used. Throws std::bad_alloc.
void* take_large_memory(size_t bytes);
void free_large_memory(void* memory, size_t bytes);

struct FreeLarge {
  size_t bytes = 0;
  void operator()(void* memory) const { free_large_memory(memory, bytes); }
};
template <class T>
using LargeArray = std::unique_ptr<T[], FreeLarge>;

// `count` of T, never constructed nor destroyed.
template <class T>
LargeArray<T> large_array(size_t count) {
  const size_t bytes = count * sizeof(T);
  return LargeArray<T>(static_cast<T*>(take_large_memory(bytes)), FreeLarge{bytes});
}

}  // namespace sallyport
