// Patterns in conversations: what is kept of each of them, bounded, and their search.
//
// A conversation is known by its connection's number; its record is made with the first packet that a rule asks about
// and goes when the connection does. It holds, for each direction, the reassembly, where the search stands, and a bit
// for each pattern found; and for the original direction, where rules look into HTTP, a reader of requests.
//
// Bounds: conversations (and all that is kept of them), blocks of segments that wait, in all and for each direction
// (reassembler.h), readers. Where one is met the answer is Unknown, and either
//   drop  nothing has changed, so that the packet may be dropped and sent again; or
//   pass  this direction is not searched any more, and what was kept of it is forgotten.
#pragma once

#include <array>
#include <memory>
#include <string_view>
#include <vector>

#include "content/http_search.h"
#include "content/reassembler.h"
#include "sallyport/connection.h"
#include "sallyport/hook.h"

namespace sallyport {

struct StreamBounds {
  uint32_t conversations = 131072;
  uint64_t conversation_bytes = uint64_t{256} << 20;  // for their records and where searches stand
  uint32_t blocks = 262144;                           // of 256 bytes, for segments that wait
  uint32_t readers = 8192;                            // of HTTP
  uint64_t reader_bytes = uint64_t{256} << 20;        // for their lines and where their searches stand
};

// One packet as the search sees it.
struct StreamPayload {
  std::span<const uint8_t> bytes = {};
  uint32_t sequence = 0;
  uint16_t urgent = 0;  // which of the bytes from `sequence` on is urgent, from 1; 0: none
  bool tcp = false;
  bool syn = false;
};
// Nothing in it: no TCP or UDP of the packet's own connection.
StreamPayload payload_of(const Packet& packet);

// What there is to tell of a search, beside its answer.
class StreamNews {
 public:
  virtual ~StreamNews() = default;
  // The first time in this direction. `text`: what was searched, up to the occurrence's end and a little further.
  virtual void found(uint32_t pattern, uint64_t end, std::span<const uint8_t> text) = 0;
  // The first time in this direction.
  virtual void at_bound(std::string_view which) = 0;
};

// The patterns of rules that agree on how segments overlap and what a bound means. One thread.
class ConversationSearch {
 public:
  ConversationSearch(OverlapPolicy policy, bool drops_at_bound, HeldBlocks& blocks, const StreamBounds& bounds)
      : reassembler_(blocks, policy), drops_(drops_at_bound), bounds_(bounds) {}

  uint32_t add(const StreamPattern& pattern);
  // One of `shares` searches that keep to the bounds together.
  Result<void> compile(SearchLibrary library, uint32_t shares = 1);

  // `serial`: from 1, another for each packet; one packet is taken in once.
  Held held(uint32_t pattern, const Packet& packet, uint64_t serial, StreamNews& news);
  void ended(const Connection& connection);
  size_t conversations() const { return in_use_; }

 private:
  struct Side {
    HalfStream half = {};
    uint32_t first_sequence = 0;
    bool begun = false;
    bool given_up = false;
    bool told = false;             // of a bound
    uint64_t urgent = UINT64_MAX;  // offset of a byte that a receiver does not read with the others
    uint64_t last_packet = 0;      // serial number of the one taken in last
    StreamPlace* place = nullptr;
    std::unique_ptr<HttpSearch> http;
    std::vector<uint64_t> found;
  };
  struct Conversation {
    uint64_t sequence = 0;
    std::array<Side, 2> sides = {};
  };
  class Feeding;

  Conversation* conversation_of(const Connection& connection);
  void forget(uint32_t& place);
  void close(Side& side);
  bool begin(Side& side, const StreamPayload& payload, const Packet& packet);
  bool feed(Side& side, const StreamPayload& payload, StreamNews& news);
  void take(Side& side, std::span<const uint8_t> text, Feeding& feeding);
  void search(Side& side, std::span<const uint8_t> text, Feeding& feeding);
  Held at_bound(Side* side, std::string_view which, StreamNews& news);

  Reassembler reassembler_;
  bool drops_;
  StreamBounds bounds_;
  uint32_t patterns_ = 0;
  uint32_t most_ = 0;
  uint32_t most_readers_ = 0;
  PartPatterns stream_{SearchMode::Stream};
  HttpPatterns http_;
  std::vector<uint32_t> by_connection_;  // by connection number: place among conversations_, 0 for none
  std::vector<std::unique_ptr<Conversation>> conversations_;
  std::vector<uint32_t> free_;
  size_t in_use_ = 0;
  std::vector<std::unique_ptr<HttpSearch>> readers_;  // not in use
  uint32_t readers_made_ = 0;
};

}  // namespace sallyport
