// Building the automaton.

#include "content/aho_corasick.h"

#include <bit>
#include <utility>

namespace sallyport {

AhoCorasick::AhoCorasick(bool ignore_case) : nodes_(1), transitions_(64) {
  for (unsigned letter = 0; letter < fold_.size(); ++letter) {
    const bool small = ignore_case && letter >= 'a' && letter <= 'z';
    fold_[letter] = static_cast<uint8_t>(small ? letter - 0x20 : letter);
  }
  shift_ = 64 - std::countr_zero(transitions_.size());
}

void AhoCorasick::add(std::span<const uint8_t> pattern, uint32_t number) {
  State at = kRoot;
  for (const uint8_t byte : pattern) {
    const uint8_t letter = fold_[byte];
    State to = at == kRoot ? root_[letter] : find(at, letter);
    if (to == kRoot) {
      to = static_cast<State>(nodes_.size());
      nodes_.emplace_back();
      if (at == kRoot) {
        root_[letter] = to;
      } else {
        insert(key_of(at, letter), to);
      }
    }
    at = to;
  }
  outputs_.push_back({number, nodes_[at].outputs});
  nodes_[at].outputs = static_cast<uint32_t>(outputs_.size() - 1);
}

// Breadth first: a node's way back is known once that of its parent is.
void AhoCorasick::build() {
  std::vector<std::vector<std::pair<uint8_t, State>>> children(nodes_.size());
  for (const Transition& transition : transitions_) {
    if (transition.key == UINT64_MAX) continue;
    children[transition.key >> 8].emplace_back(static_cast<uint8_t>(transition.key), transition.to);
  }
  std::vector<State> queue;
  for (const State to : root_) {
    if (to != kRoot) queue.push_back(to);
  }
  for (size_t i = 0; i < queue.size(); ++i) {
    const State from = queue[i];
    for (const auto& [letter, to] : children[from]) {
      Node& node = nodes_[to];
      node.fall_back = next(nodes_[from].fall_back, letter);
      const Node& back = nodes_[node.fall_back];
      node.shorter = back.outputs != kNone ? node.fall_back : back.shorter;
      queue.push_back(to);
    }
  }
}

void AhoCorasick::insert(uint64_t key, State to) {
  if (++used_ * 2 > transitions_.size()) grow();
  size_t at = place_of(key);
  while (transitions_[at].key != UINT64_MAX) at = (at + 1) & (transitions_.size() - 1);
  transitions_[at] = {key, to};
}

void AhoCorasick::grow() {
  const std::vector<Transition> before = std::exchange(transitions_, std::vector<Transition>(transitions_.size() * 2));
  --shift_;
  for (const Transition& transition : before) {
    if (transition.key == UINT64_MAX) continue;
    size_t at = place_of(transition.key);
    while (transitions_[at].key != UINT64_MAX) at = (at + 1) & (transitions_.size() - 1);
    transitions_[at] = transition;
  }
}

}  // namespace sallyport
