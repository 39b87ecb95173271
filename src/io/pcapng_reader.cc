// pcapng: blocks of a type and a length. Sections of either byte order follow each other, each with its interfaces, and
// packets name theirs. Blocks of other types are skipped. draft-ietf-opsawg-pcapng.
//
// Packet blocks that lie in the window as a whole are taken by read_at_hand. It stops at anything else; next_block then
// deals with that one block, or says what is wrong with it.

#include <fmt/format.h>

#include <algorithm>

#include "io/byte_order.h"
#include "io/capture_reader.h"
#include "io/pcapng_format.h"
#include "io/time_unit.h"

namespace sallyport {
namespace {

// A block that has to be at hand as a whole, and one that is only skipped (CVE-2019-15165 was a length believed).
constexpr uint32_t kMaxReadBlock = 16u << 20;
constexpr uint32_t kMaxSkippedBlock = 256u << 20;
// An endless file of interfaces must end somewhere; an engine has no more numbers for them than these.
constexpr size_t kMaxInterfaces = 65535;
constexpr size_t kPrefetchBytes = 1024;

bool is_packet(BlockType type) {
  return type == BlockType::EnhancedPacket || type == BlockType::SimplePacket || type == BlockType::ObsoletePacket;
}

bool is_length(uint32_t length) { return length >= kBlockFrameBytes && length % 4 == 0 && length <= kMaxSkippedBlock; }

// Calls `take(code, value)` for each option between the two; false when one does not end before `end`.
template <bool Swapped, class Take>
bool each_option(const uint8_t* at, const uint8_t* end, Take take) {
  using Numbers = FileNumbers<Swapped>;
  while (end - at >= 4) {
    const uint16_t code = Numbers::u16(at);
    const uint16_t length = Numbers::u16(at + 2);
    if (code == kOptionEnd) return true;
    if (static_cast<size_t>(end - at - 4) < padded(length)) return false;
    take(code, std::span<const uint8_t>(at + 4, length));
    at += 4 + padded(length);
  }
  return true;
}

class PcapngReader final : public CaptureReader {
 public:
  explicit PcapngReader(std::unique_ptr<ByteSource> bytes) : CaptureReader(std::move(bytes)) {}

  // Reads on to the first packet, so that its interfaces are known before anybody asks for frames.
  void read_to_first_packet() {
    while (next_block() == Found::Other) {
    }
  }
  bool has_section() const { return has_section_; }

 protected:
  size_t read_at_hand(std::span<Frame> frames) override {
    return swapped_ ? read_blocks<true>(frames) : read_blocks<false>(frames);
  }
  bool next_record() override { return next_block() != Found::Nothing; }

 private:
  enum class Found : uint8_t { Nothing, Other, Packet };

  template <bool Swapped>
  size_t read_blocks(std::span<Frame> frames);
  // Fills the frame from a packet block that lies before us as a whole. Not null: what is wrong with it.
  template <bool Swapped>
  const char* read_packet(const uint8_t* block, uint32_t length, Frame& frame);
  template <bool Swapped>
  const char* read_simple_packet(const uint8_t* block, uint32_t length, Frame& frame);
  template <bool Swapped>
  FrameDirection direction(const uint8_t* options, const uint8_t* end);

  Found next_block();
  template <bool Swapped>
  Found next_block_in_order();
  template <bool Swapped>
  bool have_whole_block(uint32_t length);
  template <bool Swapped>
  bool read_section(uint32_t length);
  template <bool Swapped>
  bool read_interface(uint32_t length);

  std::vector<TimeUnit> units_;      // of interfaces(), by the same index
  size_t first_ = 0;                 // this section's interface 0 among interfaces()
  uint32_t simple_snap_length_ = 0;  // of this section's interface 0; 0: no limit
  Timestamp last_time_ = 0;          // simple packets have no time: they get that of the packet before
  bool swapped_ = false;
  bool has_section_ = false;
};

template <bool Swapped>
size_t PcapngReader::read_blocks(std::span<Frame> frames) {
  using Numbers = FileNumbers<Swapped>;
  const uint8_t* const front = bytes_->data();
  const size_t size = bytes_->size();
  size_t at = 0;
  size_t count = 0;
  for (; count < frames.size() && size - at >= kBlockFrameBytes; ++count) {
    const uint8_t* block = front + at;
    const uint32_t length = Numbers::u32(block + 4);
    if (!is_packet(BlockType{Numbers::u32(block)}) || !is_length(length)) break;
    if (length > kMaxReadBlock || length > size - at) break;
    if (Numbers::u32(block + length - 4) != length || read_packet<Swapped>(block, length, frames[count])) break;
    __builtin_prefetch(block + kPrefetchBytes);
    at += length;
  }
  bytes_->skip(at);
  return count;
}

template <bool Swapped>
const char* PcapngReader::read_packet(const uint8_t* block, uint32_t length, Frame& frame) {
  using Numbers = FileNumbers<Swapped>;
  const BlockType type{Numbers::u32(block)};
  if (type == BlockType::SimplePacket) return read_simple_packet<Swapped>(block, length, frame);
  if (length < kPacketHeadBytes + 4) return "a packet block is too short for its own fields";

  const bool obsolete = type == BlockType::ObsoletePacket;
  const size_t interface = obsolete ? Numbers::u16(block + 8) : Numbers::u32(block + 8);
  const uint64_t stamp = static_cast<uint64_t>(Numbers::u32(block + 12)) << 32 | Numbers::u32(block + 16);
  const uint32_t captured = Numbers::u32(block + 20);
  if (interface >= interfaces_.size() - first_) return "a packet names an interface that its section does not have";
  if (captured > kMaxFrameBytes) return "a packet claims to hold more than 262144 bytes";
  const size_t room = length - kPacketHeadBytes - 4;
  if (captured > room) return "a packet claims to hold more bytes than its block";

  const size_t index = first_ + interface;
  const size_t options = std::min(padded(captured), room);
  frame.bytes = {block + kPacketHeadBytes, captured};
  frame.original_length = std::max(Numbers::u32(block + 24), captured);
  frame.interface = static_cast<uint32_t>(index);
  frame.time = last_time_ = units_[index].time(stamp);
  frame.direction = options == room ? FrameDirection::Unknown
                                    : direction<Swapped>(block + kPacketHeadBytes + options, block + length - 4);
  return nullptr;
}

template <bool Swapped>
const char* PcapngReader::read_simple_packet(const uint8_t* block, uint32_t length, Frame& frame) {
  if (length < kSimpleHeadBytes + 4) return "a simple packet block is too short for its own fields";
  if (interfaces_.size() == first_) return "a simple packet stands in a section without an interface";
  const uint32_t original = FileNumbers<Swapped>::u32(block + 8);
  const uint32_t limit = simple_snap_length_ == 0 ? original : simple_snap_length_;
  const uint32_t captured = std::min({original, limit, static_cast<uint32_t>(length - kSimpleHeadBytes - 4)});
  if (captured > kMaxFrameBytes) return "a packet claims to hold more than 262144 bytes";
  frame = {.bytes = {block + kSimpleHeadBytes, captured},
           .original_length = original,
           .interface = static_cast<uint32_t>(first_),
           .time = last_time_,
           .direction = FrameDirection::Unknown};
  return nullptr;
}

template <bool Swapped>
FrameDirection PcapngReader::direction(const uint8_t* options, const uint8_t* end) {
  FrameDirection direction = FrameDirection::Unknown;
  // Options that overrun their block cost no packet: what came before them counts.
  each_option<Swapped>(options, end, [&](uint16_t code, std::span<const uint8_t> value) {
    if (code != kOptionPacketFlags || value.size() != 4) return;
    const uint32_t bits = FileNumbers<Swapped>::u32(value.data()) & 3;
    direction = bits == 1 ? FrameDirection::In : bits == 2 ? FrameDirection::Out : FrameDirection::Unknown;
  });
  return direction;
}

PcapngReader::Found PcapngReader::next_block() {
  if (!bytes_->grow(kBlockFrameBytes)) {
    if (bytes_->size() != 0 || !bytes_->trouble().empty()) {
      cut_off("block", bytes_->offset(), kBlockFrameBytes);
    }
    return Found::Nothing;
  }
  if (FileNumbers<false>::u32(bytes_->data()) == static_cast<uint32_t>(BlockType::Section)) {
    const uint32_t magic = FileNumbers<false>::u32(bytes_->data() + 8);
    swapped_ = magic == std::byteswap(kByteOrderMagic);
    if (!swapped_ && magic != kByteOrderMagic) {
      damaged("a section has no byte-order mark", "1a2b3c4d in one order or the other");
      return Found::Nothing;
    }
  }
  return swapped_ ? next_block_in_order<true>() : next_block_in_order<false>();
}

template <bool Swapped>
PcapngReader::Found PcapngReader::next_block_in_order() {
  using Numbers = FileNumbers<Swapped>;
  const uint64_t offset = bytes_->offset();
  const BlockType type{Numbers::u32(bytes_->data())};
  const uint32_t length = Numbers::u32(bytes_->data() + 4);
  if (!is_length(length)) {
    damaged(fmt::format("a block claims a length of {} bytes", length),
            fmt::format("a multiple of 4 from {} to {}", kBlockFrameBytes, kMaxSkippedBlock));
    return Found::Nothing;
  }
  const bool known = is_packet(type) || type == BlockType::Section || type == BlockType::Interface;
  if (!known) {
    if (bytes_->discard(length)) return Found::Other;
    cut_off("block", offset, length);
    return Found::Nothing;
  }
  if (!have_whole_block<Swapped>(length)) return Found::Nothing;
  if (is_packet(type)) {
    Frame frame;
    const char* problem = read_packet<Swapped>(bytes_->data(), length, frame);
    if (problem) damaged(problem, "a packet block as the format has it");
    return problem ? Found::Nothing : Found::Packet;
  }
  if (type == BlockType::Section ? !read_section<Swapped>(length) : !read_interface<Swapped>(length)) {
    return Found::Nothing;
  }
  bytes_->skip(length);
  return Found::Other;
}

template <bool Swapped>
bool PcapngReader::have_whole_block(uint32_t length) {
  if (length > kMaxReadBlock) {
    return damaged(fmt::format("a block claims a length of {} bytes", length),
                   fmt::format("at most {} for a packet, interface or section", kMaxReadBlock));
  }
  if (!bytes_->grow(length)) return cut_off("block", bytes_->offset(), length);
  const uint32_t again = FileNumbers<Swapped>::u32(bytes_->data() + length - 4);
  if (again == length) return true;
  return damaged(fmt::format("a block's length is {} at its front and {} at its end", length, again),
                 "the same number twice");
}

template <bool Swapped>
bool PcapngReader::read_section(uint32_t length) {
  using Numbers = FileNumbers<Swapped>;
  const uint8_t* block = bytes_->data();
  if (length < kSectionBytes) return damaged("a section block is too short for its own fields", "28 bytes or more");
  const uint16_t major = Numbers::u16(block + 12);
  const uint16_t minor = Numbers::u16(block + 14);
  // Version 1.2 was written by some and is the same.
  if (major != 1 || (minor != 0 && minor != 2)) {
    return damaged(fmt::format("a section has version {}.{}", major, minor), "version 1.0");
  }
  has_section_ = true;
  first_ = interfaces_.size();
  simple_snap_length_ = 0;
  return true;
}

template <bool Swapped>
bool PcapngReader::read_interface(uint32_t length) {
  using Numbers = FileNumbers<Swapped>;
  const uint8_t* block = bytes_->data();
  if (length < kInterfaceBytes)
    return damaged("an interface block is too short for its own fields", "20 bytes or more");
  if (interfaces_.size() == kMaxInterfaces) {
    return damaged("there are too many interfaces", fmt::format("at most {}", kMaxInterfaces));
  }
  CaptureInterface interface{.link = link_type(Numbers::u16(block + 8))};
  const uint32_t snap_length = Numbers::u32(block + 12);
  if (snap_length != 0 && snap_length < kMaxFrameBytes) interface.snap_length = snap_length;
  uint8_t resolution = 6;
  uint64_t offset_s = 0;
  const bool whole = each_option<Swapped>(block + 16, block + length - 4, [&](uint16_t code, auto value) {
    if (code == kOptionInterfaceName) {
      interface.name.assign(value.begin(), std::find(value.begin(), value.end(), 0));
    } else if (code == kOptionTimeResolution && value.size() == 1) {
      resolution = value[0];
    } else if (code == kOptionTimeOffset && value.size() == 8) {
      offset_s = Numbers::u64(value.data());
    }
  });
  if (!whole) return damaged("an option of an interface block overruns it", "options that end within their block");
  if (interfaces_.size() == first_) simple_snap_length_ = snap_length;
  interfaces_.push_back(std::move(interface));
  units_.emplace_back(resolution, static_cast<int64_t>(offset_s));
  return true;
}

}  // namespace

Result<std::unique_ptr<FrameSource>> open_pcapng(std::unique_ptr<ByteSource> bytes) {
  auto reader = std::make_unique<PcapngReader>(std::move(bytes));
  reader->read_to_first_packet();
  if (!reader->has_section()) return std::unexpected(*reader->damage());
  return reader;
}

}  // namespace sallyport
