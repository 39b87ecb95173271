// Sequence numbers of a connection whose helper changed lengths: what each side is shown.

#include "conntrack/sequence_shift.h"

#include <gtest/gtest.h>

#include "support/packets.h"
#include "wire/checksum.h"

namespace sallyport {
namespace {

constexpr Direction kO = Direction::Original, kR = Direction::Reply;

// Changes: at 1000 the payload grew by 3, at 2000 it shrank by 5, both said by the original side.
struct Shifted {
  Shifted() {
    connection.extra = &extra;
    add_sequence_shift(connection, kO, 1000, 3);
    add_sequence_shift(connection, kO, 2000, -5);
  }
  ConnectionExtra extra;
  Ipv4Connection connection;
};

struct ShiftCase {
  std::string_view name;
  Direction direction;
  uint32_t sequence, ack;
  uint32_t shown_sequence, shown_ack;
};
constexpr ShiftCase kCases[] = {
    // The numbers of a segment and what its receiver sees.
    {"the changed segment itself", kO, 2000, 50, 2003, 50},
    {"behind the last change", kO, 2001, 50, 1999, 50},
    {"the answer, behind", kR, 50, 2018, 50, 2020},
    {"the answer, before", kR, 50, 2003, 50, 2000},
    {"no acknowledgement of anything shifted", kR, 50, 1000, 50, 997},
};

TEST(SequenceShift, EachSideSeesItsOwnCount) {
  for (const ShiftCase& test : kCases) {
    Shifted shifted;
    Packet packet = test::tcp4("192.0.2.1:1 > 192.0.2.2:2", test::kAck, "x",
                               {.sequence = test.sequence, .acknowledgement = test.ack});
    ASSERT_TRUE(shift_sequence(packet, shifted.connection, test.direction)) << test.name;
    EXPECT_EQ(load_be32(packet.transport(20) + 4), test.shown_sequence) << test.name;
    EXPECT_EQ(load_be32(packet.transport(20) + 8), test.shown_ack) << test.name;
    EXPECT_EQ(transport_checksum_state(packet), ChecksumState::Right) << test.name;
  }
}

TEST(SequenceShift, ARepeatedChangeAddsNothing) {
  Shifted shifted;
  add_sequence_shift(shifted.connection, kO, 2000, -5);
  EXPECT_EQ(sequence_shift(shifted.connection, kO, 2001), -2);
}

struct OptionCase {
  std::string_view options, shown;
  bool passes;
};
constexpr OptionCase kOptions[] = {
    // NOP NOP SACK 2008-2018: behind the change, 2 more as its sender counts.
    {"0101050a 000007d8000007e2", "0101050a000007da000007e4", true},
    // At an odd place the checksum's words are turned round.
    {"01050a00 0007d800 0007e201", "01050a000007da000007e401", true},
    {"00000000", "00000000", true},
    {"05ff0101", "05ff0101", false},
    {"01010105", "01010105", false},
};

TEST(SequenceShift, SackBlocksFollow) {
  for (const OptionCase& test : kOptions) {
    Shifted shifted;
    Packet packet = test::tcp4("192.0.2.1:1 > 192.0.2.2:2", test::kAck, "",
                               {.sequence = 50, .acknowledgement = 1999, .options = test.options});
    EXPECT_EQ(shift_sequence(packet, shifted.connection, kR), test.passes) << test.options;
    EXPECT_EQ(test::to_hex(packet.bytes().subspan(40)), test.shown);
    EXPECT_EQ(transport_checksum_state(packet), ChecksumState::Right) << test.options;
  }
}

}  // namespace
}  // namespace sallyport
