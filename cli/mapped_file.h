// A whole file as text: mapped where it is a plain file, else read.
#pragma once

#include <string>
#include <string_view>

#include "sallyport/result.h"

namespace sallyport::cli {

// Owns the text. Not to be copied; one thread.
class MappedFile {
 public:
  // "-" is standard input.
  static Result<MappedFile> open(const std::string& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  std::string_view text() const { return map_ != nullptr ? std::string_view(map_, size_) : std::string_view(read_); }

 private:
  MappedFile() = default;

  const char* map_ = nullptr;
  size_t size_ = 0;
  std::string read_ = {};
};

}  // namespace sallyport::cli
