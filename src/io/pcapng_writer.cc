// Writes pcapng: one section in our byte order, a block per interface with its name, time in nanoseconds, and a comment
// with a packet where there is one. draft-ietf-opsawg-pcapng.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "io/capture_reader.h"
#include "io/capture_writer.h"
#include "io/pcapng_format.h"

namespace sallyport {
namespace {

constexpr size_t kOptionHead = 4;  // code and length
constexpr uint8_t kNanosecondResolution = 9;
// An option's length is 16 bits, and its padding counts in the block's.
constexpr size_t kLongestText = 65532;

// No longer than an option may be, and not cut within a UTF-8 character.
std::string_view fitting(std::string_view text) {
  if (text.size() <= kLongestText) return text;
  size_t length = kLongestText;
  while (length > 0 && (static_cast<uint8_t>(text[length]) & 0xc0) == 0x80) --length;
  return text.substr(0, length);
}

size_t option_bytes(size_t value) { return kOptionHead + padded(value); }

class PcapngWriter final : public CaptureWriter {
 public:
  PcapngWriter(std::unique_ptr<OutputFile> file, std::span<const CaptureInterface> interfaces)
      : file_(std::move(file)), interfaces_(interfaces.size()) {
    write_section();
    for (const CaptureInterface& interface : interfaces) write_interface(interface);
  }

  void write(const OutFrame& frame) override {
    if (frame.interface >= interfaces_) {
      file_->fail_with({.what = fmt::format("a frame names interface {}", frame.interface),
                        .expected = fmt::format("one of the {} that the capture has", interfaces_)});
      return;
    }
    const auto bytes = writable_bytes(frame);
    const std::string_view comment = fitting(frame.comment);
    const size_t options = comment.empty() ? 0 : option_bytes(comment.size()) + kOptionHead;
    const uint32_t length = static_cast<uint32_t>(kPacketHeadBytes + padded(bytes.size()) + options + 4);
    const auto stamp = static_cast<uint64_t>(std::max<Timestamp>(frame.time, 0));
    const uint32_t head[7] = {std::to_underlying(BlockType::EnhancedPacket),
                              length,
                              frame.interface,
                              static_cast<uint32_t>(stamp >> 32),
                              static_cast<uint32_t>(stamp),
                              static_cast<uint32_t>(bytes.size()),
                              writable_length(frame)};
    file_->append(head, sizeof head);
    append_padded(bytes);
    if (!comment.empty()) {
      option(kOptionComment, comment);
      option(kOptionEnd, {});
    }
    number(length);
  }

  Result<void> finish() override { return file_->finish(); }

 private:
  void number(uint32_t value) { file_->append(&value, sizeof value); }

  void append_padded(std::span<const uint8_t> bytes) {
    file_->append(bytes);
    file_->append_zeros(padded(bytes.size()) - bytes.size());
  }

  void option(uint16_t code, std::string_view value) {
    const uint16_t head[2] = {code, static_cast<uint16_t>(value.size())};
    file_->append(head, sizeof head);
    append_padded({reinterpret_cast<const uint8_t*>(value.data()), value.size()});
  }

  void write_section() {
    constexpr std::string_view kApplication = "sallyport";
    const uint32_t length = static_cast<uint32_t>(kSectionBytes + option_bytes(kApplication.size()) + kOptionHead);
    constexpr uint32_t kVersion = 1;  // 1.0: major in the lower half
    constexpr uint32_t kUnknownLength = 0xffffffff;
    for (const uint32_t value :
         {std::to_underlying(BlockType::Section), length, kByteOrderMagic, kVersion, kUnknownLength, kUnknownLength}) {
      number(value);
    }
    option(kOptionApplication, kApplication);
    option(kOptionEnd, {});
    number(length);
  }

  void write_interface(const CaptureInterface& interface) {
    const std::string_view name = fitting(interface.name);
    const char resolution = kNanosecondResolution;
    const size_t options = (name.empty() ? 0 : option_bytes(name.size())) + option_bytes(1) + kOptionHead;
    const uint32_t length = static_cast<uint32_t>(kInterfaceBytes + options);
    number(std::to_underlying(BlockType::Interface));
    number(length);
    number(std::to_underlying(interface.link));
    // What leaves may be larger than what came in: fragments are put together.
    number(std::max(interface.snap_length, kMaxFrameBytes));
    if (!name.empty()) option(kOptionInterfaceName, name);
    option(kOptionTimeResolution, {&resolution, 1});
    option(kOptionEnd, {});
    number(length);
  }

  std::unique_ptr<OutputFile> file_;
  size_t interfaces_;
};

}  // namespace

std::unique_ptr<CaptureWriter> write_pcapng(std::unique_ptr<OutputFile> file,
                                            std::span<const CaptureInterface> interfaces) {
  return std::make_unique<PcapngWriter>(std::move(file), interfaces);
}

}  // namespace sallyport
