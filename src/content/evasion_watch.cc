// Evasions: what the stream holds and no rule saw.

#include "content/evasion_watch.h"

#include <algorithm>
#include <string>

#include "content/boyer_moore.h"
#include "content/content_event.h"

namespace sallyport {

// Each pattern is looked for twice: even numbers in the stream, odd ones in requests' targets.
void EvasionWatch::add(Family family, std::unique_ptr<Match> match, const StreamPattern& pattern) {
  StreamPattern in_target = pattern;
  in_target.scope = StreamScope::HttpUri;
  search_.add(pattern);
  search_.add(in_target);
  rules_.push_back({family, std::move(match), pattern});
}

class EvasionWatch::News final : public StreamNews {
 public:
  News(EvasionWatch& self, Flow& flow, const Packet& packet, HookContext& context)
      : self_(self), flow_(flow), packet_(packet), context_(context) {}
  void found(uint32_t pattern, uint64_t end, std::span<const uint8_t> text) override {
    self_.tell(flow_, pattern / 2, pattern % 2 != 0, end, text, packet_, context_);
  }
  void at_bound(std::string_view) override {}

 private:
  EvasionWatch& self_;
  Flow& flow_;
  const Packet& packet_;
  HookContext& context_;
};

Verdict EvasionWatch::handle(Packet& packet, HookContext& context) {
  if (rules_.empty() || packet.connection == nullptr) return Verdict::accept();
  const StreamPayload payload = payload_of(packet);
  if (payload.bytes.empty() && !payload.syn) return Verdict::accept();
  Flow& flow = flows_[packet.connection->sequence][index(packet_direction(packet))];
  if (flow.met.empty()) {
    for (const Rule& rule : rules_) flow.met.push_back(rule.family != packet.family);
  }
  note(flow, packet, payload);
  for (size_t rule = 0; rule < rules_.size(); ++rule) {
    if (!flow.met[rule] && rules_[rule].match->matches(packet, context)) flow.met[rule] = true;
  }
  News news(*this, flow, packet, context);
  search_.held(0, packet, ++serial_, news);
  return Verdict::accept();
}

void EvasionWatch::ended(const Connection& connection) {
  search_.ended(connection);
  flows_.erase(connection.sequence);
}

void EvasionWatch::note(Flow& flow, const Packet& packet, const StreamPayload& payload) {
  flow.fragments = flow.fragments || !packet.later_fragments.empty();
  if (!payload.tcp) return;
  const uint32_t begin = payload.sequence + (payload.syn ? 1 : 0);
  const uint32_t end = begin + static_cast<uint32_t>(payload.bytes.size());
  const auto ahead = flow.begun ? static_cast<int32_t>(begin - flow.next_sequence) : 0;
  if (ahead > 0) {
    flow.order = true;
    if (flow.holes.size() < kMostHoles) {
      flow.holes.push_back({flow.next_sequence, begin});
    } else {
      flow.holes_forgotten = true;
    }
  } else if (ahead < 0 && !payload.bytes.empty()) {
    fill(flow, begin, end);
  }
  if (!flow.begun || static_cast<int32_t>(end - flow.next_sequence) > 0) flow.next_sequence = end;
  flow.begun = true;
}

// A segment that fits into a hole comes late; one that does not says again what was said.
void EvasionWatch::fill(Flow& flow, uint32_t begin, uint32_t end) {
  const auto hole =
      std::ranges::find_if(flow.holes, [&](const Hole& each) { return begin - each.begin < each.end - each.begin; });
  if (hole == flow.holes.end()) {
    flow.overlap = flow.overlap || !flow.holes_forgotten;
    return;
  }
  const Hole whole = *hole;
  flow.holes.erase(hole);
  const bool longer = static_cast<int32_t>(end - whole.end) > 0;
  flow.overlap = flow.overlap || longer;
  if (begin != whole.begin) flow.holes.push_back({whole.begin, begin});
  if (!longer && end != whole.end) flow.holes.push_back({end, whole.end});
}

// The first way to look for that fits is told, then how the flow was cut.
void EvasionWatch::tell(Flow& flow, uint32_t rule, bool decoded, uint64_t end, std::span<const uint8_t> text,
                        const Packet& packet, HookContext& context) {
  if (flow.met[rule]) return;
  flow.met[rule] = true;
  ++found_;
  const StreamPattern& pattern = rules_[rule].pattern;
  const BoyerMoore search({reinterpret_cast<const uint8_t*>(pattern.bytes.data()), pattern.bytes.size()},
                          pattern.ignore_case);
  const bool in_one = search.find(text) != BoyerMoore::kNowhere;
  std::string split = decoded          ? "encoding"
                      : !in_one        ? "segments"
                      : flow.fragments ? "fragments"
                      : flow.overlap   ? "overlap"
                                       : "place";  // one packet holds it, where the rule does not look
  if (!decoded && !in_one && flow.fragments) split += ", fragments";
  if (!decoded && flow.order) split += ", order";
  if (!decoded && flow.overlap && !in_one) split += ", overlap";
  std::string buffer;
  emit_evasion(pattern, end, split, excerpt_of(pattern, text, buffer), packet, context);
}

}  // namespace sallyport
