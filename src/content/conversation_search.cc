// What is kept of conversations.

#include "content/conversation_search.h"

#include <algorithm>

#include "sallyport/bytes.h"

namespace sallyport {
namespace {

constexpr uint32_t kTcpHeader = 20, kUdpHeader = 8;
constexpr uint8_t kSynFlag = 0x02, kUrgentFlag = 0x20;

std::span<const uint8_t> bytes_from(const Packet& packet, uint32_t offset) {
  const uint32_t end = std::min(packet.captured(), packet.length);
  return offset < end ? packet.bytes().subspan(offset, end - offset) : std::span<const uint8_t>{};
}

// Where the receiver says that it is, that is where the stream goes on; else where the first packet seen begins.
uint32_t first_sequence_of(const StreamPayload& payload, const Packet& packet) {
  if (payload.syn) return payload.sequence + 1;
  const Connection& connection = *packet.connection;
  const uint32_t wanted = connection.tcp.seen[index(opposite(packet_direction(packet)))].max_ack;
  const uint32_t ahead = payload.sequence - wanted;
  const uint32_t behind = wanted - payload.sequence;
  const bool near = std::min(ahead, behind) < Reassembler::kFarthest;
  return wanted != 0 && near ? wanted : payload.sequence;
}

}  // namespace

StreamPayload payload_of(const Packet& packet) {
  const Connection* connection = packet.connection;
  if (connection == nullptr || connection->protocol != packet.protocol) return {};
  if (packet.protocol == kTcp) {
    const uint8_t* header = packet.transport(kTcpHeader);
    const uint32_t size = header == nullptr ? 0 : (header[12] >> 4) * 4u;
    if (size < kTcpHeader) return {};
    return {.bytes = bytes_from(packet, packet.transport_offset + size),
            .sequence = load_be32(header + 4),
            .urgent = (header[13] & kUrgentFlag) != 0 ? load_be16(header + 18) : uint16_t{0},
            .tcp = true,
            .syn = (header[13] & kSynFlag) != 0};
  }
  if ((packet.protocol == kUdp || packet.protocol == kUdplite) && packet.transport(kUdpHeader) != nullptr) {
    return {.bytes = bytes_from(packet, packet.transport_offset + kUdpHeader)};
  }
  return {};
}

uint32_t ConversationSearch::add(const StreamPattern& pattern) {
  if (pattern.scope == StreamScope::Stream) {
    stream_.add(pattern, patterns_);
    http_.header_of.resize(patterns_ + size_t{1});
  } else {
    http_.add(pattern, patterns_);
  }
  return patterns_++;
}

Result<void> ConversationSearch::compile(SearchLibrary library, uint32_t shares) {
  if (auto done = stream_.compile(library); !done) return done;
  if (auto done = http_.compile(library); !done) return done;
  const size_t words = (patterns_ + 63) / 64;
  const size_t each = sizeof(Conversation) + 2 * (stream_.place_bytes() + words * sizeof(uint64_t));
  most_ = static_cast<uint32_t>(std::min<uint64_t>(bounds_.conversations, bounds_.conversation_bytes / each) / shares);
  most_readers_ =
      static_cast<uint32_t>(std::min<uint64_t>(bounds_.readers, bounds_.reader_bytes / http_.reader_bytes()) / shares);
  conversations_.push_back(nullptr);
  return {};
}

// Tells of what was found and keeps it.
class ConversationSearch::Feeding final : public PatternHits {
 public:
  Feeding(Side& side, StreamNews& news) : side_(side), news_(news) {}
  void hit(uint32_t pattern, uint64_t end, std::span<const uint8_t> text) override {
    uint64_t& word = side_.found[pattern / 64];
    const uint64_t bit = uint64_t{1} << (pattern % 64);
    if ((word & bit) != 0) return;
    word |= bit;
    news_.found(pattern, end, text);
  }
  bool whole = true;  // the HTTP reader had room for every line

 private:
  Side& side_;
  StreamNews& news_;
};

Held ConversationSearch::held(uint32_t pattern, const Packet& packet, uint64_t serial, StreamNews& news) {
  const StreamPayload payload = payload_of(packet);
  if (payload.bytes.empty() && !payload.syn) return Held::NoData;
  Conversation* const conversation = conversation_of(*packet.connection);
  if (conversation == nullptr) return at_bound(nullptr, "conversations", news);
  Side& side = conversation->sides[index(packet_direction(packet))];
  if (!side.begun && !begin(side, payload, packet)) return at_bound(&side, "readers", news);
  if (side.last_packet != serial && !side.given_up && !feed(side, payload, news)) {
    return at_bound(&side, "segments", news);
  }
  side.last_packet = serial;
  if (payload.bytes.empty()) return Held::NoData;
  if ((side.found[pattern / 64] >> (pattern % 64) & 1) != 0) return Held::Yes;
  return side.given_up ? at_bound(&side, "lines", news) : Held::No;
}

ConversationSearch::Conversation* ConversationSearch::conversation_of(const Connection& connection) {
  if (by_connection_.size() <= connection.number) by_connection_.resize((connection.number / 1024 + 1) * size_t{1024});
  uint32_t& place = by_connection_[connection.number];
  if (place != 0 && conversations_[place]->sequence == connection.sequence) return conversations_[place].get();
  if (place != 0) forget(place);
  if (in_use_ == most_) return nullptr;
  ++in_use_;
  if (free_.empty()) {
    place = static_cast<uint32_t>(conversations_.size());
    conversations_.push_back(std::make_unique<Conversation>());
    free_.reserve(conversations_.size());
  } else {
    place = free_.back();
    free_.pop_back();
  }
  Conversation& conversation = *conversations_[place];
  conversation.sequence = connection.sequence;
  for (Side& side : conversation.sides) side.found.assign((patterns_ + 63) / 64, 0);
  return &conversation;
}

void ConversationSearch::ended(const Connection& connection) {
  if (connection.number >= by_connection_.size()) return;
  uint32_t& place = by_connection_[connection.number];
  if (place != 0 && conversations_[place]->sequence == connection.sequence) forget(place);
}

void ConversationSearch::forget(uint32_t& place) {
  for (Side& side : conversations_[place]->sides) {
    close(side);
    side.half = {};
    side.begun = side.given_up = side.told = false;
    side.urgent = UINT64_MAX;
    side.last_packet = 0;
  }
  free_.push_back(place);
  place = 0;
  --in_use_;
}

void ConversationSearch::close(Side& side) {
  reassembler_.clear(side.half);
  stream_.end(side.place);
  if (side.http == nullptr) return;
  side.http->reset();
  readers_.push_back(std::move(side.http));
}

bool ConversationSearch::begin(Side& side, const StreamPayload& payload, const Packet& packet) {
  if (!http_.empty() && packet_direction(packet) == Direction::Original) {
    if (readers_.empty()) {
      if (readers_made_ == most_readers_) return false;
      ++readers_made_;
      readers_.push_back(std::make_unique<HttpSearch>(http_));
    }
    side.http = std::move(readers_.back());
    readers_.pop_back();
  }
  side.place = stream_.begin();
  side.begun = true;
  if (payload.tcp) side.first_sequence = first_sequence_of(payload, packet);
  return true;
}

bool ConversationSearch::feed(Side& side, const StreamPayload& payload, StreamNews& news) {
  Feeding feeding(side, news);
  const auto take_text = [&](std::span<const uint8_t> text) { take(side, text, feeding); };
  if (payload.tcp) {
    const uint32_t sequence = payload.sequence + (payload.syn ? 1 : 0);
    const auto expected = static_cast<uint32_t>(side.first_sequence + side.half.next);
    const int64_t offset = static_cast<int64_t>(side.half.next) + static_cast<int32_t>(sequence - expected);
    const uint64_t before = offset < 0 ? static_cast<uint64_t>(-offset) : 0;
    if (before >= payload.bytes.size() || offset > static_cast<int64_t>(side.half.next + Reassembler::kFarthest))
      return true;
    const auto begin = static_cast<uint64_t>(std::max<int64_t>(offset, 0));
    if (payload.urgent != 0) side.urgent = static_cast<uint64_t>(offset + payload.urgent - 1);
    if (!reassembler_.add(side.half, begin, payload.bytes.subspan(before), take_text)) return false;
  } else {
    side.half.next += payload.bytes.size();
    take_text(payload.bytes);
  }
  if (!feeding.whole) {
    side.given_up = true;
    close(side);
  }
  return true;
}

// An urgent byte is not part of what the receiver reads: a letter so marked within a pattern would hide it.
void ConversationSearch::take(Side& side, std::span<const uint8_t> text, Feeding& feeding) {
  const uint64_t begin = side.half.next - text.size();
  if (side.urgent < begin || side.urgent >= side.half.next) return search(side, text, feeding);
  const auto before = static_cast<size_t>(side.urgent - begin);
  search(side, text.first(before), feeding);
  search(side, text.subspan(before + 1), feeding);
}

void ConversationSearch::search(Side& side, std::span<const uint8_t> text, Feeding& feeding) {
  stream_.feed(side.place, text, feeding);
  if (side.http != nullptr && feeding.whole) feeding.whole = side.http->feed(text, feeding);
}

// `side` null: there is none to remember it in.
Held ConversationSearch::at_bound(Side* side, std::string_view which, StreamNews& news) {
  if (side == nullptr || !side->told) news.at_bound(which);
  if (side == nullptr) return Held::Unknown;
  side->told = true;
  if (!drops_ && !side->given_up) {
    side->begun = side->given_up = true;
    close(*side);
  }
  return Held::Unknown;
}

}  // namespace sallyport
