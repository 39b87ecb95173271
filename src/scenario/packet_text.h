// A packet in words, as a scenario says it: what it must hold, and nothing about the rest. The same words make a packet
// (everything that is not said has a default) and ask of one that came out (what is not said may be anything).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/address.h"
#include "sallyport/packet.h"
#include "scenario/number.h"
#include "scenario/words.h"

namespace sallyport::scenario {

// One end of "A:P > B:P".
struct End {
  std::optional<IpAddress> address = {};  // empty: any
  Number port = {};
};

// Which header a field lies in, and where.
enum class Layer : uint8_t { Ip, Transport };
struct FieldPlace {
  std::string_view name;
  Layer layer;
  Family family;     // Ip, and ICMP's
  uint8_t protocol;  // Transport
  uint16_t bit;      // from the header's beginning
  uint8_t bits;
  bool flag = false;  // the word alone stands for 1
};
// Null: that packet has no such field.
const FieldPlace* find_field(std::string_view name, Family family, uint8_t protocol);
// All of a protocol.
std::span<const FieldPlace> all_fields();

struct Field {
  std::string_view name;  // of a FieldPlace
  Number value;
};

struct TcpOptionKind {
  std::string_view name;
  uint8_t kind;
  std::vector<uint8_t> sizes;  // of its values, in bytes; of sack, of one block
};
std::span<const TcpOptionKind> tcp_option_kinds();
struct TcpOption {
  const TcpOptionKind* kind = nullptr;
  std::vector<Number> values = {};
};

struct ChunkKind {
  std::string_view name;
  uint8_t type;
  bool has_tag;      // an initiate tag follows it
  uint8_t contents;  // bytes behind the chunk's head, where not the payload
};
std::span<const ChunkKind> chunk_kinds();
struct Chunk {
  const ChunkKind* kind = nullptr;
  uint8_t flags = 0;
  Number tag = {};
};

struct IcmpKind {
  std::string_view word;
  std::string_view detail;  // a second word, or empty
  Family family;
  uint8_t type;
  uint8_t code;
};
std::span<const IcmpKind> icmp_kinds();

// The flags in the order of their bits.
std::span<const std::string_view> tcp_flag_names();

struct PacketText {
  enum class Kind : uint8_t {
    Any,       // *
    Same,      // what went in, but for the TTL
    Raw,       // these bytes
    Fragment,  // a piece of `inner`
    Whole,
  };
  Kind kind = Kind::Whole;
  std::optional<Family> family = {};  // where the words tell
  uint8_t protocol = 0;
  bool protocol_said = false;
  bool has_ends = false;
  End source = {};
  End destination = {};
  std::vector<Field> fields = {};
  std::optional<uint8_t> tcp_flags = {};
  std::vector<TcpOption> tcp_options = {};
  std::vector<Chunk> chunks = {};
  std::optional<std::vector<uint8_t>> payload = {};  // Raw: the packet
  std::vector<uint8_t> ip_options = {};              // IPv4's
  bool bad_checksum = false;
  bool bad_header_checksum = false;
  std::optional<uint32_t> cut = {};
  std::shared_ptr<const PacketText> inner = {};  // what an ICMP error is about; what a fragment is of
  uint32_t fragment_begin = 0;
  uint32_t fragment_end = 0;
  uint32_t fragment_id = 1;
  std::string text = {};  // as it was written
};

// Reads up to the end of the line, a ")" or a "=>".
Result<PacketText> read_packet(Words& words);

// The packet's bytes, every checksum right unless the text says otherwise.
Result<std::vector<uint8_t>> make_packet(const PacketText& text, const Variables& variables);

// What of `packet` is not as `text` says, or empty. `came_in` is what "same" is compared with. Variables that are not
// bound yet are bound where everything fits.
std::string mismatch(const PacketText& text, std::span<const uint8_t> packet, std::span<const uint8_t> came_in,
                     Variables& variables);

// A packet in the same words.
std::string describe(std::span<const uint8_t> packet);

// Where the headers of a packet lie. What is cut off is not there: `end` says how far its bytes go.
struct Layout {
  Family family = Family::Ipv4;
  uint8_t protocol = 0;
  uint32_t transport = 0;
  uint32_t end = 0;  // of what is there
  uint32_t said_length = 0;
  uint32_t fragment_begin = 0;
  uint32_t fragment_id = 0;
  bool fragment = false;
  bool more_fragments = false;
};
std::optional<Layout> layout_of(std::span<const uint8_t> packet);

uint64_t read_bits(std::span<const uint8_t> bytes, uint32_t bit, unsigned count);
void write_bits(std::span<uint8_t> bytes, uint32_t bit, unsigned count, uint64_t value);

// Fills the checksums of a whole packet in. Of their own: they judge the engine's.
void fill_header_checksum(std::span<uint8_t> packet);
void fill_transport_checksum(std::span<uint8_t> packet, const Layout& layout);
bool header_checksum_right(std::span<const uint8_t> packet);
// Also true where there is none to judge: a fragment, a protocol without one, UDP's 0.
bool transport_checksum_right(std::span<const uint8_t> packet, const Layout& layout);

inline bool has_ports(uint8_t protocol) {
  return protocol == kTcp || protocol == kUdp || protocol == kUdplite || protocol == kSctp || protocol == kDccp;
}

// Bytes of the transport header, where they are known from the packet alone; 0 where that header is cut off.
uint32_t transport_header_bytes(std::span<const uint8_t> packet, const Layout& layout);

}  // namespace sallyport::scenario
