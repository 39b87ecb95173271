#include <gtest/gtest.h>

#include "unit/io/capture_bytes.h"

namespace sallyport::test {
namespace {

const Bytes kPacket = {1, 2, 3, 4, 5, 6, 7};

struct MagicCase {
  Order order;
  uint32_t magic;
  Duration fraction;
};
constexpr MagicCase kMagicCases[] = {
    {Order::Little, 0xa1b2c3d4, kMicrosecond},
    {Order::Big, 0xa1b2c3d4, kMicrosecond},
    {Order::Little, 0xa1b23c4d, kNanosecond},
    {Order::Big, 0xa1b23c4d, kNanosecond},
};

TEST(PcapReader, ReadsBothByteOrdersAndBothTimeUnits) {
  for (const MagicCase& each : kMagicCases) {
    CaptureBytes file(each.order);
    file.pcap_head(each.magic).pcap_record(3'000'000'000, 7, kPacket, 99).pcap_record(5, 999'999, {});
    const ReadCapture capture = read_mapped(file.bytes());
    ASSERT_EQ(capture.frames.size(), 2u) << capture.refusal;
    const ReadFrame expected = {
        .bytes = kPacket, .original_length = 99, .time = 3'000'000'000 * kSecond + 7 * each.fraction};
    EXPECT_EQ(capture.frames[0], expected);
    EXPECT_EQ(capture.frames[1].time, 5 * kSecond + 999'999 * each.fraction);
    EXPECT_EQ(capture.damage, "");
  }
}

struct HeadCase {
  uint32_t link;
  uint32_t snap_length;
  LinkType expected_link;
  uint32_t expected_snap_length;
};
constexpr HeadCase kHeadCases[] = {
    {1, 96, LinkType::Ethernet, 96},
    {1, 0, LinkType::Ethernet, 262144},                         // 0: no limit
    {1, 0xffffffff, LinkType::Ethernet, 262144},                //
    {0x24000001, 65535, LinkType::Ethernet, 65535},             // a frame check sequence of 2 words
    {0xffff0114, 65535, LinkType::LinuxSll2, 65535},            // all upper bits
    {101, 65535, LinkType::Raw, 65535},                         //
    {12, 65535, LinkType::Raw, 65535},                          // as Linux numbers it within programs
    {14, 65535, LinkType::Raw, 65535},                          // as OpenBSD does
    {147, 65535, static_cast<LinkType>(uint16_t{147}), 65535},  // not known: passed on as it is
};

TEST(PcapReader, TellsLinkTypeAndSnapLength) {
  for (const HeadCase& each : kHeadCases) {
    CaptureBytes file;
    file.pcap_head(0xa1b2c3d4, each.link, each.snap_length);
    const auto source = open_capture_bytes(file.bytes(), "test");
    ASSERT_TRUE(source.has_value());
    ASSERT_EQ((*source)->interfaces().size(), 1u);
    EXPECT_EQ((*source)->interfaces()[0].link, each.expected_link) << each.link;
    EXPECT_EQ((*source)->interfaces()[0].snap_length, each.expected_snap_length) << each.snap_length;
  }
}

TEST(PcapReader, AnOriginalLengthBelowTheCapturedOneIsRaised) {
  CaptureBytes file;
  file.pcap_head().pcap_record(1, 0, kPacket, 3);
  EXPECT_EQ(read_mapped(file.bytes()).frames.at(0).original_length, kPacket.size());
}

struct RefusalCase {
  Bytes bytes;
  const char* says;
};

TEST(PcapReader, RefusesWhatItCannotReadAndSaysWhatItIs) {
  const RefusalCase cases[] = {
      {{}, "test: the input is empty; expected a capture as tcpdump or Wireshark write it"},
      {{0xd4, 0xc3}, "the input is only 2 bytes long"},
      {{'h', 'e', 'l', 'l', 'o'}, "the input is neither pcap nor pcapng"},
      {{0xd4, 0xc3, 0xb2, 0xa1, 2, 0}, "ends within its head; expected 24 bytes, there are 6"},
      {CaptureBytes().pcap_head(0xa1b2cd34).bytes(), "is a modified pcap"},
      {CaptureBytes(Order::Big).pcap_head(0xa1b2cd34).bytes(), "is a modified pcap"},
      {CaptureBytes().pcap_head(0xa1b234cd).bytes(), "is a modified pcap"},
      {CaptureBytes(Order::Big).pcap_head(0x1c0001ac).bytes(), "(IXIA's)"},
      {CaptureBytes().pcap_head(0x1c0001ab).bytes(), "is neither"},
      {CaptureBytes().pcap_head(0x1c0001ad).bytes(), "(IXIA's)"},
      {{0x1f, 0x8b, 8, 0}, "compressed with gzip; expected an uncompressed capture: gunzip -c FILE"},
      {{0x28, 0xb5, 0x2f, 0xfd}, "compressed with zstd"},
      {{0xfd, '7', 'z', 'X', 'Z', 0}, "compressed with xz"},
      {{'B', 'Z', 'h', '9'}, "compressed with bzip2"},
      {{0x04, 0x22, 0x4d, 0x18}, "compressed with lz4"},
      {CaptureBytes().u32(0xa1b2c3d4).u16(2).u16(3).u64(0).u64(0).bytes(), "is pcap version 2.3; expected version 2.4"},
  };
  for (const RefusalCase& each : cases) {
    const std::string refusal = read_mapped(each.bytes).refusal;
    EXPECT_NE(refusal.find(each.says), std::string::npos) << "said: " << refusal << "\nexpected: " << each.says;
  }
}

// Each place where a file of three records may be cut: all records before it come, and the damage tells what is
// missing.
TEST(PcapReader, ACutFileGivesAllWholePackets) {
  CaptureBytes file;
  file.pcap_head();
  std::vector<size_t> ends = {file.size()};
  for (uint32_t second = 1; second <= 3; ++second) {
    file.pcap_record(second, 0, kPacket);
    ends.push_back(file.size());
  }
  for (size_t cut = ends[0]; cut <= file.size(); ++cut) {
    const Bytes front(file.bytes().begin(), file.bytes().begin() + static_cast<ptrdiff_t>(cut));
    const ReadCapture capture = read_mapped(front);
    const auto whole = static_cast<size_t>(std::upper_bound(ends.begin(), ends.end(), cut) - ends.begin() - 1);
    EXPECT_EQ(capture.frames.size(), whole) << cut;
    EXPECT_EQ(capture.damage.empty(), cut == ends[whole]) << cut << capture.damage;
    for (const size_t piece : {1, 5, 4096}) EXPECT_EQ(read_piped(front, piece), capture) << cut;
  }
}

TEST(PcapReader, TheDamageNamesFilePlaceAndWhatIsMissing) {
  CaptureBytes file;
  file.pcap_head().pcap_record(1, 0, kPacket).pcap_record(2, 0, kPacket);
  Bytes cut = file.bytes();
  cut.resize(cut.size() - 2);
  EXPECT_EQ(read_mapped(cut).damage,
            "test: at byte 47: the record is cut off; expected 23 bytes, of which 2 are missing");
  cut.resize(cut.size() - 10);
  EXPECT_EQ(read_mapped(cut).damage,
            "test: at byte 47: the record's head is cut off; expected 16 bytes, of which 5 are missing");
}

// CVE-2019-15165 was a length taken from the file and believed.
TEST(PcapReader, CVE_2019_15165_AnAbsurdLengthIsAnErrorAndNoAllocation) {
  for (const uint32_t length : {262145u, 0x7fffffffu, 0xffffffffu}) {
    CaptureBytes file;
    file.pcap_head().pcap_record(1, 0, kPacket).u32(2).u32(0).u32(length).u32(length).raw(kPacket);
    const ReadCapture capture = read_mapped(file.bytes());
    EXPECT_EQ(capture.frames.size(), 1u);
    EXPECT_EQ(capture.damage, "test: at byte 47: a record claims to hold " + std::to_string(length) +
                                  " bytes; expected at most 262144");
    EXPECT_EQ(read_piped(file.bytes(), 4096), capture);
  }
}

TEST(PcapReader, TheLargestPacketPassesThroughAPipe) {
  CaptureBytes file;
  file.pcap_head().pcap_record(1, 0, Bytes(262144, 0xab)).pcap_record(2, 0, Bytes(262144, 0xcd));
  TemporaryFolder folder;
  write_file(folder.file("large"), file.bytes());
  const std::string command = "cat " + folder.file("large");
  FILE* pipe = popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  const ReadCapture capture = read_all(open_capture_stream(dup(fileno(pipe)), "test"));
  pclose(pipe);
  EXPECT_EQ(capture, read_mapped(file.bytes()));
  EXPECT_EQ(capture.frames.size(), 2u);
}

TEST(PcapReader, AReadNeverGivesMoreThanAskedFor) {
  CaptureBytes file;
  file.pcap_head();
  for (uint32_t second = 0; second < 10; ++second) file.pcap_record(second, 0, kPacket);
  const ReadCapture all = read_mapped(file.bytes(), 64);
  for (const size_t burst : {1, 3, 10, 11}) EXPECT_EQ(read_mapped(file.bytes(), burst), all);
  const auto source = open_capture_bytes(file.bytes(), "test");
  EXPECT_EQ((*source)->read({}), 0u);
  EXPECT_EQ((*source)->damage(), nullptr);
}

TEST(PcapReader, ProgressGoesFromZeroToOne) {
  CaptureBytes file;
  file.pcap_head().pcap_record(1, 0, Bytes(100)).pcap_record(2, 0, Bytes(100));
  const auto source = open_capture_bytes(file.bytes(), "test");
  Frame frame;
  double last = (*source)->progress();
  EXPECT_LT(last, 0.2);
  while ((*source)->read({&frame, 1}) == 1) {
    EXPECT_GT((*source)->progress(), last);
    last = (*source)->progress();
  }
  EXPECT_EQ(last, 1.0);
}

TEST(OpenCapture, NamesAPathThatCannotBeOpened) {
  TemporaryFolder folder;
  EXPECT_EQ(read_all(open_capture(folder.file("none"))).refusal,
            folder.file("none") +
                ": cannot open the capture: No such file or directory; expected a pcap or pcapng file "
                "that may be read, or - for standard input");
  EXPECT_NE(read_all(open_capture(folder.file(""))).refusal.find("Is a directory"), std::string::npos);
  write_file(folder.file("empty"), {});
  EXPECT_NE(read_all(open_capture(folder.file("empty"))).refusal.find("the input is empty"), std::string::npos);
}

TEST(OpenCapture, MapsAFile) {
  CaptureBytes file;
  file.pcap_head();
  for (uint32_t second = 0; second < 60'000; ++second) file.pcap_record(second, 0, Bytes(60, second & 0xff));
  TemporaryFolder folder;
  write_file(folder.file("some.pcap"), file.bytes());
  ReadCapture capture = read_all(open_capture(folder.file("some.pcap")));
  EXPECT_EQ(capture, read_mapped(file.bytes()));
}

// Cutting a file that is mapped must not kill the reader.
TEST(OpenCapture, AFileThatShrinksWhileItIsReadIsDamaged) {
  CaptureBytes file;
  file.pcap_head();
  for (uint32_t second = 0; second < 60'000; ++second) file.pcap_record(second, 0, Bytes(60));
  TemporaryFolder folder;
  const std::string path = folder.file("shrinks.pcap");
  write_file(path, file.bytes());
  const auto source = open_capture(path);
  ASSERT_TRUE(source.has_value());
  Frame frame;
  ASSERT_EQ((*source)->read({&frame, 1}), 1u);
  ASSERT_EQ(truncate(path.c_str(), 3'000'000), 0);
  const ReadCapture rest = read_all(**source);
  EXPECT_EQ(rest.frames.size() + 1, (3'000'000u - 24) / 76);
  EXPECT_NE(rest.damage.find("cut off (the file became shorter while it was read)"), std::string::npos) << rest.damage;
}

}  // namespace
}  // namespace sallyport::test
