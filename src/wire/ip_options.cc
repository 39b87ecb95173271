// IPv4 options: judged, and what follows their end cleared. Counterpart of __ip_options_compile() in
// net/ipv4/ip_options.c; RFC 791 3.1, RFC 1812 5.2.4, 5.3.13.
//
// Differs from the kernel: routes and times are not recorded.

#include "wire/ip_options.h"

#include <algorithm>
#include <cstddef>
#include <span>

namespace sallyport {
namespace {

constexpr uint8_t kEnd = 0, kNoOperation = 1, kRecordRoute = 7, kTimestamp = 68, kLooseSource = 131,
                  kSecurityLabel = 134, kStrictSource = 137, kRouterAlert = 148;

// One pass over the options; `fault` is the offset of the wrong byte once a check fails.
class OptionReader {
 public:
  explicit OptionReader(std::span<uint8_t> options) : options_(options) {}

  bool read() {
    for (size_t at = 0; at < options_.size();) {
      if (options_[at] == kEnd) {
        clear(at + 1);
        return true;
      }
      if (options_[at] == kNoOperation) {
        ++at;
        continue;
      }
      const size_t left = options_.size() - at;
      if (left < 2 || options_[at + 1] < 2 || options_[at + 1] > left) return wrong(at);
      const size_t size = options_[at + 1];
      if (!option_holds(at, size)) return false;
      at += size;
    }
    return true;
  }

  size_t fault() const { return fault_; }
  bool changed() const { return changed_; }
  bool source_route() const { return source_route_; }

 private:
  bool wrong(size_t at) {
    fault_ = at;
    return false;
  }

  void clear(size_t from) {
    for (uint8_t& byte : options_.subspan(from)) {
      changed_ |= byte != kEnd;
      byte = kEnd;
    }
  }

  bool option_holds(size_t at, size_t size) {
    switch (options_[at]) {
      case kLooseSource:
      case kStrictSource:
        if (!pointer_holds(at, size, 3, 4, source_route_)) return false;
        source_route_ = true;
        return true;
      case kRecordRoute:
        if (!pointer_holds(at, size, 3, 4, record_route_)) return false;
        record_route_ = true;
        return room_holds(at, size, 4);
      case kTimestamp:
        if (!pointer_holds(at, size, 4, 5, timestamp_)) return false;
        timestamp_ = true;
        return timestamp_holds(at, size);
      case kRouterAlert:
        return size >= 4 || wrong(at + 1);
      case kSecurityLabel:
        if (label_) return wrong(at);
        label_ = true;
        return true;
      default:
        return true;
    }
  }

  // An option that may come once, of at least `shortest` bytes, whose third byte points at its byte `first` or behind.
  bool pointer_holds(size_t at, size_t size, size_t shortest, uint8_t first, bool seen) {
    const bool source_route = options_[at] == kLooseSource || options_[at] == kStrictSource;
    if (!source_route && seen) return wrong(at);
    if (size < shortest) return wrong(at + 1);
    if (options_[at + 2] < first) return wrong(at + 2);
    return !seen || wrong(at);
  }

  // Where the pointer is not past the end yet, `bytes` more must have room.
  bool room_holds(size_t at, size_t size, size_t bytes) {
    const size_t pointer = options_[at + 2];
    return pointer > size || pointer + bytes - 1 <= size || wrong(at + 2);
  }

  bool timestamp_holds(size_t at, size_t size) {
    constexpr uint8_t kTimesOnly = 0, kWithAddresses = 1, kGivenAddresses = 3;
    const uint8_t kind = options_[at + 3] & 0xf;
    if (options_[at + 2] > size) {  // full: the kernel would count an overflow
      return kind == kGivenAddresses || options_[at + 3] >> 4 != 15 || wrong(at + 3);
    }
    if (!room_holds(at, size, 4)) return false;
    if (kind == kTimesOnly) return true;
    if (kind == kWithAddresses || kind == kGivenAddresses) return room_holds(at, size, 8);
    return wrong(at + 3);
  }

  std::span<uint8_t> options_;
  size_t fault_ = 0;
  bool changed_ = false;
  bool source_route_ = false, record_route_ = false, timestamp_ = false, label_ = false;
};

}  // namespace

OptionsJudged judge_ipv4_options(Packet& packet) {
  constexpr size_t kFixedHeader = 20;
  const size_t header = std::min<size_t>((packet.data()[0] & 0xfu) * 4, packet.captured());
  OptionReader reader(packet.bytes().first(header).subspan(std::min(kFixedHeader, header)));
  OptionsJudged judged;
  if (!reader.read()) {
    judged.pointer = static_cast<uint8_t>(kFixedHeader + reader.fault());
    return judged;
  }
  judged.kind = reader.source_route() ? OptionsJudged::Kind::SourceRoute : OptionsJudged::Kind::Fine;
  judged.changed = reader.changed();
  return judged;
}

}  // namespace sallyport
