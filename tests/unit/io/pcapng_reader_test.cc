#include <gtest/gtest.h>

#include <algorithm>

#include "unit/io/capture_bytes.h"

namespace sallyport::test {
namespace {

const Bytes kPacket = {1, 2, 3, 4, 5, 6, 7};

uint64_t microseconds(uint64_t seconds) { return seconds * 1'000'000; }

TEST(PcapngReader, ReadsSectionsOfBothByteOrdersEachWithItsInterfaces) {
  CaptureBytes file;
  file.section().interface("wan").interface("lan", 113).packet(1, microseconds(1), kPacket);
  file.set_order(Order::Big);
  file.section().interface("dmz", 101).packet(0, microseconds(2), kPacket, file.body(), 500);
  const ReadCapture capture = read_mapped(file.bytes());
  EXPECT_EQ(capture.refusal + capture.damage, "");
  EXPECT_EQ(capture.names, (std::vector<std::string>{"wan", "lan", "dmz"}));
  const std::vector<ReadFrame> expected = {
      {.bytes = kPacket, .original_length = 7, .interface = 1, .time = 1 * kSecond},
      {.bytes = kPacket, .original_length = 500, .interface = 2, .time = 2 * kSecond},
  };
  EXPECT_EQ(capture.frames, expected);
}

TEST(PcapngReader, KnowsTheInterfacesBeforeTheFirstRead) {
  CaptureBytes file(Order::Big);
  file.section().interface(113, 96, file.body().option(2, CaptureBytes::text("any"))).block(5, file.body().u64(0));
  file.interface("two").packet(0, 0, kPacket);
  const auto source = open_capture_bytes(file.bytes(), "test");
  ASSERT_TRUE(source.has_value());
  ASSERT_EQ((*source)->interfaces().size(), 2u);
  EXPECT_EQ((*source)->interfaces()[0].name, "any");
  EXPECT_EQ((*source)->interfaces()[0].link, LinkType::LinuxSll);
  EXPECT_EQ((*source)->interfaces()[0].snap_length, 96u);
  EXPECT_EQ((*source)->interfaces()[1].name, "two");
}

TEST(PcapngReader, FindsTheDirectionAmongOtherOptions) {
  struct Case {
    uint32_t flags;
    FrameDirection direction;
  };
  constexpr Case kCases[] = {{0, FrameDirection::Unknown},
                             {1, FrameDirection::In},
                             {2, FrameDirection::Out},
                             {3, FrameDirection::Unknown},
                             {0xfffffff9, FrameDirection::In}};
  for (const Order order : {Order::Little, Order::Big}) {
    for (const Case& each : kCases) {
      CaptureBytes file(order);
      CaptureBytes flags = file.body();
      flags.u32(each.flags);
      file.section().interface("x");
      file.packet(0, 0, kPacket,
                  file.body().option(1, CaptureBytes::text("a comment")).option(2, flags.bytes()).option(0, {}));
      const ReadCapture capture = read_mapped(file.bytes());
      ASSERT_EQ(capture.frames.size(), 1u);
      EXPECT_EQ(capture.frames[0].direction, each.direction) << each.flags;
      EXPECT_EQ(capture.frames[0].bytes, kPacket);
    }
  }
}

TEST(PcapngReader, OptionsThatOverrunTheirBlockCostNoPacket) {
  CaptureBytes file;
  file.section().interface("x").packet(0, 0, kPacket, file.body().u16(1).u16(60'000).u32(0));
  const ReadCapture capture = read_mapped(file.bytes());
  EXPECT_EQ(capture.frames.size(), 1u);
  EXPECT_EQ(capture.damage, "");
}

TEST(PcapngReader, ReadsSimplePackets) {
  CaptureBytes file;
  file.section().interface(1, 4, file.body()).packet(0, microseconds(9), {1});
  file.block(3, file.body().u32(7).raw({1, 2, 3, 4}));  // cut to the snap length
  file.block(3, file.body().u32(3).raw({1, 2, 3}));     // shorter: padded
  const ReadCapture capture = read_mapped(file.bytes());
  ASSERT_EQ(capture.frames.size(), 3u) << capture.damage;
  EXPECT_EQ(capture.frames[1], (ReadFrame{.bytes = {1, 2, 3, 4}, .original_length = 7, .time = 9 * kSecond}));
  EXPECT_EQ(capture.frames[2], (ReadFrame{.bytes = {1, 2, 3}, .original_length = 3, .time = 9 * kSecond}));
}

TEST(PcapngReader, ReadsObsoletePacketBlocks) {
  for (const Order order : {Order::Little, Order::Big}) {
    CaptureBytes file(order);
    file.section().interface("a").interface("b");
    CaptureBytes flags = file.body();
    flags.u32(2);
    file.block(
        2, file.body().u16(1).u16(0xffff).u32(0).u32(5).u32(7).u32(8).raw(kPacket).align().option(2, flags.bytes()));
    const ReadCapture capture = read_mapped(file.bytes());
    ASSERT_EQ(capture.frames.size(), 1u) << capture.damage;
    const ReadFrame expected = {.bytes = kPacket,
                                .original_length = 8,
                                .interface = 1,
                                .time = 5 * kMicrosecond,
                                .direction = FrameDirection::Out};
    EXPECT_EQ(capture.frames[0], expected);
  }
}

TEST(PcapngReader, SkipsBlocksThatItDoesNotKnow) {
  CaptureBytes file;
  file.section().block(0x0bad, file.body().raw(Bytes(100'000))).interface("x").block(4, file.body().u32(0));
  file.packet(0, 0, kPacket).block(0x80000001, file.body()).packet(0, 1, kPacket).block(5, file.body().u64(0));
  const ReadCapture capture = read_mapped(file.bytes());
  EXPECT_EQ(capture.frames.size(), 2u);
  EXPECT_EQ(capture.damage, "");
}

TEST(PcapngReader, TimeResolutionAndOffsetAreTheInterfacesOwn) {
  CaptureBytes file;
  CaptureBytes offset = file.body();
  offset.u64(1000);
  file.section().interface("micro");
  file.interface(1, 0, file.body().option(9, {9}).option(14, offset.bytes()));
  file.interface(1, 0, file.body().option(9, {0x80 | 10}));
  file.packet(0, 5, kPacket).packet(1, 5, kPacket).packet(2, 1536, kPacket);
  const ReadCapture capture = read_mapped(file.bytes());
  ASSERT_EQ(capture.frames.size(), 3u);
  EXPECT_EQ(capture.frames[0].time, 5 * kMicrosecond);
  EXPECT_EQ(capture.frames[1].time, 1000 * kSecond + 5);
  EXPECT_EQ(capture.frames[2].time, 1500 * kMillisecond);
}

// Each place where a file may be cut gives the packets before it, the same from memory and through a pipe.
TEST(PcapngReader, ACutFileGivesAllWholePackets) {
  for (const Order order : {Order::Little, Order::Big}) {
    CaptureBytes file(order);
    file.section().interface("x");
    std::vector<size_t> packet_ends;
    std::vector<size_t> block_ends = {file.size()};
    const size_t head = file.size();
    for (uint64_t i = 0; i < 3; ++i) {
      file.packet(0, i, kPacket, file.body().option(1, CaptureBytes::text("text")));
      packet_ends.push_back(file.size());
      block_ends.push_back(file.size());
      file.block(0x77, file.body().u64(1));
      block_ends.push_back(file.size());
    }
    for (size_t cut = head; cut <= file.size(); ++cut) {
      const Bytes front(file.bytes().begin(), file.bytes().begin() + static_cast<ptrdiff_t>(cut));
      const ReadCapture capture = read_mapped(front);
      const auto whole = std::upper_bound(packet_ends.begin(), packet_ends.end(), cut) - packet_ends.begin();
      EXPECT_EQ(std::ssize(capture.frames), whole) << cut;
      const bool clean = std::ranges::find(block_ends, cut) != block_ends.end();
      EXPECT_EQ(capture.damage.empty(), clean) << cut << capture.damage;
      for (const size_t piece : {1, 7, 4096}) EXPECT_EQ(read_piped(front, piece), capture) << cut;
    }
  }
}

struct DamageCase {
  const char* what;
  CaptureBytes file;
  const char* says;
};

CaptureBytes begun() {
  CaptureBytes file;
  file.section().interface("x").packet(0, 0, kPacket);
  return file;
}

CaptureBytes with_block(uint32_t type, const CaptureBytes& body) {
  CaptureBytes file = begun();
  file.block(type, body);
  return file;
}

CaptureBytes with_raw(std::initializer_list<uint32_t> numbers) {
  CaptureBytes file = begun();
  for (const uint32_t number : numbers) file.u32(number);
  return file;
}

TEST(PcapngReader, CVE_2019_15165_DamageIsToldAndNothingIsAllocatedForIt) {
  const CaptureBytes none;
  const DamageCase cases[] = {
      {"length 0", with_raw({6, 0, 0}), "at byte 100: a block claims a length of 0 bytes"},
      {"length 8", with_raw({6, 8, 8}), "a length of 8 bytes; expected a multiple of 4 from 12 to 268435456"},
      {"odd length", with_raw({6, 33, 0}), "a length of 33 bytes"},
      {"4 GiB", with_raw({6, 0xfffffffc, 0}), "a length of 4294967292 bytes"},
      {"4 GiB, unknown", with_raw({0x99, 0xfffffffc, 0}), "a length of 4294967292 bytes"},
      {"16 MiB packet, whole", with_block(6, none.body().u32(0).u64(0).u64(0).raw(Bytes(16 << 20))),
       "a length of 16777248 bytes; expected at most 16777216"},
      {"256 MiB packet", with_raw({6, 256u << 20, 0}), "expected at most 16777216 for a packet"},
      {"256 MiB, unknown", with_raw({0x99, 256u << 20, 0}), "expected 268435456 bytes, of which 268435444 are missing"},
      {"lengths differ", with_raw({6, 32, 0, 0, 0, 0, 0, 36}), "length is 32 at its front and 36 at its end"},
      {"interface", with_block(6, none.body().u32(1).u64(0).u64(0)), "names an interface that its section does not"},
      {"largest interface", with_block(6, none.body().u32(0xffffffff).u64(0).u64(0)), "names an interface"},
      {"captured", with_block(6, none.body().u32(0).u64(0).u32(1).u32(1)), "more bytes than its block"},
      {"captured 4 GiB", with_block(6, none.body().u32(0).u64(0).u32(~0u).u32(1)), "more than 262144 bytes"},
      {"short packet", with_block(6, none.body().u32(0).u64(0).u32(0)), "too short for its own fields"},
      {"short simple", with_block(3, none.body()), "too short for its own fields"},
      {"short interface", with_block(1, none.body().u32(1)), "too short for its own fields"},
      {"short section", with_block(0x0a0d0d0a, none.body().u32(0x1a2b3c4d)), "too short for its own fields"},
      {"version", with_block(0x0a0d0d0a, none.body().u32(0x1a2b3c4d).u16(2).u16(0).u64(0)), "has version 2.0"},
      {"mark", with_block(0x0a0d0d0a, none.body().u32(0).u32(1).u64(0)), "has no byte-order mark"},
      {"option", with_block(1, none.body().u32(1).u32(0).u16(2).u16(9).u32(0)), "overruns it"},
      {"simple without interface",
       [] {
         CaptureBytes file = begun();
         file.section().block(3, file.body().u32(0));
         return file;
       }(),
       "without an interface"},
  };
  for (const DamageCase& each : cases) {
    const ReadCapture capture = read_mapped(each.file.bytes());
    EXPECT_EQ(capture.frames.size(), 1u) << each.what;
    EXPECT_NE(capture.damage.find(each.says), std::string::npos) << each.what << ": " << capture.damage;
    if (each.file.size() < 4096) {
      EXPECT_EQ(read_piped(each.file.bytes(), 512), capture) << each.what;
    }
  }
}

TEST(PcapngReader, AnEndlessListOfInterfacesEnds) {
  CaptureBytes file;
  file.section();
  for (int i = 0; i < 65'536; ++i) file.interface();
  const auto source = open_capture_bytes(file.bytes(), "test");
  ASSERT_TRUE(source.has_value());
  EXPECT_EQ((*source)->interfaces().size(), 65'535u);
  ASSERT_NE((*source)->damage(), nullptr);
  EXPECT_NE((*source)->damage()->text().find("too many interfaces"), std::string::npos);
}

TEST(PcapngReader, ABrokenFirstSectionIsRefused) {
  CaptureBytes file;
  file.section();
  Bytes cut = file.bytes();
  for (const size_t size : {4, 11, 12, 27}) {
    cut.assign(file.bytes().begin(), file.bytes().begin() + static_cast<ptrdiff_t>(size));
    EXPECT_NE(read_mapped(cut).refusal.find("at byte 0: the block is cut off"), std::string::npos) << size;
  }
  EXPECT_EQ(read_mapped(file.bytes()), ReadCapture{});
}

}  // namespace
}  // namespace sallyport::test
