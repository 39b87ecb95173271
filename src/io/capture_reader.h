// What the readers of both capture formats share: where the bytes come from, what they found, and how they end.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "io/byte_source.h"
#include "sallyport/packet_io.h"

namespace sallyport {

// A packet is never larger, whatever a file says: tcpdump and Wireshark take this as the largest snap length, and it
// holds the kernel's largest super-packets.
constexpr uint32_t kMaxFrameBytes = 262144;

class CaptureReader : public FrameSource {
 public:
  const std::vector<CaptureInterface>& interfaces() const override { return interfaces_; }
  const Error* damage() const override { return damage_ ? &*damage_ : nullptr; }
  double progress() const override { return bytes_->progress(); }

  // Whole records until the frames are full or the bytes at hand are used up; then, with none found, waits for more.
  size_t read(std::span<Frame> frames) final {
    while (!frames.empty() && !damage_) {
      bytes_->look_ahead();
      if (const size_t count = read_at_hand(frames); count != 0) return count;
      if (!damage_ && !next_record()) break;
    }
    return 0;
  }

 protected:
  explicit CaptureReader(std::unique_ptr<ByteSource> bytes) : bytes_(std::move(bytes)) {}

  // Takes whole records that are at hand; stops before one that is not whole, or not right. Moves nothing.
  virtual size_t read_at_hand(std::span<Frame> frames) = 0;
  // Called when read_at_hand found none: makes the next record whole. False: there is none, or it is damaged.
  virtual bool next_record() = 0;

  // Notes why nothing more can be read; always false, for `return damaged(...)`. The offset is that of the record.
  bool damaged(std::string what, std::string expected);
  // The record (`kind`) begins at `offset` and should be `length` bytes long, but the input ends, or fails, before.
  bool cut_off(const char* kind, uint64_t offset, uint64_t length);

  std::unique_ptr<ByteSource> bytes_;
  std::vector<CaptureInterface> interfaces_;

 private:
  std::optional<Error> damage_;
};

// Reads the file's head. An error says why this is not a capture that can be read.
Result<std::unique_ptr<FrameSource>> open_pcap(std::unique_ptr<ByteSource> bytes);
Result<std::unique_ptr<FrameSource>> open_pcapng(std::unique_ptr<ByteSource> bytes);

// A capture that comes through a pipe: `descriptor` is closed at the end and read in pieces of at most `piece` bytes.
Result<std::unique_ptr<FrameSource>> open_capture_stream(int descriptor, std::string name,
                                                         size_t piece = size_t{256} * 1024);

// The link type for a number in a capture's head. Two old numbers for raw IP are read as what they mean.
LinkType link_type(uint16_t number);

}  // namespace sallyport
