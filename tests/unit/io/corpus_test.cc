// Real captures, read by us and by tshark: every frame's lengths, time, interface and first bytes must be the same.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "unit/io/capture_bytes.h"

namespace sallyport::test {
namespace {

// "1700000000.123456789" in nanoseconds.
Timestamp epoch(std::string_view text) {
  const auto parts = split(text, '.');
  std::string fraction = parts.size() > 1 ? parts[1] : "";
  fraction.resize(9, '0');
  return std::stoll(parts[0]) * kSecond + std::stoll(fraction);
}

void compare_with_tshark(const std::string& path) {
  const auto theirs = run_command("tshark -n -r '" + path +
                                  "' -T fields -e frame.cap_len -e frame.len -e frame.time_epoch"
                                  " -e frame.interface_name 2>/dev/null");
  ASSERT_TRUE(theirs.worked) << path;
  const ReadCapture ours = read_all(open_capture(path));
  EXPECT_EQ(ours.refusal + ours.damage, "") << path;
  ASSERT_EQ(ours.frames.size(), theirs.lines.size()) << path;
  for (size_t i = 0; i < ours.frames.size(); ++i) {
    const auto fields = split(theirs.lines[i], '\t');
    ASSERT_EQ(fields.size(), 4u) << path;
    EXPECT_EQ(std::to_string(ours.frames[i].bytes.size()), fields[0]) << path << " frame " << i + 1;
    EXPECT_EQ(std::to_string(ours.frames[i].original_length), fields[1]) << path << " frame " << i + 1;
    EXPECT_EQ(ours.frames[i].time, epoch(fields[2])) << path << " frame " << i + 1;
    const std::string their_name = fields[3] == "unknown" ? "" : fields[3];
    EXPECT_EQ(ours.names.at(ours.frames[i].interface), their_name) << path << " frame " << i + 1;
  }
}

TEST(CaptureCorpus, IsReadAsTsharkReadsIt) {
  const char* corpus = std::getenv("SALLYPORT_CORPUS");
  if (!corpus) {
    GTEST_SKIP() << "NOT TESTED: real captures against tshark; set SALLYPORT_CORPUS to a folder with captures/";
  }
  ASSERT_TRUE(run_command("command -v tshark").worked) << "tshark is needed to compare with";
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(corpus) / "captures")) {
    const auto extension = entry.path().extension();
    if (extension != ".pcap" && extension != ".pcapng") continue;
    ++files;
    compare_with_tshark(entry.path());
  }
  EXPECT_GT(files, 0u) << "no capture in " << corpus;
  RecordProperty("files", static_cast<int>(files));
}

}  // namespace
}  // namespace sallyport::test
