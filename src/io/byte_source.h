// The bytes of a capture in order, whether they lie in a mapped file or come through a pipe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "sallyport/result.h"

namespace sallyport {

// A window onto the bytes that are not read yet: `data()` and the `size()` bytes after it. A parser takes whole records
// out of the window with `skip` and asks for more with `grow`. One thread.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  // "-" is standard input. Regular files are mapped.
  static Result<std::unique_ptr<ByteSource>> open(const std::string& path);
  // Bytes that stay valid as long as the source lives.
  static std::unique_ptr<ByteSource> over(std::span<const uint8_t> bytes, std::string name);
  // Reads `descriptor`, which it closes at its end, in pieces of at most `piece` bytes.
  static std::unique_ptr<ByteSource> stream(int descriptor, std::string name, size_t piece = size_t{256} * 1024);

  const std::string& name() const { return name_; }
  const uint8_t* data() const { return at_; }
  size_t size() const { return static_cast<size_t>(end_ - at_); }
  // Where data() lies, from the first byte of the input.
  uint64_t offset() const { return offset_of_start_ + static_cast<uint64_t>(at_ - start_); }

  // `count` is at most size(). What was skipped stays readable until the next `grow`.
  void skip(size_t count) { at_ += count; }
  // Skips bytes that need not be at hand. False: the input ends before that many.
  bool discard(uint64_t count);

  // Makes at least `wanted` bytes available, or as many as there are; says whether it is enough. Pointers into the
  // window are invalid afterwards. A pipe's buffer grows by what has come, not by what was wanted.
  virtual bool grow(size_t wanted) = 0;
  // To be called now and then while reading: brings the pages of the next stretch in at once.
  virtual void look_ahead() = 0;
  // Share of the input read so far, or -1.
  virtual double progress() const = 0;
  // Why `grow` gave less than wanted, when that is not the end of the input: a system error's text, else empty.
  const std::string& trouble() const { return trouble_; }

 protected:
  explicit ByteSource(std::string name) : name_(std::move(name)) {}

  const uint8_t* start_ = nullptr;  // of the memory that at_ and end_ point into
  const uint8_t* at_ = nullptr;
  const uint8_t* end_ = nullptr;
  uint64_t offset_of_start_ = 0;
  std::string trouble_;

 private:
  std::string name_;
};

}  // namespace sallyport
