// Files are mapped and read in place; pipes are read into a buffer that keeps whole records.
//
// A mapped file has one danger: touching a page that cannot be read, behind the end of a file that somebody has cut or
// on a failing disk, raises SIGBUS. So the file's size is asked again before each stretch of pages, the kernel brings
// the stretch in and says where it fails, and the window ends there. What is cut within the stretch at hand stays a
// danger.

#include "io/byte_source.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace sallyport {
namespace {

// Pages brought in with one system call: as many as make it cheap.
constexpr size_t kStretch = 4 << 20;
constexpr size_t kPage = 4096;
// A pipe delivers 64 KiB at most by default; the buffer holds several bursts of those and any one packet.
constexpr size_t kFirstBuffer = size_t{512} * 1024;

std::string system_text(int error) { return std::generic_category().message(error); }

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (number_ > STDERR_FILENO) close(number_);
  }
  int number() const { return number_; }

 private:
  int number_ = -1;
};

class MemoryBytes : public ByteSource {
 public:
  MemoryBytes(std::span<const uint8_t> bytes, std::string name) : ByteSource(std::move(name)) {
    start_ = at_ = bytes.data();
    end_ = start_ + bytes.size();
  }
  bool grow(size_t wanted) override { return size() >= wanted; }
  void look_ahead() override {}
  double progress() const override {
    return end_ == start_ ? 1 : static_cast<double>(at_ - start_) / static_cast<double>(end_ - start_);
  }
};

class MappedBytes final : public MemoryBytes {
 public:
  MappedBytes(Descriptor file, std::span<const uint8_t> map, std::string name)
      : MemoryBytes(map, std::move(name)), file_(std::move(file)), map_(map), ready_(map.data()), held_(map.data()) {}
  ~MappedBytes() override { munmap(const_cast<uint8_t*>(map_.data()), map_.size()); }

  void look_ahead() override {
    if (ready_ == end_ || ready_ - at_ > static_cast<ptrdiff_t>(kStretch / 2)) return;
    end_at_file_size();
    const uint8_t* page = page_of(std::max(ready_, at_));
    bring_in(page, std::min(kStretch, static_cast<size_t>(end_ - page)));
    release(page_of(at_));
  }

 private:
  const uint8_t* page_of(const uint8_t* position) const {
    return start_ + (static_cast<size_t>(position - start_) & ~(kPage - 1));
  }

  void end_at(const uint8_t* position, const char* trouble) {
    end_ = std::max(at_, position);
    ready_ = std::min(ready_, end_);
    trouble_ = trouble;
  }

  void end_at_file_size() {
    struct stat state = {};
    if (fstat(file_.number(), &state) != 0 || state.st_size >= end_ - start_) return;
    end_at(start_ + state.st_size, "the file became shorter while it was read");
  }

  void bring_in(const uint8_t* page, size_t length) {
    ready_ = page + length;
    if (populate(page, length)) return;
    while (length > 0 && populate(page, std::min(length, kPage))) {
      page += kPage;
      length -= std::min(length, kPage);
    }
    if (length > 0) end_at(page, "a page of the file cannot be read");
  }

  // False: reading there would raise SIGBUS. A kernel that cannot tell (before 5.14) brings pages in one by one later.
  static bool populate(const uint8_t* page, size_t length) {
    return length == 0 || madvise(const_cast<uint8_t*>(page), length, MADV_POPULATE_READ) == 0 || errno == EINVAL;
  }

  // Gives back the pages before `page`, so that a large file does not stand as memory in use.
  void release(const uint8_t* page) {
    if (page <= held_) return;
    madvise(const_cast<uint8_t*>(held_), static_cast<size_t>(page - held_), MADV_DONTNEED);
    held_ = page;
  }

  Descriptor file_;
  std::span<const uint8_t> map_;
  const uint8_t* ready_;  // pages before it have been brought in
  const uint8_t* held_;   // pages before it have been given back
};

class StreamedBytes final : public ByteSource {
 public:
  StreamedBytes(Descriptor pipe, std::string name, size_t piece)
      : ByteSource(std::move(name)), pipe_(std::move(pipe)), piece_(piece) {
    enlarge(std::max(kFirstBuffer, piece));
  }

  bool grow(size_t wanted) override {
    if (size() >= wanted) return true;
    move_to_front();
    while (size() < wanted && !ended_) {
      if (size() == capacity_) enlarge(2 * capacity_);
      receive();
    }
    return size() >= wanted;
  }
  void look_ahead() override {}
  double progress() const override { return -1; }

 private:
  void move_to_front() {
    const size_t left = size();
    offset_of_start_ = offset();
    if (left != 0) std::memmove(buffer_.get(), at_, left);
    at_ = start_;
    end_ = start_ + left;
  }

  // The window begins at the buffer's front whenever this is called.
  void enlarge(size_t capacity) {
    const size_t left = size();
    auto larger = std::make_unique_for_overwrite<uint8_t[]>(capacity);
    if (left != 0) std::memcpy(larger.get(), at_, left);
    buffer_ = std::move(larger);
    capacity_ = capacity;
    start_ = at_ = buffer_.get();
    end_ = start_ + left;
  }

  void receive() {
    uint8_t* free_space = buffer_.get() + size();
    const ssize_t count = ::read(pipe_.number(), free_space, std::min(piece_, capacity_ - size()));
    if (count > 0) {
      end_ += count;
    } else if (count == 0) {
      ended_ = true;
    } else if (errno != EINTR) {
      trouble_ = system_text(errno);
      ended_ = true;
    }
  }

  Descriptor pipe_;
  size_t piece_;
  std::unique_ptr<uint8_t[]> buffer_;
  size_t capacity_ = 0;
  bool ended_ = false;
};

std::unexpected<Error> cannot_open(const std::string& name, int error) {
  return std::unexpected(Error{.what = "cannot open the capture: " + system_text(error),
                               .expected = "a pcap or pcapng file that may be read, or - for standard input",
                               .file = name});
}

}  // namespace

bool ByteSource::discard(uint64_t count) {
  while (count > size()) {
    count -= size();
    skip(size());
    if (!grow(1)) return false;
  }
  skip(static_cast<size_t>(count));
  return true;
}

Result<std::unique_ptr<ByteSource>> ByteSource::open(const std::string& path) {
  const bool standard_input = path == "-";
  const std::string name = standard_input ? "standard input" : path;
  Descriptor file(standard_input ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat state = {};
  if (file.number() < 0 || fstat(file.number(), &state) != 0) return cannot_open(name, errno);
  if (S_ISDIR(state.st_mode)) return cannot_open(name, EISDIR);
  const bool at_front = lseek(file.number(), 0, SEEK_CUR) == 0;
  if (!S_ISREG(state.st_mode) || state.st_size == 0 || !at_front) {
    return std::make_unique<StreamedBytes>(std::move(file), name, kFirstBuffer / 2);
  }
  const auto length = static_cast<size_t>(state.st_size);
  void* map = mmap(nullptr, length, PROT_READ, MAP_PRIVATE, file.number(), 0);
  if (map == MAP_FAILED) return cannot_open(name, errno);
  madvise(map, length, MADV_SEQUENTIAL);
  return std::make_unique<MappedBytes>(std::move(file), std::span(static_cast<const uint8_t*>(map), length), name);
}

std::unique_ptr<ByteSource> ByteSource::over(std::span<const uint8_t> bytes, std::string name) {
  return std::make_unique<MemoryBytes>(bytes, std::move(name));
}

std::unique_ptr<ByteSource> ByteSource::stream(int descriptor, std::string name, size_t piece) {
  return std::make_unique<StreamedBytes>(Descriptor(descriptor), std::move(name), piece);
}

}  // namespace sallyport
