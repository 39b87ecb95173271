// Writes classic pcap: microseconds, our byte order, one link type. draft-ietf-opsawg-pcap.

#include <algorithm>
#include <limits>
#include <utility>

#include "io/capture_reader.h"
#include "io/capture_writer.h"
#include "io/pcap_format.h"

namespace sallyport {
namespace {

struct Head {
  uint32_t magic = kPcapMicroseconds;
  uint16_t major = kPcapMajor;
  uint16_t minor = kPcapMinor;
  uint32_t reserved[2] = {};
  uint32_t snap_length = kMaxFrameBytes;
  uint32_t link = 0;
};
static_assert(sizeof(Head) == kPcapHeadBytes);

struct Record {
  uint32_t seconds;
  uint32_t microseconds;
  uint32_t captured;
  uint32_t original;
};
static_assert(sizeof(Record) == kPcapRecordBytes);

class PcapWriter final : public CaptureWriter {
 public:
  PcapWriter(std::unique_ptr<OutputFile> file, LinkType link) : file_(std::move(file)) {
    const Head head{.link = std::to_underlying(link)};
    file_->append(&head, sizeof head);
  }

  void write(const OutFrame& frame) override {
    constexpr Timestamp kLatest = std::numeric_limits<uint32_t>::max() * kSecond;  // the format's seconds are 32 bits
    const Timestamp time = std::clamp<Timestamp>(frame.time, 0, kLatest);
    const auto bytes = writable_bytes(frame);
    const Record record{.seconds = static_cast<uint32_t>(time / kSecond),
                        .microseconds = static_cast<uint32_t>(time % kSecond / kMicrosecond),
                        .captured = static_cast<uint32_t>(bytes.size()),
                        .original = writable_length(frame)};
    file_->append(&record, sizeof record);
    file_->append(bytes);
  }

  Result<void> finish() override { return file_->finish(); }

 private:
  std::unique_ptr<OutputFile> file_;
};

}  // namespace

std::unique_ptr<CaptureWriter> write_pcap(std::unique_ptr<OutputFile> file, LinkType link) {
  return std::make_unique<PcapWriter>(std::move(file), link);
}

}  // namespace sallyport
