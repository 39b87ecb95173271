// A whole file as text.

#include "mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "input.h"

namespace sallyport::cli {

MappedFile::MappedFile(MappedFile&& other) noexcept
    : map_(std::exchange(other.map_, nullptr)), size_(std::exchange(other.size_, 0)), read_(std::move(other.read_)) {}

MappedFile::~MappedFile() {
  if (map_ != nullptr) munmap(const_cast<char*>(map_), size_);
}

Result<MappedFile> MappedFile::open(const std::string& path) {
  MappedFile file;
  const int descriptor = path == "-" ? -1 : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat facts = {};
  // Files of /proc have no size, pipes cannot be mapped: those are read, and so is whatever cannot be opened, for its
  // error.
  if (descriptor >= 0 && fstat(descriptor, &facts) == 0 && S_ISREG(facts.st_mode) && facts.st_size > 0) {
    file.size_ = static_cast<size_t>(facts.st_size);
    void* const map = mmap(nullptr, file.size_, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (map != MAP_FAILED) {
      file.map_ = static_cast<const char*>(map);
      madvise(map, file.size_, MADV_SEQUENTIAL);
    }
  }
  if (descriptor >= 0) close(descriptor);
  if (file.map_ != nullptr) return file;
  auto text = read_file(path);
  if (!text) return std::unexpected(text.error());
  file.read_ = std::move(*text);
  return file;
}

}  // namespace sallyport::cli
