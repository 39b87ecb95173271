// Packets as they come in and go out: capture files. Everything here deals in frames; what is in them is the engine's.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/bytes.h"
#include "sallyport/clock.h"
#include "sallyport/result.h"

namespace sallyport {

// Link types by the number that pcap and pcapng give them.
enum class LinkType : uint16_t {
  Null = 0,
  Ethernet = 1,
  Raw = 101,
  Loop = 108,
  LinuxSll = 113,
  Ipv4 = 228,
  Ipv6 = 229,
  LinuxSll2 = 276
};
bool is_known(LinkType link);

// One interface of a capture. Its name is empty where the file does not say.
struct CaptureInterface {
  std::string name = {};
  LinkType link = LinkType::Ethernet;
  uint32_t snap_length = 262144;
};

// Which way a frame went, where the capture says so (pcapng flags, cooked packet type).
enum class FrameDirection : uint8_t { Unknown, In, Out };

// A frame of a capture. `bytes` belong to the source and stay valid until its next `read`.
struct Frame {
  std::span<const uint8_t> bytes = {};
  uint32_t original_length = 0;  // on the wire; more than bytes.size() where the snap length cut it
  uint32_t interface = 0;        // index into the source's interfaces()
  Timestamp time = 0;
  FrameDirection direction = FrameDirection::Unknown;
};

// Where frames come from. One thread.
class FrameSource {
 public:
  virtual ~FrameSource() = default;
  // Fills at most frames.size() frames and says how many; 0 is the end, or a damage that `damage` tells of.
  // pcapng may add interfaces as it goes.
  virtual size_t read(std::span<Frame> frames) = 0;
  virtual const std::vector<CaptureInterface>& interfaces() const = 0;
  // Why reading ended early: the file is cut off or damaged after the frames that were given. Null: a clean end.
  virtual const Error* damage() const = 0;
  // Share of the input read so far, 0 to 1; negative where unknown (a pipe).
  virtual double progress() const = 0;
};

// Opens a pcap or pcapng file, told by its first bytes; "-" is standard input. Regular files are mapped.
Result<std::unique_ptr<FrameSource>> open_capture(const std::string& path);
// The same over bytes that stay valid as long as the source lives. `name` stands in errors.
Result<std::unique_ptr<FrameSource>> open_capture_bytes(std::span<const uint8_t> bytes, std::string name);

struct NamedCapture {
  std::string interface = {};  // the name that all its frames get; empty: the capture's own
  std::unique_ptr<FrameSource> source;
};
// Several captures as one, by time; equal times keep the order of the list.
std::unique_ptr<FrameSource> merge_captures(std::vector<NamedCapture> captures);

// Where the network packet of a frame begins and what it is. Larger than 16 bytes for a reason: two registers would
// have to be filled through memory, which takes three times as long as the walk itself.
struct NetworkStart {
  uint32_t offset = 0;      // bytes before the network header
  uint16_t ether_type = 0;  // 0x0800, 0x86dd, or what else it is; 0: the frame is too short or not understood
  uint16_t vlan = 0;        // of the outermost tag; 0: none (priority-tagged included)
  uint8_t packet_type = 0;  // PacketType, from the cooked header or the destination MAC's group bit
  FrameDirection direction = FrameDirection::Unknown;
  uint32_t tags = 0;             // VLAN tags walked past
  uint32_t interface_index = 0;  // on the machine that captured, from a cooked header of version 2; 0: unknown
};
// What find_network() does where its short path does not answer.
NetworkStart walk_link_header(LinkType link, std::span<const uint8_t> frame);
// Walks the link header: Ethernet with any number of VLAN tags up to 8, cooked v1 and v2, raw, BSD loopback. The usual
// frame, IP in Ethernet to one machine, is read here, so that callers have it inlined.
inline NetworkStart find_network(LinkType link, std::span<const uint8_t> frame) {
  constexpr uint32_t kEthernetHeader = 14;
  if (link == LinkType::Ethernet && frame.size() >= kEthernetHeader && (frame[0] & 1) == 0) [[likely]] {
    const uint16_t ether_type = load_be16(frame.data() + kEthernetHeader - 2);
    if (ether_type == 0x0800 || ether_type == 0x86dd) [[likely]]
      return {.offset = kEthernetHeader, .ether_type = ether_type};
  }
  return walk_link_header(link, frame);
}

// A frame to be written. `interface` indexes the writer's interfaces.
struct OutFrame {
  std::span<const uint8_t> bytes = {};
  uint32_t original_length = 0;
  uint32_t interface = 0;
  Timestamp time = 0;
  std::string_view comment = {};  // pcapng only; empty: none
};

enum class CaptureFormat : uint8_t { Pcap, Pcapng };
CaptureFormat format_for(std::string_view path);  // a name that ends in .pcap is classic pcap

// Writes a capture. Buffers; the file is complete after `finish`. One thread.
class CaptureWriter {
 public:
  virtual ~CaptureWriter() = default;
  // Errors are kept and answered by `finish`.
  virtual void write(const OutFrame& frame) = 0;
  virtual Result<void> finish() = 0;
};

// Opens PATH ("-" is standard output) and writes the head: a block per interface in pcapng. Classic pcap holds one link
// type: interfaces that differ in it are an error.
Result<std::unique_ptr<CaptureWriter>> create_capture(const std::string& path, CaptureFormat format,
                                                      std::span<const CaptureInterface> interfaces);

// A compiled BPF expression, as tcpdump takes it. One per link type. One thread.
class CaptureFilter {
 public:
  virtual ~CaptureFilter() = default;
  virtual bool passes(const Frame& frame) const = 0;
};
Result<std::unique_ptr<CaptureFilter>> compile_filter(const std::string& expression, LinkType link);

}  // namespace sallyport
