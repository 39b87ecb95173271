#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "unit/io/capture_bytes.h"

namespace sallyport::test {
namespace {

const std::vector<CaptureInterface> kInterfaces = {{.name = "wan"}, {.name = "lan"}, {.name = ""}};

Result<void> write_frames(const std::string& path, const std::vector<OutFrame>& frames,
                          const std::vector<CaptureInterface>& interfaces = kInterfaces) {
  auto writer = create_capture(path, format_for(path), interfaces);
  if (!writer) return std::unexpected(writer.error());
  for (const OutFrame& frame : frames) (*writer)->write(frame);
  return (*writer)->finish();
}

TEST(CaptureWriter, TheNameGivesTheFormat) {
  EXPECT_EQ(format_for("out.pcap"), CaptureFormat::Pcap);
  EXPECT_EQ(format_for("out.pcapng"), CaptureFormat::Pcapng);
  EXPECT_EQ(format_for("-"), CaptureFormat::Pcapng);
  EXPECT_EQ(format_for("pcap"), CaptureFormat::Pcapng);
}

TEST(CaptureWriter, WhatIsWrittenIsReadBack) {
  const Bytes small = {1, 2, 3, 4, 5};
  const Bytes large(70'000, 0x5a);
  std::vector<OutFrame> frames;
  std::vector<ReadFrame> expected;
  for (uint32_t i = 0; i < 300; ++i) {
    const Bytes& bytes = i % 50 == 0 ? large : small;
    const uint32_t original = i % 3 == 0 ? 100'000 : 0;
    const Timestamp time = 1'700'000'000 * kSecond + Timestamp{i} * 1'000'001;
    frames.push_back({.bytes = bytes, .original_length = original, .interface = i % 3, .time = time});
    const auto size = static_cast<uint32_t>(bytes.size());
    expected.push_back({.bytes = bytes, .original_length = std::max(original, size), .interface = i % 3, .time = time});
  }
  TemporaryFolder folder;
  ASSERT_TRUE(write_frames(folder.file("out.pcapng"), frames).has_value());
  const ReadCapture capture = read_all(open_capture(folder.file("out.pcapng")));
  EXPECT_EQ(capture.frames, expected);
  EXPECT_EQ(capture.names, (std::vector<std::string>{"wan", "lan", ""}));
  EXPECT_EQ(capture.damage, "");

  ASSERT_TRUE(write_frames(folder.file("out.pcap"), frames).has_value());
  for (ReadFrame& frame : expected) {
    frame.interface = 0;
    frame.time = frame.time / kMicrosecond * kMicrosecond;
  }
  EXPECT_EQ(read_all(open_capture(folder.file("out.pcap"))).frames, expected);
}

TEST(CaptureWriter, AnEmptyCaptureStillHasItsInterfaces) {
  TemporaryFolder folder;
  ASSERT_TRUE(write_frames(folder.file("none.pcapng"), {}).has_value());
  const ReadCapture capture = read_all(open_capture(folder.file("none.pcapng")));
  EXPECT_EQ(capture.names.size(), 3u);
  EXPECT_EQ(capture.refusal + capture.damage, "");
  ASSERT_TRUE(write_frames(folder.file("none.pcap"), {}, {}).has_value());
  EXPECT_EQ(read_all(open_capture(folder.file("none.pcap"))).names.size(), 1u);
}

TEST(CaptureWriter, TimesThatClassicPcapCannotHoldBecomeTheNearest) {
  TemporaryFolder folder;
  ASSERT_TRUE(write_frames(folder.file("t.pcap"), {{.time = -5}, {.time = (int64_t{1} << 33) * kSecond}}).has_value());
  const ReadCapture capture = read_all(open_capture(folder.file("t.pcap")));
  EXPECT_EQ(capture.frames.at(0).time, 0);
  EXPECT_EQ(capture.frames.at(1).time, 0xffffffff * kSecond);
}

TEST(CaptureWriter, RefusesMixedLinkTypesInClassicPcapAndLeavesTheFileAsItWas) {
  TemporaryFolder folder;
  const std::string path = folder.file("out.pcap");
  write_file(path, Bytes{1, 2, 3});
  const auto result = write_frames(path, {}, {{.name = "wan"}, {.name = "tun", .link = LinkType::Raw}});
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().text(),
            path +
                ": classic pcap holds one link type, and wan has 1 where tun has 101; expected a "
                "file name that does not end in .pcap, for pcapng");
  std::ifstream file(path);
  EXPECT_EQ(std::distance(std::istreambuf_iterator<char>(file), {}), 3);
}

TEST(CaptureWriter, SaysWhyItCannotWrite) {
  TemporaryFolder folder;
  const auto missing = write_frames(folder.file("no/out.pcapng"), {});
  ASSERT_FALSE(missing.has_value());
  EXPECT_NE(missing.error().text().find("cannot create the capture: No such file"), std::string::npos);

  const Bytes packet(1000);
  const auto full = write_frames("/dev/full", {{.bytes = packet}});
  ASSERT_FALSE(full.has_value());
  EXPECT_EQ(full.error().text(), "/dev/full: cannot write the capture: No space left on device");

  const auto unknown = write_frames(folder.file("out.pcapng"), {{.interface = 3}, {.interface = 4}});
  ASSERT_FALSE(unknown.has_value());
  EXPECT_NE(unknown.error().text().find("names interface 3; expected one of the 3"), std::string::npos);
}

TEST(CaptureWriter, CommentsTooLongForTheFormatAreCutBetweenCharacters) {
  std::string comment(65'531, 'a');
  comment += "\xc3\xa9";  // would be cut in its middle
  TemporaryFolder folder;
  ASSERT_TRUE(write_frames(folder.file("c.pcapng"), {{.comment = comment}, {.time = 7}}).has_value());
  const ReadCapture capture = read_all(open_capture(folder.file("c.pcapng")));
  EXPECT_EQ(capture.frames.size(), 2u);
  EXPECT_EQ(capture.damage, "");
  std::ifstream file(folder.file("c.pcapng"), std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(file), {});
  EXPECT_NE(bytes.find(std::string(65'531, 'a')), std::string::npos);
  EXPECT_EQ(bytes.find('\xc3'), std::string::npos);
}

// The other side's reading: names, comments, times and lengths as Wireshark's tshark sees them.
TEST(CaptureWriter, TsharkReadsWhatIsWritten) {
  if (!run_command("command -v tshark").worked) {
    GTEST_SKIP() << "NOT TESTED: that tshark reads our captures; it is not installed";
  }
  const Bytes packet = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5, 1, 2, 3};
  const Timestamp time = 1'700'000'000 * kSecond + 123'456'789;
  const std::vector<OutFrame> frames = {
      {.bytes = packet, .interface = 1, .time = time, .comment = "dropped by FORWARD, line 12"},
      {.bytes = packet, .original_length = 900, .interface = 0, .time = time + 1},
  };
  TemporaryFolder folder;
  ASSERT_TRUE(write_frames(folder.file("out.pcapng"), frames).has_value());
  const std::string fields =
      " -T fields -e frame.interface_name -e frame.time_epoch -e frame.cap_len -e frame.len -e frame.comment 2>&1";
  const auto pcapng = run_command("tshark -r " + folder.file("out.pcapng") + fields + " | grep -v '^Running as user'");
  EXPECT_EQ(pcapng.lines, (std::vector<std::string>{"lan\t1700000000.123456789\t17\t17\tdropped by FORWARD, line 12",
                                                    "wan\t1700000000.123456790\t17\t900\t"}));
  ASSERT_TRUE(write_frames(folder.file("out.pcap"), frames).has_value());
  const auto pcap = run_command("tshark -r " + folder.file("out.pcap") + fields + " | grep -v '^Running as user'");
  EXPECT_EQ(pcap.lines,
            (std::vector<std::string>{"\t1700000000.123456000\t17\t17\t", "\t1700000000.123456000\t17\t900\t"}));
}

}  // namespace
}  // namespace sallyport::test
