// Opens a capture by its first bytes, and says what is wrong with those that cannot be read.

#include "io/capture_reader.h"

#include <fmt/format.h>

#include "io/byte_order.h"
#include "io/pcap_format.h"
#include "io/pcapng_format.h"

namespace sallyport {
namespace {

using Same = FileNumbers<false>;
using Other = FileNumbers<true>;

struct ForeignFormat {
  uint32_t magic;  // the first bytes, as a little-endian number
  uint32_t mask;
  const char* what;
  const char* expected;
};

constexpr const char* kConvert = "pcap or pcapng; editcap -F pcapng IN OUT converts it";
constexpr ForeignFormat kForeignFormats[] = {
    {0xa1b2cd34, 0xffffffff, "is a modified pcap (Kuznetzov's, with an interface in each record)", kConvert},
    {0x34cdb2a1, 0xffffffff, "is a modified pcap (Kuznetzov's, with an interface in each record)", kConvert},
    {0xa1b234cd, 0xffffffff, "is a modified pcap (Kuznetzov's later form)", kConvert},
    {0xcd34b2a1, 0xffffffff, "is a modified pcap (Kuznetzov's later form)", kConvert},
    {0x1c0001ac, 0xfffffffe, "is a modified pcap (IXIA's)", kConvert},
    {0xac01001c, 0xffffffff, "is a modified pcap (IXIA's)", kConvert},
    {0xab01001c, 0xffffffff, "is a modified pcap (IXIA's)", kConvert},
    {0x6f6f6e73, 0xffffffff, "is a snoop file", kConvert},
    {0x00008b1f, 0x0000ffff, "is compressed with gzip", "an uncompressed capture: gunzip -c FILE, read from -"},
    {0x00685a42, 0x00ffffff, "is compressed with bzip2", "an uncompressed capture: bunzip2 -c FILE, read from -"},
    {0x587a37fd, 0xffffffff, "is compressed with xz", "an uncompressed capture: xz -dc FILE, read from -"},
    {0xfd2fb528, 0xffffffff, "is compressed with zstd", "an uncompressed capture: zstd -dc FILE, read from -"},
    {0x184d2204, 0xffffffff, "is compressed with lz4", "an uncompressed capture: lz4 -dc FILE, read from -"},
};

Error foreign(const ByteSource& bytes) {
  Error error{.what = "is neither pcap nor pcapng", .expected = "a capture as tcpdump or Wireshark write it"};
  if (!bytes.trouble().empty()) {
    error.what = "cannot be read: " + bytes.trouble();
  } else if (bytes.size() == 0) {
    error.what = "is empty";
  } else if (bytes.size() < 4) {
    error.what = fmt::format("is only {} bytes long", bytes.size());
  } else {
    const uint32_t magic = Same::u32(bytes.data());
    for (const ForeignFormat& format : kForeignFormats) {
      if ((magic & format.mask) != format.magic) continue;
      error.what = format.what;
      error.expected = format.expected;
      break;
    }
  }
  error.what = "the input " + error.what;
  error.file = bytes.name();
  return error;
}

Result<std::unique_ptr<FrameSource>> open_by_magic(std::unique_ptr<ByteSource> bytes) {
  if (!bytes->grow(sizeof(uint32_t))) return std::unexpected(foreign(*bytes));
  const uint32_t magic = Same::u32(bytes->data());
  const uint32_t swapped = Other::u32(bytes->data());
  if (magic == static_cast<uint32_t>(BlockType::Section)) return open_pcapng(std::move(bytes));
  for (const uint32_t known : {kPcapMicroseconds, kPcapNanoseconds}) {
    if (magic == known || swapped == known) return open_pcap(std::move(bytes));
  }
  return std::unexpected(foreign(*bytes));
}

}  // namespace

bool CaptureReader::damaged(std::string what, std::string expected) {
  damage_ = Error{.what = fmt::format("at byte {}: {}", bytes_->offset(), what),
                  .expected = std::move(expected),
                  .file = bytes_->name()};
  return false;
}

bool CaptureReader::cut_off(const char* kind, uint64_t offset, uint64_t length) {
  const uint64_t present = bytes_->offset() + bytes_->size() - offset;
  const std::string why = bytes_->trouble().empty() ? "" : fmt::format(" ({})", bytes_->trouble());
  damage_ = Error{.what = fmt::format("at byte {}: the {} is cut off{}", offset, kind, why),
                  .expected = fmt::format("{} bytes, of which {} are missing", length, length - present),
                  .file = bytes_->name()};
  return false;
}

Result<std::unique_ptr<FrameSource>> open_capture(const std::string& path) {
  auto bytes = ByteSource::open(path);
  if (!bytes) return std::unexpected(std::move(bytes.error()));
  return open_by_magic(std::move(*bytes));
}

Result<std::unique_ptr<FrameSource>> open_capture_bytes(std::span<const uint8_t> bytes, std::string name) {
  return open_by_magic(ByteSource::over(bytes, std::move(name)));
}

Result<std::unique_ptr<FrameSource>> open_capture_stream(int descriptor, std::string name, size_t piece) {
  return open_by_magic(ByteSource::stream(descriptor, std::move(name), piece));
}

}  // namespace sallyport
