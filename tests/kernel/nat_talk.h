// Two hosts that talk through NAT, each of which knows only what reached it, in its own addresses and sequence numbers.
//
// What one says of itself the other hears written anew. A segment that grew on its way shifts all that follows; what is
// repeated, or acknowledged from before it, must be shifted as it was the first time.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/draw.h"
#include "kernel/observed.h"
#include "support/packets.h"

namespace sallyport::kernel {

// How often something was met, by name.
class Tally {
 public:
  void count(std::string_view what) { ++counts_.try_emplace(std::string(what)).first->second; }
  uint64_t of(std::string_view what) const {
    const auto found = counts_.find(what);
    return found != counts_.end() ? found->second : 0;
  }

 private:
  std::map<std::string, uint64_t, std::less<>> counts_;
};

// What all conversations of a table share.
struct NatWire {
  Draw& draw;
  Tally& tally;
  // Sends a packet through both sides, and tells what left on both; nothing where nothing did. `same` turns false where
  // the sides differ.
  std::function<std::optional<Seen>(const Input& input, bool& same)> pass;
  bool same = true;
  // The rules have ended the connection: nothing more is sent.
  bool over = false;
  // The rules may lead several places to one.
  bool gathers = false;
};

// One of the two, as it sees their conversation.
struct Speaker {
  uint8_t interface = 0;
  IpAddress own = {}, peer = {};
  uint16_t own_port = 0, peer_port = 0;
  uint32_t next = 0;                  // the sequence number that it sends next
  uint32_t received = 0;              // that it expects next
  std::string heard = {};             // the payload that reached it last
  std::vector<Input> sent = {};       // what it has said, to be repeated
  std::vector<uint32_t> begins = {};  // of the segments that reached it: the stuff of selective acknowledgements
};

class NatTalk {
 public:
  // It outlives this.
  explicit NatTalk(NatWire& over) : wire(over), draw(over.draw) {}

  NatWire& wire;
  Draw& draw;
  std::array<Speaker, 2> speakers = {};  // who began, and whom that reached

  // Who begins knows whom it addresses; the other is made of what reached it. False: it did not come to be.
  bool connect(const Speaker& first);
  bool begin_udp(const Speaker& first, std::string_view text);
  // What reaches the other is what it `heard`; empty: it was lost.
  void say_udp(uint8_t from, std::string_view text);
  // False: it did not reach the other.
  bool say_gre(uint8_t from, const test::Bytes& bytes);
  // At times in two pieces, or lost.
  void say(uint8_t from, std::string_view text);
  void acknowledge(uint8_t from);
  // Something that it has said comes again.
  void repeat(uint8_t from);

 private:
  Packet tcp(const Speaker& from, uint8_t flags, std::string_view text, std::string_view options = {}) const;
  Packet udp(const Speaker& from, std::string_view text) const;
  void say_segment(uint8_t from, uint8_t flags, std::string_view text, bool lost);
  bool meet(const Speaker& first, const Packet& packet);
  std::optional<Seen> put(const Speaker& from, const Packet& packet);
  std::string blocks_of(const Speaker& who) const;
};

}  // namespace sallyport::kernel
