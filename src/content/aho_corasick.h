// Aho and Corasick's automaton (1975): all patterns in one pass, in pieces if need be. What serves where Hyperscan
// does not.
//
// For patterns of m bytes in all and a text of n with z hits: O(m) to prepare, O(n + z) to search whatever text and
// patterns are. Memory: about 40 bytes for each byte of the patterns that is not a prefix shared with another.
// Transitions lie in one hash table, those of the root in an array, because most of a text never leaves it.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace sallyport {

// Immutable once built; any number of threads.
class AhoCorasick {
 public:
  // Where a text stands: how much of which pattern it ends with. 0 at its beginning.
  using State = uint32_t;

  explicit AhoCorasick(bool ignore_case);

  // `number` is what hits are reported by. Before build().
  void add(std::span<const uint8_t> pattern, uint32_t number);
  void build();
  bool empty() const { return outputs_.empty(); }

  // Calls hit(number, end) for each occurrence that ends with the first `end` bytes of `text`; goes on from `state`.
  template <class Hit>
  void search(std::span<const uint8_t> text, State& state, Hit hit) const {
    State at = state;
    for (size_t i = 0; i < text.size(); ++i) {
      at = next(at, fold_[text[i]]);
      for (State with = nodes_[at].outputs != kNone ? at : nodes_[at].shorter; with != kRoot;
           with = nodes_[with].shorter) {
        for (uint32_t o = nodes_[with].outputs; o != kNone; o = outputs_[o].next) hit(outputs_[o].number, i + 1);
      }
    }
    state = at;
  }

 private:
  static constexpr State kRoot = 0;
  static constexpr uint32_t kNone = UINT32_MAX;

  struct Node {
    State fall_back = kRoot;   // the longest proper suffix that is a prefix of some pattern
    State shorter = kRoot;     // the nearest one on the way back that has outputs
    uint32_t outputs = kNone;  // patterns that end here: index of the first
  };
  struct Output {
    uint32_t number = 0;
    uint32_t next = kNone;
  };
  struct Transition {
    uint64_t key = UINT64_MAX;
    State to = kRoot;
  };

  static uint64_t key_of(State from, uint8_t letter) { return static_cast<uint64_t>(from) << 8 | letter; }
  size_t place_of(uint64_t key) const { return (key * 0x9e3779b97f4a7c15u) >> shift_; }
  // kRoot: there is none.
  State find(State from, uint8_t letter) const {
    const uint64_t key = key_of(from, letter);
    for (size_t at = place_of(key);; at = (at + 1) & (transitions_.size() - 1)) {
      if (transitions_[at].key == key) return transitions_[at].to;
      if (transitions_[at].key == UINT64_MAX) return kRoot;
    }
  }
  State next(State at, uint8_t letter) const {
    while (at != kRoot) {
      if (const State to = find(at, letter); to != kRoot) return to;
      at = nodes_[at].fall_back;
    }
    return root_[letter];
  }
  void insert(uint64_t key, State to);
  void grow();

  std::array<uint8_t, 256> fold_ = {};
  std::array<State, 256> root_ = {};
  std::vector<Node> nodes_;
  std::vector<Output> outputs_;
  std::vector<Transition> transitions_;
  size_t used_ = 0;
  int shift_ = 0;
};

}  // namespace sallyport
