// The captures that reading is measured on, made from a fixed seed into a folder of their own that is gone afterwards.
// Shared by us and our peers, so it uses neither's code.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <initializer_list>
#include <random>
#include <string>
#include <vector>

namespace bench {

// TCP packets without payload, 60 bytes each as Ethernet's smallest frame is captured, of 65,536 flows in random order.
constexpr uint32_t kPackets = 2'000'000;
constexpr uint32_t kFlows = 65'536;
constexpr size_t kFrameBytes = 60;

class GeneratedCapture {
 public:
  GeneratedCapture() {
    std::string pattern = std::filesystem::temp_directory_path() / "sallyport-bench-XXXXXX";
    if (!mkdtemp(pattern.data())) std::abort();
    folder_ = pattern;
    write(pcap(), false);
    write(pcapng(), true);
  }
  ~GeneratedCapture() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  GeneratedCapture(const GeneratedCapture&) = delete;
  GeneratedCapture& operator=(const GeneratedCapture&) = delete;

  std::string pcap() const { return folder_ + "/generated.pcap"; }
  std::string pcapng() const { return folder_ + "/generated.pcapng"; }

 private:
  static void put(std::FILE* file, std::initializer_list<uint32_t> numbers) {
    std::fwrite(std::data(numbers), sizeof(uint32_t), numbers.size(), file);
  }

  static void put_network(uint8_t* at, uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) at[i] = static_cast<uint8_t>(value >> (8 * (bytes - 1 - i)));
  }

  static void make_frame(uint8_t (&frame)[kFrameBytes], uint32_t number, uint32_t flow) {
    constexpr uint8_t kStart[] = {2, 0, 0, 0, 1, 1, 2, 0, 0, 0, 1, 2, 8, 0, 0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6};
    std::memset(frame, 0, sizeof frame);
    std::memcpy(frame, kStart, sizeof kStart);
    put_network(frame + 18, number & 0xffff, 2);
    put_network(frame + 26, 0x0a010000 + flow / 32'768, 4);
    put_network(frame + 30, 0x0a020002, 4);
    uint32_t sum = 0;
    for (int i = 14; i < 34; i += 2) sum += static_cast<uint32_t>(frame[i] << 8 | frame[i + 1]);
    sum = (sum & 0xffff) + (sum >> 16);
    put_network(frame + 24, ~(sum + (sum >> 16)) & 0xffff, 2);
    put_network(frame + 34, 1024 + flow % 32'768, 2);
    put_network(frame + 36, 80, 2);
    put_network(frame + 38, number, 4);
    put_network(frame + 42, 1, 4);
    put_network(frame + 46, 0x5010ffff, 4);
  }

  static void write(const std::string& path, bool blocks) {
    std::FILE* file = std::fopen(path.c_str(), "wb");
    if (!file) std::abort();
    // Written in large pieces, so that the page cache holds it in large ones, as it does a file read from a disk.
    std::vector<char> buffer(1 << 20);
    std::setvbuf(file, buffer.data(), _IOFBF, buffer.size());
    if (blocks) {
      put(file, {0x0a0d0d0a, 28, 0x1a2b3c4d, 1, 0xffffffff, 0xffffffff, 28});
      put(file, {1, 20, 1, 65'535, 20});
    } else {
      put(file, {0xa1b2c3d4, 0x00040002, 0, 0, 65'535, 1});
    }
    std::mt19937 random(7);
    for (uint32_t i = 0; i < kPackets; ++i) {
      uint8_t frame[kFrameBytes];
      make_frame(frame, i, static_cast<uint32_t>(random() % kFlows));
      if (blocks) {
        put(file, {6, 92, 0, 0, i, kFrameBytes, kFrameBytes});
      } else {
        put(file, {i / 1'000'000, i % 1'000'000, kFrameBytes, kFrameBytes});
      }
      std::fwrite(frame, 1, sizeof frame, file);
      if (blocks) put(file, {92});
    }
    if (std::ferror(file) != 0) std::abort();
    if (std::fclose(file) != 0) std::abort();
  }

  std::string folder_;
};

}  // namespace bench
