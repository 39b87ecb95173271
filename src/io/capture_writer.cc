// Chooses the format of a capture that is written, by the file's name.

#include "io/capture_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "io/capture_reader.h"

namespace sallyport {

CaptureFormat format_for(std::string_view path) {
  return path.ends_with(".pcap") ? CaptureFormat::Pcap : CaptureFormat::Pcapng;
}

std::span<const uint8_t> writable_bytes(const OutFrame& frame) {
  return frame.bytes.first(std::min<size_t>(frame.bytes.size(), kMaxFrameBytes));
}

uint32_t writable_length(const OutFrame& frame) {
  return std::max(frame.original_length, static_cast<uint32_t>(frame.bytes.size()));
}

Result<std::unique_ptr<CaptureWriter>> create_capture(const std::string& path, CaptureFormat format,
                                                      std::span<const CaptureInterface> interfaces) {
  const LinkType link = interfaces.empty() ? LinkType::Ethernet : interfaces.front().link;
  if (format == CaptureFormat::Pcap) {
    // Asked before the file is emptied: a refusal leaves it as it was.
    const auto other = std::ranges::find_if(interfaces, [&](const auto& each) { return each.link != link; });
    if (other != interfaces.end()) {
      return std::unexpected(Error{
          .what =
              fmt::format("classic pcap holds one link type, and {} has {} where {} has {}", interfaces.front().name,
                          std::to_underlying(link), other->name, std::to_underlying(other->link)),
          .expected = "a file name that does not end in .pcap, for pcapng",
          .file = path});
    }
  }
  auto file = OutputFile::create(path);
  if (!file) return std::unexpected(std::move(file.error()));
  if (format == CaptureFormat::Pcap) return write_pcap(std::move(*file), link);
  return write_pcapng(std::move(*file), interfaces);
}

}  // namespace sallyport
