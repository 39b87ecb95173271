// Patterns that rules look for. A match asks for its pattern while the rules are compiled; whoever made the set looks
// for all of them at once, and the match reads its answer while rules are walked.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string>
#include <vector>

#include "sallyport/packet.h"
#include "sallyport/result.h"

namespace sallyport {

struct HookContext;

// A pattern in a packet: some of its bytes.
struct PacketPattern {
  std::string bytes = {};
  bool ignore_case = false;  // of ASCII letters
  uint32_t from = 0;         // an occurrence lies whole in [from, to), counted from the IP header's first byte
  uint32_t to = UINT32_MAX;
  bool operator==(const PacketPattern&) const = default;
};

// All patterns of one table. Searches a packet at most once between two calls of forget(), and not at all unless it is
// asked. One thread.
class PatternSet {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;  // no pattern's number

  virtual ~PatternSet() = default;

  // While rules are compiled: the number by which the pattern is asked for. Numbers go up one by one.
  virtual uint32_t add(const PacketPattern& pattern) = 0;
  // Whether the set answers for this packet. It does for none where searching one by one is faster, which is settled
  // before the first packet; and it knows no end of a pattern's window beyond that of most packets.
  bool answers(const Packet& packet) const { return answers_ && packet.captured() <= UINT16_MAX; }
  // From now on another packet is asked about, or the bytes of this one have changed.
  void forget() { searched_ = false; }
  // Never throws, never allocates once warm.
  bool holds(uint32_t pattern, const Packet& packet) {
    look(packet);
    return (found_[pattern / 64] >> (pattern % 64) & 1) != 0;
  }
  // The first pattern of [from, to) that the packet holds; `to` where it holds none.
  uint32_t first_held(uint32_t from, uint32_t to, const Packet& packet) {
    look(packet);
    if (!any_found_) return to;
    uint64_t rest = found_[from / 64] >> (from % 64) << (from % 64);
    for (uint32_t word = from / 64;; rest = found_[word]) {
      if (rest != 0) return std::min(to, word * 64 + static_cast<uint32_t>(std::countr_zero(rest)));
      if (++word * 64 >= to) return to;
    }
  }

 protected:
  // Sets the bit of each pattern in `packet`, and clears those of all others; says whether there is any.
  virtual bool search(const Packet& packet) = 0;

  bool answers_ = false;
  std::vector<uint64_t> found_;

 private:
  void look(const Packet& packet) {
    if (searched_) return;
    any_found_ = search(packet);
    searched_ = true;
  }

  bool searched_ = false;
  bool any_found_ = false;
};

// Where in a conversation a pattern is looked for.
enum class StreamScope : uint8_t { Stream, HttpUri, HttpHeader, HttpBody };
// Whose bytes are kept where segments that wait for earlier ones overlap (Novak and Sturges, 2007).
enum class OverlapPolicy : uint8_t { Linux, First, Last, Bsd, Windows };

struct StreamPattern {
  std::string bytes = {};  // or, with `regex`, an expression
  bool ignore_case = false;
  bool regex = false;
  StreamScope scope = StreamScope::Stream;
  OverlapPolicy policy = OverlapPolicy::Linux;
  bool drops_at_bound = true;  // what the rule does with the answer Unknown
  std::string header = {};     // HttpHeader: its name in lower case
  uint64_t from = 0;           // an occurrence lies whole in [from, to) of the stream, the address or the body
  uint64_t to = UINT64_MAX;
  std::string_view table = {};  // the rule's place, for events
  std::string_view chain = {};
  uint32_t line = 0;
};

enum class Held : uint8_t {
  No,
  Yes,
  Unknown,  // what had to be kept for an answer is beyond a bound
  NoData,   // the packet has no payload, or no conversation
};

// Patterns in the two directions of conversations: reassembled TCP, the datagrams of UDP one behind the other.
class StreamPatterns {
 public:
  virtual ~StreamPatterns() = default;
  // While rules are compiled. The error says what is wrong with an expression.
  virtual Result<uint32_t> add(const StreamPattern& pattern) = 0;
  // Takes the packet's payload into its stream, once. Yes: this direction held the pattern, in this packet or before.
  // No: not so far.
  virtual Held held(uint32_t pattern, const Packet& packet, HookContext& context) = 0;
};

}  // namespace sallyport
