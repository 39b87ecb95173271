// Classic pcap: a head, then records of 16 bytes and the packet. Both byte orders, micro- and nanoseconds.
// draft-ietf-opsawg-pcap.

#include <fmt/format.h>

#include "io/byte_order.h"
#include "io/capture_reader.h"
#include "io/pcap_format.h"

namespace sallyport {
namespace {

// Far enough that a line arrives before the walk does; past a page, where the processor's own look-ahead stops.
constexpr size_t kPrefetchBytes = 1024;

class PcapReader final : public CaptureReader {
 public:
  PcapReader(std::unique_ptr<ByteSource> bytes, CaptureInterface interface, bool swapped, Duration fraction)
      : CaptureReader(std::move(bytes)), fraction_(fraction), swapped_(swapped) {
    interfaces_.push_back(std::move(interface));
  }

 protected:
  size_t read_at_hand(std::span<Frame> frames) override {
    return swapped_ ? read_records<true>(frames) : read_records<false>(frames);
  }
  bool next_record() override;

 private:
  template <bool Swapped>
  size_t read_records(std::span<Frame> frames);

  Duration fraction_;  // the unit of the time stamp's second half
  bool swapped_;
};

template <bool Swapped>
size_t PcapReader::read_records(std::span<Frame> frames) {
  using Numbers = FileNumbers<Swapped>;
  const uint8_t* const front = bytes_->data();
  const size_t size = bytes_->size();
  size_t at = 0;
  size_t count = 0;
  for (; count < frames.size() && size - at >= kPcapRecordBytes; ++count) {
    const uint8_t* record = front + at;
    const uint32_t captured = Numbers::u32(record + 8);
    if (captured > kMaxFrameBytes || captured > size - at - kPcapRecordBytes) break;
    __builtin_prefetch(record + kPrefetchBytes);
    frames[count] = {
        .bytes = {record + kPcapRecordBytes, captured},
        .original_length = std::max(Numbers::u32(record + 12), captured),
        .interface = 0,
        .time = Numbers::u32(record) * kSecond + Numbers::u32(record + 4) * fraction_,
        .direction = FrameDirection::Unknown,
    };
    at += kPcapRecordBytes + captured;
  }
  bytes_->skip(at);
  return count;
}

bool PcapReader::next_record() {
  if (!bytes_->grow(kPcapRecordBytes)) {
    if (bytes_->size() == 0 && bytes_->trouble().empty()) return false;
    return cut_off("record's head", bytes_->offset(), kPcapRecordBytes);
  }
  const uint8_t* length = bytes_->data() + 8;
  const uint32_t captured = swapped_ ? FileNumbers<true>::u32(length) : FileNumbers<false>::u32(length);
  if (captured > kMaxFrameBytes) {
    return damaged(fmt::format("a record claims to hold {} bytes", captured),
                   fmt::format("at most {}", kMaxFrameBytes));
  }
  const size_t whole = kPcapRecordBytes + captured;
  return bytes_->grow(whole) || cut_off("record", bytes_->offset(), whole);
}

template <bool Swapped>
Result<std::unique_ptr<FrameSource>> open_in_order(std::unique_ptr<ByteSource> bytes) {
  using Numbers = FileNumbers<Swapped>;
  const uint8_t* head = bytes->data();
  const uint16_t major = Numbers::u16(head + 4);
  const uint16_t minor = Numbers::u16(head + 6);
  if (major != kPcapMajor || minor != kPcapMinor) {
    return std::unexpected(Error{.what = fmt::format("the input is pcap version {}.{}", major, minor),
                                 .expected = "version 2.4; editcap -F pcapng IN OUT converts it",
                                 .file = bytes->name()});
  }
  const uint32_t snap_length = Numbers::u32(head + 16);
  // The upper half of the number says how long the frame check sequence is; packets end by their own length.
  CaptureInterface interface{.link = link_type(static_cast<uint16_t>(Numbers::u32(head + 20)))};
  if (snap_length != 0 && snap_length < kMaxFrameBytes) interface.snap_length = snap_length;
  const Duration fraction = Numbers::u32(head) == kPcapNanoseconds ? kNanosecond : kMicrosecond;
  bytes->skip(kPcapHeadBytes);
  return std::make_unique<PcapReader>(std::move(bytes), std::move(interface), Swapped, fraction);
}

}  // namespace

Result<std::unique_ptr<FrameSource>> open_pcap(std::unique_ptr<ByteSource> bytes) {
  if (!bytes->grow(kPcapHeadBytes)) {
    return std::unexpected(Error{.what = "the pcap file ends within its head",
                                 .expected = fmt::format("{} bytes, there are {}", kPcapHeadBytes, bytes->size()),
                                 .file = bytes->name()});
  }
  const uint32_t magic = FileNumbers<false>::u32(bytes->data());
  const bool same_order = magic == kPcapMicroseconds || magic == kPcapNanoseconds;
  return same_order ? open_in_order<false>(std::move(bytes)) : open_in_order<true>(std::move(bytes));
}

}  // namespace sallyport
