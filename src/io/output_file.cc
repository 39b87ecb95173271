// Buffered writing of a file or of standard output, with the errors that tell which file and why.

#include "io/output_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace sallyport {
namespace {

constexpr size_t kBufferBytes = size_t{256} * 1024;

Error system_error(const char* what, const std::string& name) {
  return {.what = what + std::generic_category().message(errno), .expected = {}, .file = name};
}

}  // namespace

Result<std::unique_ptr<OutputFile>> OutputFile::create(const std::string& path) {
  if (path == "-") return std::unique_ptr<OutputFile>(new OutputFile(STDOUT_FILENO, "standard output"));
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor < 0) {
    Error error = system_error("cannot create the capture: ", path);
    error.expected = "a path that may be written, or - for standard output";
    return std::unexpected(std::move(error));
  }
  return std::unique_ptr<OutputFile>(new OutputFile(descriptor, path));
}

OutputFile::OutputFile(int descriptor, std::string name)
    : descriptor_(descriptor),
      name_(std::move(name)),
      buffer_(std::make_unique_for_overwrite<uint8_t[]>(kBufferBytes)) {}

OutputFile::~OutputFile() {
  if (descriptor_ > STDERR_FILENO) close(descriptor_);
}

void OutputFile::append(std::span<const uint8_t> bytes) {
  if (bytes.size() > kBufferBytes - used_) flush();
  if (bytes.size() > kBufferBytes) return write_all(bytes.data(), bytes.size());
  if (!bytes.empty()) std::memcpy(buffer_.get() + used_, bytes.data(), bytes.size());
  used_ += bytes.size();
}

void OutputFile::append_zeros(size_t count) {
  constexpr uint8_t kZeros[8] = {};
  append({kZeros, std::min(count, sizeof kZeros)});
}

void OutputFile::fail_with(Error error) {
  if (failed_) return;
  failed_ = true;
  error.file = name_;
  error_ = std::move(error);
}

Result<void> OutputFile::finish() {
  flush();
  if (descriptor_ > STDERR_FILENO) {
    if (close(descriptor_) != 0) fail_with(system_error("cannot write the capture: ", name_));
    descriptor_ = -1;
  }
  if (failed_) return std::unexpected(error_);
  return {};
}

void OutputFile::flush() {
  write_all(buffer_.get(), used_);
  used_ = 0;
}

void OutputFile::write_all(const uint8_t* bytes, size_t count) {
  while (count > 0 && !failed_) {
    const ssize_t written = ::write(descriptor_, bytes, count);
    if (written > 0) {
      bytes += written;
      count -= static_cast<size_t>(written);
    } else if (written == 0 || errno != EINTR) {
      fail_with(system_error("cannot write the capture: ", name_));
    }
  }
}

}  // namespace sallyport
