// SCTP: associations set up, used and shut down, with tags and chunks that are at times wrong.

#include "kernel/talks.h"

namespace sallyport::kernel {
namespace {

enum Chunk : uint8_t {
  kData = 0,
  kInit = 1,
  kInitAck = 2,
  kSack = 3,
  kHeartbeat = 4,
  kHeartbeatAck = 5,
  kAbort = 6,
  kShutdown = 7,
  kShutdownAck = 8,
  kError = 9,
  kCookieEcho = 10,
  kCookieAck = 11,
  kShutdownComplete = 14,
};

// Letters of a way: upper case from A, lower from B. i INIT, j INIT-ACK, e COOKIE-ECHO, c COOKIE-ACK, d DATA, s
// SHUTDOWN, t SHUTDOWN-ACK, u SHUTDOWN-COMPLETE, h HEARTBEAT, g HEARTBEAT-ACK, a ABORT, r ERROR, k SACK.
constexpr std::string_view kLetters = "ijecdstuhgark";
constexpr uint8_t kLetterChunks[] = {kInit,        kInitAck,          kCookieEcho, kCookieAck,    kData,  kShutdown,
                                     kShutdownAck, kShutdownComplete, kHeartbeat,  kHeartbeatAck, kAbort, kError,
                                     kSack};
constexpr std::string_view kWays[] = {"",       "I",        "II",     "Ij",     "IjE",     "IjEc",    "IjEcDk",
                                      "IjEcS",  "IjEcs",    "IjEcSt", "IjEcsT", "IjEcStU", "IjEcSta", "IjEcA",
                                      "H",      "Hg",       "HgD",    "T",      "IiJj",    "IiJjEc",  "IijE",
                                      "IjIjEc", "IjEcIjEc", "IjEcHg", "IjEr",   "HI",      "hGd"};

class SctpTalk {
 public:
  explicit SctpTalk(Talker& talker) : talker_(talker), draw_(talker.draw) {
    for (uint32_t& tag : tags_) tag = draw_.word() | 1;
  }

  void follow(std::string_view letters) {
    for (const char letter : letters) {
      const bool from_a = letter < 'a';
      const size_t which = kLetters.find(static_cast<char>(from_a ? letter + ('a' - 'A') : letter));
      const uint8_t from = from_a ? kA : kB;
      begin(right_tag(from, kLetterChunks[which]));
      add(from, kLetterChunks[which]);
      end(from);
    }
  }

  void say_anything() {
    const auto from = static_cast<uint8_t>(draw_.below(2));
    const uint32_t chunks = draw_.chance(80) ? 1 : draw_.below(4);
    std::vector<uint8_t> types;
    for (uint32_t i = 0; i < chunks; ++i) {
      types.push_back(draw_.chance(95) ? draw_.pick(kLetterChunks) : static_cast<uint8_t>(draw_.below(256)));
    }
    begin(draw_.chance(85) ? right_tag(from, types.empty() ? uint8_t{kData} : types.front())
                           : draw_.pick<uint32_t>({0, tags_[from], draw_.word()}));
    // The side's tag is at times another one, as after a new start.
    if (draw_.chance(10)) tags_[from] = draw_.word();
    for (const uint8_t type : types) add(from, type);
    if (draw_.chance(4)) bytes_.resize(draw_.below(static_cast<uint32_t>(bytes_.size()) + 1));
    end(from);
  }

 private:
  // What the other side chose.
  uint32_t right_tag(uint8_t from, uint8_t type) const { return type == kInit ? 0 : tags_[other_end(from)]; }

  void begin(uint32_t tag) {
    bytes_.assign(12, 0);
    store_be32(&bytes_[4], tag);
  }

  void add(uint8_t from, uint8_t type) {
    const bool chooses = type == kInit || type == kInitAck;
    const size_t at = bytes_.size();
    const uint16_t body = chooses ? 16 : draw_.pick<uint16_t>({0, 0, 4, 8, 9, 60});
    const uint16_t length = draw_.chance(3) ? draw_.pick<uint16_t>({0, 1, 3, 5, 400}) : static_cast<uint16_t>(4 + body);
    bytes_.resize(at + ((4u + body + 3) & ~3u), 0);
    bytes_[at] = type;
    bytes_[at + 1] = draw_.chance(20) ? 1 : 0;
    store_be16(&bytes_[at + 2], length);
    if (chooses) store_be32(&bytes_[at + 4], tags_[from]);
  }

  void end(uint8_t from) {
    if (bytes_.size() >= 4) {
      store_be16(&bytes_[0], talker_.ports[from]);
      store_be16(&bytes_[2], talker_.ports[other_end(from)]);
    }
    talker_.say_ip(from, kSctp, bytes_);
  }

  Talker& talker_;
  Draw& draw_;
  std::array<uint32_t, 2> tags_ = {};
  std::vector<uint8_t> bytes_;
};

}  // namespace

void talk_sctp(Talker& talker) {
  SctpTalk talk(talker);
  talk.follow(talker.draw.pick(kWays));
  const uint32_t more = talker.draw.below(10);
  for (uint32_t i = 0; i < more; ++i) {
    talk.say_anything();
    if (talker.draw.chance(5)) talker.say_error();
  }
}

}  // namespace sallyport::kernel
