// A packet on its way through the hooks: its bytes, what parsing found in them, and what the path attached.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "sallyport/address.h"
#include "sallyport/bytes.h"
#include "sallyport/clock.h"

namespace sallyport {

class Connection;
struct ConnectionTemplate;

// An interface of the host model; 0 is "none" (a packet from a local sender has no input interface).
using InterfaceId = uint16_t;
constexpr InterfaceId kNoInterface = 0;

// Assigned Internet protocol numbers that the engine knows by name.
enum Protocol : uint8_t {
  kHopByHop = 0,
  kIcmp = 1,
  kTcp = 6,
  kUdp = 17,
  kDccp = 33,
  kRouting = 43,
  kFragment = 44,
  kGre = 47,
  kEsp = 50,
  kAh = 51,
  kIcmp6 = 58,
  kNoNextHeader = 59,
  kDestinationOptions = 60,
  kSctp = 132,
  kMobility = 135,
  kUdplite = 136,
};

// To whom the frame was addressed, as -m pkttype asks (linux/if_packet.h).
enum class PacketType : uint8_t {
  Unicast = 0,
  Broadcast = 1,
  Multicast = 2,
  OtherHost = 3,
  Outgoing = 4,
  Loopback = 5
};

// Whether the transport header can be read at `transport_offset`.
enum class Transport : uint8_t {
  Missing,        // an extension header is cut off: who asks for the protocol drops the packet
  LaterFragment,  // a fragment that does not begin the datagram
  Present,        // it begins there; how many of its bytes are present is not promised
};

// What is known about a packet beside its bytes. Plain data: whoever holds the packet may write it.
struct PacketFacts {
  // What parsing found (wire/parse.h).
  uint32_t length = 0;            // of the IP packet as its header says: what rules count
  uint16_t transport_offset = 0;  // from the network header
  uint16_t fragment_offset = 0;   // in bytes; 0 also for a whole packet
  uint8_t protocol = 0;           // IPv4's, or that of the last IPv6 extension header
  Family family = Family::Ipv4;
  Transport transport_state = Transport::Missing;
  bool more_fragments = false;

  // What the path attached.
  InterfaceId in = kNoInterface;
  InterfaceId out = kNoInterface;
  uint32_t mark = 0;
  PacketType type = PacketType::Unicast;
  bool traced = false;            // TRACE: each rule that it meets is logged
  bool checksum_trusted = false;  // the transport checksum is taken as right (--checksums trust, generated packets)
  // Came by one end of a pair: what is not for this machine leaves by the other end with no route look-up, and the way
  // back is the end it came by.
  bool paired = false;
  uint8_t connection_state = 0;       // ConnectionState, meaningful with `connection`
  bool flow_hashed = false;           // `flow_hash` is known
  uint16_t path_mtu = 0;              // of the route taken; 0 before routing
  uint32_t largest_fragment = 0;      // reassembled from fragments of at most this size; 0: it came whole
  uint32_t link_original_length = 0;  // the frame's length on the wire
  uint16_t link_type = 0;             // of link_header(), by pcap number (LinkType); no meaning without a header
  Timestamp time = 0;                 // when it entered
  uint64_t number = 0;                // of the input packet, from 1; 0 for one that nothing caused
  Connection* connection = nullptr;
  const ConnectionTemplate* connection_template = nullptr;  // -j CT: how its connection is to be tracked
  // The hash of its tuple in zone 0, taken ahead of its turn; void as soon as the tuple may have changed. With it the
  // number of the connection that is probably the packet's own; 0: none was seen.
  uint32_t flow_hash = 0;
  uint32_t flow_connection = 0;
};

// One packet. Owns its bytes: the frame as it came (link header, network packet, padding). Movable, not copyable; a
// module that steals a packet moves it out. Belongs to one thread at a time.
class Packet : public PacketFacts {
 public:
  Packet() = default;
  Packet(Packet&& other) noexcept : Packet() { *this = std::move(other); }
  Packet& operator=(Packet&& other) noexcept;
  Packet(const Packet&) = delete;
  Packet& operator=(const Packet&) = delete;
  ~Packet() = default;

  // Takes a copy of a frame whose network header starts at `network_offset` and forgets everything known before.
  // Allocates only when the frame is larger than any that this object held.
  void assign(std::span<const uint8_t> frame, uint32_t network_offset) {
    const auto size = static_cast<uint32_t>(frame.size());
    if (size > capacity_) [[unlikely]]
      make_room(size);
    if (size != 0) std::memcpy(storage_.get(), frame.data(), size);
    if (network_offset > size) network_offset = size;
    data_ = storage_.get() + network_offset;
    captured_ = size - network_offset;
    later_fragments.clear();
    static_cast<PacketFacts&>(*this) = PacketFacts{};
    length = captured_;
    link_original_length = size;
  }
  Packet clone() const;

  // The network packet: from the IP header to the end of what is there. Parsing cuts link-layer padding off.
  std::span<uint8_t> bytes() { return {data_, captured_}; }
  std::span<const uint8_t> bytes() const { return {data_, captured_}; }
  const uint8_t* data() const { return data_; }
  uint8_t* data() { return data_; }
  // Bytes present; less than `length` when the capture was cut by its snap length.
  uint32_t captured() const { return captured_; }
  std::span<const uint8_t> link_header() const { return {storage_.get(), static_cast<size_t>(data_ - storage_.get())}; }
  std::span<uint8_t> link_header() { return {storage_.get(), static_cast<size_t>(data_ - storage_.get())}; }

  // Cuts the network packet to `bytes`; more than is there changes nothing.
  void truncate(uint32_t bytes) {
    if (bytes < captured_) captured_ = bytes;
  }
  // Opens `count` bytes of zero at `offset` of the network packet (at most its end), or appends them there. Pointers
  // into the packet are invalid afterwards. `length` grows too; the IP header's length field is the caller's.
  void insert(uint32_t offset, uint32_t count);

  // The bytes from `offset` on if `count` of them are present, else null: how every header is read.
  const uint8_t* at(uint32_t offset, uint32_t count) const {
    return offset <= captured_ && count <= captured_ - offset ? data_ + offset : nullptr;
  }
  uint8_t* at(uint32_t offset, uint32_t count) {
    return offset <= captured_ && count <= captured_ - offset ? data_ + offset : nullptr;
  }
  // The transport header if `count` bytes of it are present.
  const uint8_t* transport(uint32_t count) const {
    return transport_state == Transport::Present ? at(transport_offset, count) : nullptr;
  }
  uint8_t* transport(uint32_t count) {
    return transport_state == Transport::Present ? at(transport_offset, count) : nullptr;
  }
  uint32_t transport_length() const { return length > transport_offset ? length - transport_offset : 0; }

  // Source and destination as they lie in the header: 4 or 16 bytes in network order.
  const uint8_t* source_bytes() const { return data_ + (family == Family::Ipv4 ? 12 : 8); }
  const uint8_t* destination_bytes() const { return data_ + (family == Family::Ipv4 ? 16 : 24); }
  IpAddress source() const { return IpAddress::from(family, source_bytes()); }
  IpAddress destination() const { return IpAddress::from(family, destination_bytes()); }

  uint8_t tos() const { return family == Family::Ipv4 ? data_[1] : static_cast<uint8_t>(load_be16(data_) >> 4); }
  uint8_t ttl() const { return data_[family == Family::Ipv4 ? 8 : 7]; }

  // Payload bytes of each fragment behind the first, where the packet was reassembled: it leaves in the same pieces as
  // long as they fit (wire/fragment.h). Empty: it came whole.
  std::vector<uint16_t> later_fragments;

 private:
  void make_room(uint32_t size);

  uint8_t* data_ = nullptr;  // the network header, inside storage_
  uint32_t captured_ = 0;
  uint32_t capacity_ = 0;
  std::unique_ptr<uint8_t[]> storage_;
};

}  // namespace sallyport
