// Tells in which flows rules of -m string missed what the stream held. It stands behind connection tracking, sees every
// packet, and changes nothing. For reports: it runs every such rule on every packet.
#pragma once

#include <array>
#include <memory>
#include <unordered_map>
#include <vector>

#include "content/conversation_search.h"
#include "sallyport/match.h"

namespace sallyport {

// One thread.
class EvasionWatch final : public HookModule {
 public:
  EvasionWatch() : blocks_(bounds_.blocks), search_(OverlapPolicy::Linux, false, blocks_, bounds_) {}

  // A rule: the family whose packets it sees, its own match, and the pattern that it looks for.
  void add(Family family, std::unique_ptr<Match> match, const StreamPattern& pattern);
  // Once all are added.
  Result<void> compile() { return search_.compile(SearchLibrary::Best); }
  bool empty() const { return rules_.empty(); }

  std::string_view name() const override { return "evasions"; }
  Verdict handle(Packet& packet, HookContext& context) override;
  void ended(const Connection& connection);

  uint64_t found() const { return found_; }

 private:
  class News;
  struct Rule {
    Family family;
    std::unique_ptr<Match> match;
    StreamPattern pattern;
  };
  // Sequence numbers, the end not among them.
  struct Hole {
    uint32_t begin;
    uint32_t end;
  };
  // Of one direction.
  struct Flow {
    std::vector<bool> met;  // by rule: it matched a packet, or its evasion was told, or it is the other family's
    uint32_t next_sequence = 0;
    bool begun = false;
    bool order = false, overlap = false, fragments = false;
    std::vector<Hole> holes = {};  // what was left out so far
    bool holes_forgotten = false;  // there were more than are kept: no more is said of overlaps
  };

  static constexpr size_t kMostHoles = 64;

  static void note(Flow& flow, const Packet& packet, const StreamPayload& payload);
  static void fill(Flow& flow, uint32_t begin, uint32_t end);
  void tell(Flow& flow, uint32_t rule, bool decoded, uint64_t end, std::span<const uint8_t> text, const Packet& packet,
            HookContext& context);

  StreamBounds bounds_;
  HeldBlocks blocks_;
  ConversationSearch search_;
  std::vector<Rule> rules_;
  std::unordered_map<uint64_t, std::array<Flow, 2>> flows_;  // by the connection's sequence
  uint64_t serial_ = 0;
  uint64_t found_ = 0;
};

}  // namespace sallyport
