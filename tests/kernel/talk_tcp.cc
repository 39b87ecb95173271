// TCP: a connection is brought to a state of the table on purpose, then says what it should not, too.

#include <span>
#include <string_view>

#include "kernel/talks.h"

namespace sallyport::kernel {
namespace {

using namespace test;

// Letters of a way: upper case from A, lower from B. s SYN, a SYN-ACK, f FIN, k ACK, d data, r RST.
constexpr std::string_view kToNone[] = {"", "SaR", "SR"};
constexpr std::string_view kToSynSent[] = {"S", "SS", "Sk"};
constexpr std::string_view kToSynSent2[] = {"Ss", "SsS", "Sss"};
constexpr std::string_view kToSynRecv[] = {"Sa", "SsA", "Sas", "Ssa"};
constexpr std::string_view kToEstablished[] = {"SaK", "K", "Kk", "SaKDkdK", "SaKD", "SaKS", "SsAa", "SaKFfKkSaK"};
constexpr std::string_view kToFinWait[] = {"SaKF", "SaKf", "SaF"};
constexpr std::string_view kToCloseWait[] = {"SaKFk", "SaKfK"};
constexpr std::string_view kToLastAck[] = {"SaKFkf", "SaKFf", "SaKfKF", "SaKFkfS"};
constexpr std::string_view kToTimeWait[] = {"SaKFkfK", "SaKfFk", "SaKfKFk"};
constexpr std::string_view kToClose[] = {"SaKR", "SaKr", "SaKFkR", "SaKFkfKR", "SaKFkfKS", "SaKRS"};

// By which state they lead to; a state that few conversations pass through on their way to others, or whose entry most
// segments end, weighs more.
struct Ways {
  uint32_t weight;
  std::span<const std::string_view> ways;
};
constexpr Ways kWays[] = {{4, kToNone},         {7, kToSynSent},  {16, kToSynSent2}, {11, kToSynRecv},
                          {12, kToEstablished}, {12, kToFinWait}, {9, kToCloseWait}, {10, kToLastAck},
                          {12, kToTimeWait},    {7, kToClose}};

constexpr uint32_t whole_weight() {
  uint32_t sum = 0;
  for (const Ways& ways : kWays) sum += ways.weight;
  return sum;
}
static_assert(whole_weight() == 100);

std::string_view random_way(Draw& draw) {
  uint32_t which = draw.below(whole_weight());
  for (const Ways& ways : kWays) {
    if (which < ways.weight) return draw.pick(ways.ways);
    which -= ways.weight;
  }
  return {};
}

// One of each kind that the state table knows.
constexpr uint8_t kKinds[] = {kSyn, kSyn | kAck, kFin | kAck, kAck, kRst};

// What comes behind, by weight.
constexpr uint8_t kLater[] = {kSyn,        kSyn,        kSyn | kAck, kSyn | kAck, kSyn | kAck, kAck,       kAck,
                              kAck | kPsh, kAck | kPsh, kFin | kAck, kFin | kAck, kRst,        kRst | kAck};
constexpr uint8_t kOdd[] = {
    kFin, 0, kSyn | kFin, kAck | kUrg, kSyn | kUrg, kSyn | kEce | kCwr, kFin | kPsh | kUrg, kRst | kSyn};

class TcpTalk {
 public:
  explicit TcpTalk(Talker& talker) : talker_(talker), draw_(talker.draw) {
    syn_options_ = draw_.pick<std::string_view>({"", "020405b4", "020405b40402080a00000001000000000103030701",
                                                 "0303070001010101", "04020101", "030e0001", "0303ff00"});
  }

  void follow(std::string_view letters) {
    for (const char letter : letters) {
      constexpr std::string_view kLetters = "safkdr";
      constexpr uint8_t kFlags[] = {kSyn, kSyn | kAck, kFin | kAck, kAck, kAck | kPsh, kRst};
      const bool from_a = letter < 'a';
      const size_t which = kLetters.find(static_cast<char>(from_a ? letter + ('a' - 'A') : letter));
      const uint8_t from = from_a ? kA : kB;
      TcpFields fields = exact(from, kFlags[which]);
      // A SYN that is said again keeps its number, or is of a new connection.
      if (kFlags[which] == kSyn && begun_[from] && draw_.chance(70)) fields.sequence = talker_.next[from] - 1;
      tell(from, kFlags[which], letter == 'd' || letter == 'D' ? 100 : 0, fields);
    }
  }

  // One cell of the table: a segment of any kind from either end, mostly with right numbers.
  void say_kind() {
    const auto from = static_cast<uint8_t>(draw_.below(2));
    const uint8_t flags = draw_.pick(kKinds);
    TcpFields fields = exact(from, flags);
    if (draw_.chance(25)) fields.sequence = talker_.displaced(fields.sequence);
    tell(from, flags, 0, fields);
  }

  void say_anything() {
    const auto from = static_cast<uint8_t>(draw_.below(2));
    const uint8_t flags = draw_.chance(92) ? draw_.pick(kLater) : draw_.pick(kOdd);
    TcpFields fields = exact(from, flags);
    fields.sequence = talker_.displaced(fields.sequence);
    fields.acknowledgement = talker_.displaced(fields.acknowledgement);
    fields.window = draw_.pick<uint16_t>({0, 1, 500, 8192, 29200, 65535, 65535});
    if ((flags & kSyn) == 0 && draw_.chance(15)) fields.options = draw_.pick(kSackAndStamp);
    tell(from, flags, (flags & (kSyn | kRst)) == 0 ? draw_.pick<uint16_t>({0, 0, 0, 1, 100, 1000}) : uint16_t{0},
         fields);
  }

 private:
  // A stamp, a later one that is older, selective acknowledgements; then stamps that are cut off, empty or too long.
  static constexpr std::string_view kSackAndStamp[] = {"0101080a0000000100000001",
                                                       "0101080affffffff00000000",
                                                       "0101050a0000006400000200",
                                                       "0101080a00000001",
                                                       "08000101",
                                                       "08010101",
                                                       "0802080c0000000100000001",
                                                       "0101080a0000000100000001050a0000"};

  TcpFields exact(uint8_t from, uint8_t flags) const {
    TcpFields fields = {.sequence = talker_.next[from], .window = 65535};
    if ((flags & kAck) != 0) fields.acknowledgement = talker_.next[other_end(from)];
    if ((flags & kSyn) != 0) fields.options = syn_options_;
    return fields;
  }

  void tell(uint8_t from, uint8_t flags, uint16_t length, const TcpFields& fields) {
    const bool counts = (flags & (kSyn | kFin)) != 0;
    if (fields.sequence == talker_.next[from]) talker_.next[from] += length + (counts ? 1u : 0u);
    begun_[from] |= counts;
    talker_.say_tcp(from, talker_.flow(from), flags, std::string(length, 'x'), fields);
  }

  Talker& talker_;
  Draw& draw_;
  std::string_view syn_options_;
  std::array<bool, 2> begun_ = {};
};

}  // namespace

void talk_tcp(Talker& talker) {
  TcpTalk talk(talker);
  talk.follow(random_way(talker.draw));
  talk.say_kind();
  const uint32_t more = talker.draw.between(1, 10);
  for (uint32_t i = 0; i < more; ++i) {
    talk.say_anything();
    if (talker.draw.chance(6)) talker.say_error();
  }
}

}  // namespace sallyport::kernel
