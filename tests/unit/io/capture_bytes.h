// Captures built byte by byte, in either byte order, right or wrong on purpose.
#pragma once

#include <unistd.h>

#include <bit>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/byte_source.h"
#include "io/capture_reader.h"
#include "sallyport/packet_io.h"

namespace sallyport::test {

using Bytes = std::vector<uint8_t>;

enum class Order : uint8_t { Little, Big };

class CaptureBytes {
 public:
  explicit CaptureBytes(Order order = Order::Little) : order_(order) {}

  const Bytes& bytes() const { return bytes_; }
  size_t size() const { return bytes_.size(); }
  void set_order(Order order) { order_ = order; }

  CaptureBytes& u16(uint16_t value) { return number(value); }
  CaptureBytes& u32(uint32_t value) { return number(value); }
  CaptureBytes& u64(uint64_t value) { return number(value); }
  CaptureBytes& raw(const Bytes& data) {
    bytes_.insert(bytes_.end(), data.begin(), data.end());
    return *this;
  }

  CaptureBytes& pcap_head(uint32_t magic = 0xa1b2c3d4, uint32_t link = 1, uint32_t snap_length = 65535) {
    return u32(magic).u16(2).u16(4).u32(0).u32(0).u32(snap_length).u32(link);
  }
  CaptureBytes& pcap_record(uint32_t seconds, uint32_t fraction, const Bytes& data, uint32_t original = 0) {
    const auto size = static_cast<uint32_t>(data.size());
    return u32(seconds).u32(fraction).u32(size).u32(original == 0 ? size : original).raw(data);
  }

  CaptureBytes& block(uint32_t type, const CaptureBytes& body) {
    Bytes padded = body.bytes();
    padded.resize((padded.size() + 3) / 4 * 4);
    const auto length = static_cast<uint32_t>(padded.size() + 12);
    return u32(type).u32(length).raw(padded).u32(length);
  }
  CaptureBytes& section() { return block(0x0a0d0d0a, body().u32(0x1a2b3c4d).u16(1).u16(0).u64(~uint64_t{0})); }
  CaptureBytes& interface(uint16_t link, uint32_t snap_length, const CaptureBytes& options) {
    return block(1, body().u16(link).u16(0).u32(snap_length).raw(options.bytes()));
  }
  CaptureBytes& interface(std::string_view name = "", uint16_t link = 1) {
    return interface(link, 0, name.empty() ? body() : body().option(2, text(name)).option(0, {}));
  }
  CaptureBytes& packet(uint32_t interface, uint64_t stamp, const Bytes& data, const CaptureBytes& options,
                       uint32_t original = 0) {
    const auto size = static_cast<uint32_t>(data.size());
    CaptureBytes content = body();
    content.u32(interface).u32(static_cast<uint32_t>(stamp >> 32)).u32(static_cast<uint32_t>(stamp)).u32(size);
    content.u32(original == 0 ? size : original).raw(data).align().raw(options.bytes());
    return block(6, content);
  }
  CaptureBytes& packet(uint32_t interface, uint64_t stamp, const Bytes& data) {
    return packet(interface, stamp, data, body());
  }
  CaptureBytes& option(uint16_t code, const Bytes& value) {
    return u16(code).u16(static_cast<uint16_t>(value.size())).raw(value).align();
  }
  CaptureBytes& align() {
    bytes_.resize((bytes_.size() + 3) / 4 * 4);
    return *this;
  }

  // An empty one of the same byte order.
  CaptureBytes body() const { return CaptureBytes(order_); }
  static Bytes text(std::string_view value) { return {value.begin(), value.end()}; }

 private:
  template <class Number>
  CaptureBytes& number(Number value) {
    if (order_ == Order::Big) value = std::byteswap(value);
    const auto* first = reinterpret_cast<const uint8_t*>(&value);
    bytes_.insert(bytes_.end(), first, first + sizeof value);
    return *this;
  }

  Order order_;
  Bytes bytes_;
};

// What a source gave, kept beyond it.
struct ReadFrame {
  Bytes bytes = {};
  uint32_t original_length = 0;
  uint32_t interface = 0;
  Timestamp time = 0;
  FrameDirection direction = FrameDirection::Unknown;
  bool operator==(const ReadFrame&) const = default;
};

struct ReadCapture {
  std::vector<ReadFrame> frames = {};
  std::vector<std::string> names = {};
  std::string refusal = {};  // what opening said
  std::string damage = {};
  bool operator==(const ReadCapture&) const = default;
};

inline ReadCapture read_all(FrameSource& source, size_t burst = 64) {
  ReadCapture capture;
  std::vector<Frame> frames(burst);
  while (const size_t count = source.read(frames)) {
    for (const Frame& frame : std::span(frames).first(count)) {
      capture.frames.push_back({.bytes = {frame.bytes.begin(), frame.bytes.end()},
                                .original_length = frame.original_length,
                                .interface = frame.interface,
                                .time = frame.time,
                                .direction = frame.direction});
    }
  }
  for (const CaptureInterface& interface : source.interfaces()) capture.names.push_back(interface.name);
  if (source.damage()) capture.damage = source.damage()->text();
  return capture;
}

inline ReadCapture read_all(Result<std::unique_ptr<FrameSource>> source, size_t burst = 64) {
  if (!source) return {.refusal = source.error().text()};
  return read_all(**source, burst);
}

inline ReadCapture read_mapped(const Bytes& bytes, size_t burst = 64) {
  return read_all(open_capture_bytes(bytes, "test"), burst);
}

// The reading end of a pipe that holds these bytes (64 KiB at most).
inline int pipe_with(std::span<const uint8_t> bytes) {
  int ends[2] = {-1, -1};
  if (pipe(ends) != 0) return -1;
  if (write(ends[1], bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) return -1;
  close(ends[1]);
  return ends[0];
}

inline ReadCapture read_piped(const Bytes& bytes, size_t piece) {
  return read_all(open_capture_stream(pipe_with(bytes), "test", piece));
}

// A folder that is gone afterwards.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

void write_file(const std::string& path, std::span<const uint8_t> bytes);

// Runs a shell command and gives its standard output by lines; `worked` says whether it ended with 0.
struct CommandOutput {
  bool worked = false;
  std::vector<std::string> lines = {};
};
CommandOutput run_command(const std::string& command);
std::vector<std::string> split(std::string_view line, char separator);

}  // namespace sallyport::test
