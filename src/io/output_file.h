// A file that is written front to back.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "sallyport/result.h"

namespace sallyport {

// Collects bytes and writes them in large pieces. The first failure is kept, and nothing is written after it. One
// thread.
class OutputFile {
 public:
  // Creates or empties PATH; "-" is standard output.
  static Result<std::unique_ptr<OutputFile>> create(const std::string& path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void append(std::span<const uint8_t> bytes);
  void append(const void* bytes, size_t count) { append({static_cast<const uint8_t*>(bytes), count}); }
  void append_zeros(size_t count);
  // Keeps the failure if there was none before.
  void fail_with(Error error);
  // Writes what is left and closes; a second call answers the same.
  Result<void> finish();

 private:
  OutputFile(int descriptor, std::string name);
  void flush();
  void write_all(const uint8_t* bytes, size_t count);

  int descriptor_;
  std::string name_;
  std::unique_ptr<uint8_t[]> buffer_;
  size_t used_ = 0;
  bool failed_ = false;
  Error error_;
};

}  // namespace sallyport
