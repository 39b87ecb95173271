// What the content match promises under attack: open streams with holes, requests whose lines never end, patterns that
// are found at every byte. Memory is weighed, work is counted in blocks, bytes and hits.

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "bounds/bounds.h"
#include "conntrack/connection_table.h"
#include "conntrack/tuple.h"
#include "content/conversation_search.h"
#include "content/http_request.h"
#include "support/packets.h"

namespace sallyport::bounds {
namespace {

constexpr SipHashKey kKey = {1, 2};
// For each conversation beside its records: the places in tables that lead to it.
constexpr uint64_t kPerConversation = 640;
constexpr uint64_t kPerReader = 2 * HttpRequestReader::kLongestLine + 1024;
constexpr uint64_t kSlack = uint64_t{8} << 20;

class Tally final : public StreamNews {
 public:
  void found(uint32_t, uint64_t, std::span<const uint8_t>) override { ++finds; }
  void at_bound(std::string_view) override { ++bounds; }
  uint64_t finds = 0;
  uint64_t bounds = 0;
};

// TCP conversations, none of which ever was greeted: each begins with the first segment that is seen.
class Conversations {
 public:
  Conversations(uint64_t count, const std::vector<StreamPattern>& patterns)
      : table_(count, kKey), blocks_(bounds_.blocks), search_(OverlapPolicy::Linux, true, blocks_, bounds_) {
    for (const StreamPattern& pattern : patterns) search_.add(pattern);
    ready_ = search_.compile(SearchLibrary::Best).has_value();
    for (uint64_t i = 0; i < count; ++i) {
      Tuple tuple;
      tuple.protocol = kTcp;
      store_be32(tuple.source.data(), 0x0a000000u + static_cast<uint32_t>(i / 50'000));
      tuple.source_id = static_cast<uint16_t>(1024 + i % 50'000);
      tuple.destination_id = 80;
      connections_.push_back(table_.create(tuple, *inverted(tuple), 0));
    }
  }

  bool ready() const { return ready_ && std::ranges::find(connections_, nullptr) == connections_.end(); }
  // The same bytes in every conversation that `asks` names; answers how often the answer was `wanted`.
  template <class Asks>
  uint64_t send(uint32_t offset, std::string_view text, Held wanted, Asks asks) {
    Packet packet = test::tcp4("192.0.2.1:1024 > 192.0.2.2:80", test::kAck, text, {.sequence = 1 + offset});
    uint64_t answered = 0;
    for (size_t i = 0; i < connections_.size(); ++i) {
      if (!asks(i)) continue;
      packet.connection = connections_[i];
      set_packet_state(packet, PacketState::Established, Direction::Original);
      const Held held = search_.held(0, packet, ++serial_, tally_);
      answered += held == wanted ? 1 : 0;
    }
    return answered;
  }
  uint64_t send(uint32_t offset, std::string_view text, Held wanted) {
    return send(offset, text, wanted, [](size_t) { return true; });
  }
  void end_all() {
    for (const Connection* connection : connections_) search_.ended(*connection);
  }

  const Tally& tally() const { return tally_; }
  uint32_t blocks() const { return blocks_.used(); }
  uint32_t most_blocks() const { return bounds_.blocks; }
  uint32_t most_readers() const { return bounds_.readers; }
  size_t open() const { return search_.conversations(); }

 private:
  StreamBounds bounds_;
  ConnectionTable table_;
  HeldBlocks blocks_;
  ConversationSearch search_;
  std::vector<Connection*> connections_;
  Tally tally_;
  uint64_t serial_ = 0;
  bool ready_ = false;
};

}  // namespace

// Each conversation has a hole of four bytes, and behind it a full segment that waits. Where there is no room for that
// the answer is Unknown, so that the sender sends again; in the end the pattern is found in every one.
bool open_streams(uint64_t count) {
  Conversations all(count, {{.bytes = "evil"}});
  if (!expect(all.ready(), "connections and patterns are made")) return false;
  const std::string behind = "il" + std::string(1398, '.');
  const uint64_t before = resident_bytes();
  const uint64_t begun = all.send(0, "GET / ev", Held::No);
  const uint64_t waiting = all.send(12, behind, Held::No);
  const uint64_t grown = resident_bytes() - before;
  const uint32_t blocks = all.blocks();
  const uint64_t refused = all.tally().bounds;
  // The hole is filled with bytes that are part of no occurrence, then all is sent once more.
  all.send(8, "....", Held::No);
  all.send(12, behind, Held::No);
  const uint64_t found = all.send(1412, "evil", Held::Yes);
  const uint32_t left = all.blocks();
  all.end_all();
  fmt::print("{} open streams with a hole: {} wait in {} blocks of 256 bytes, {} refused; {} bytes in all; {} found\n",
             count, waiting, blocks, refused, grown, found);
  return all_hold({expect(begun == count, "every conversation is taken in"),
                   expect(waiting + refused == count, "each segment waits or is refused"),
                   expect(blocks <= all.most_blocks(), "no more blocks than there may be"),
                   expect(grown <= blocks * uint64_t{256} + count * kPerConversation + kSlack,
                          "256 bytes for each block, 640 for each conversation"),
                   expect(found == count, "the pattern is found in each in the end"),
                   expect(left == 0, "then nothing waits"),
                   expect(all.open() == 0, "conversations end with their connections")});
}

// One stream of which every other byte comes: more than its share of blocks it does not get.
bool every_other_byte(uint64_t count) {
  Conversations one(1, {{.bytes = "evil"}});
  if (!expect(one.ready(), "connections and patterns are made")) return false;
  one.send(0, ".", Held::No);
  uint64_t taken = 0;
  for (uint64_t i = 1; i <= count; ++i) taken += one.send(static_cast<uint32_t>(2 * i), "x", Held::No);
  fmt::print("{} segments of one byte, a hole before each: {} wait in {} blocks, {} told of\n", count, taken,
             one.blocks(), one.tally().bounds);
  return all_hold(
      {expect(one.blocks() <= Reassembler::kMostBlocks, "one direction has 512 blocks at most, and so has its walk"),
       expect(taken < count, "the rest is refused"), expect(one.tally().bounds == 1, "which is told once")});
}

// Requests with two lines that do not end, in more conversations than there are readers. Those that get none begin
// anew with what comes once others have given theirs back.
bool endless_lines(uint64_t count) {
  Conversations all(count, {{.bytes = "evil", .scope = StreamScope::HttpUri},
                            {.bytes = "evil", .scope = StreamScope::HttpHeader, .header = "x"}});
  if (!expect(all.ready(), "connections and patterns are made")) return false;
  const std::string target = "GET /" + std::string(8000, '%') + " HTTP/1.1\r\n";
  const std::string field = "x: " + std::string(8000, '.') + "\r\n y" + std::string(5000, '.');
  const std::string more(400, '.');
  const uint64_t before = resident_bytes();
  all.send(0, target, Held::No);
  auto offset = static_cast<uint32_t>(target.size());
  all.send(offset, field, Held::No);
  offset += static_cast<uint32_t>(field.size());
  uint64_t kept = 0;
  for (int i = 0; i < 7; ++i, offset += static_cast<uint32_t>(more.size())) kept = all.send(offset, more, Held::No);
  const uint64_t grown = resident_bytes() - before;
  const uint64_t over = all.send(offset, more, Held::Unknown);
  fmt::print("{} requests with endless lines: {} read, {} bytes in all; one byte too many: {} unknown\n", count, kept,
             grown, over);
  return all_hold(
      {expect(kept == std::min<uint64_t>(count, all.most_readers()), "as many are read as there are readers"),
       expect(grown <= kept * kPerReader + count * kPerConversation + kSlack, "two lines of 8,192 bytes each"),
       expect(over == kept, "behind a line that is too long, nothing is known")});
}

// Patterns of one letter, each the beginning of the next, in a text of that letter: found at every byte, told so often.
bool pattern_flood(uint64_t bytes) {
  constexpr uint32_t kPatterns = 128;
  std::vector<SoughtPattern> patterns;
  for (uint32_t i = 1; i <= kPatterns; ++i) patterns.push_back({.bytes = std::string(i, 'a')});
  const std::vector<uint8_t> text(bytes, 'a');
  bool held = true;
  for (const SearchLibrary library : {SearchLibrary::Best, SearchLibrary::None}) {
    const auto many = ManyPatterns::compile(patterns, SearchMode::Block, library);
    if (!expect(many.has_value(), "the patterns compile")) return false;
    struct Count {
      uint64_t hits = 0;
      std::vector<bool> found = std::vector<bool>(kPatterns);
    } count;
    const auto take = [](void* context, uint32_t pattern, uint64_t) {
      auto& seen = *static_cast<Count*>(context);
      ++seen.hits;
      seen.found[pattern] = true;
    };
    (*many)->search(text, {take, &count});
    const uint64_t most = (*many)->name() == "hyperscan" ? kPatterns : bytes * kPatterns;
    fmt::print("{} patterns in {} bytes by {}: {} hits\n", kPatterns, bytes, (*many)->name(), count.hits);
    held &=
        all_hold({expect(count.hits <= most, "Hyperscan tells of each pattern once, Aho-Corasick once for each byte"),
                  expect(std::ranges::find(count.found, false) == count.found.end(), "each is found")});
  }
  return held;
}

// Targets that are worst for who takes /../ and escapes out: what comes out is never longer than what went in, and the
// second time it is no longer than the first.
bool normaliser_bombs(uint64_t length) {
  bool held = true;
  std::string once, twice;
  for (const std::string_view part :
       {"/..", "/a/..", "/./", "//", "%2e%2e%2f", "%25", "%2525", "\\..\\", "+?", "%", "/a"}) {
    std::string target = "/";
    while (target.size() < length) target += part;
    normalise_target(target, once);
    normalise_target(once, twice);
    held &= expect(once.size() <= target.size() && twice.size() <= once.size(), "a target never grows");
  }
  fmt::print("11 targets of {} bytes normalised twice\n", length);
  return held;
}

}  // namespace sallyport::bounds
