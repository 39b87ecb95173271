// A packet's headers as one line of text, in the words of the kernel's log.
#pragma once

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <string_view>

#include "sallyport/packet.h"

namespace sallyport {

// What a dump holds beside the usual (linux/netfilter/xt_LOG.h numbers them so).
enum DumpFlag : uint8_t {
  kDumpTcpSequence = 0x01,
  kDumpTcpOptions = 0x02,
  kDumpIpOptions = 0x04,
  kDumpUid = 0x08,  // of the sending socket: there is none in this model, so it adds nothing
  kDumpMacDecode = 0x20,
};
// What TRACE asks for.
constexpr uint8_t kDumpTrace = kDumpTcpSequence | kDumpTcpOptions | kDumpIpOptions | kDumpUid;

// A line under construction, as long as the kernel's own buffer at most: what does not fit is left out.
class DumpLine {
 public:
  std::string_view text() const { return {buffer_.data(), size_}; }

  void add(std::string_view text);
  // fmt's formatting; the arguments are numbers and short texts, so nothing allocates.
  template <class... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    const size_t room = buffer_.size() - size_;
    const auto result = fmt::format_to_n(buffer_.data() + size_, room, format, std::forward<Args>(args)...);
    size_ += result.size < room ? result.size : room;
  }
  // Each byte as two digits, with `separator` between them unless it is 0.
  void add_hex(const uint8_t* bytes, uint32_t count, bool upper_case, char separator = 0);

 private:
  static constexpr size_t kLongest = 1016;  // measured
  std::array<char, kLongest> buffer_;
  size_t size_ = 0;
};

// Appends "SRC=... DST=... ... " from the IP header on, the packet quoted by an ICMP error in brackets, and the mark.
// Reads only what is present and says where a header is cut. `flags` are DumpFlags.
void dump_packet(DumpLine& line, const Packet& packet, uint8_t flags);

}  // namespace sallyport
