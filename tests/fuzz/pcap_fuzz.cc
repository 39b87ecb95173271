// Any bytes as a classic pcap file. The first byte picks the form of the head, so that few inputs end there.

#include <array>

#include "fuzz/capture_fuzz.h"
#include "io/pcap_format.h"

namespace {

constexpr std::array<std::array<uint8_t, 8>, 4> kHeads = {{
    {0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0},
    {0x4d, 0x3c, 0xb2, 0xa1, 2, 0, 4, 0},
    {0xa1, 0xb2, 0xc3, 0xd4, 0, 2, 0, 4},
    {0xa1, 0xb2, 0x3c, 0x4d, 0, 2, 0, 4},
}};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::vector<uint8_t> file(data + 1, data + size);
  if (data[0] < kHeads.size() && file.size() >= sallyport::kPcapHeadBytes) {
    std::copy(kHeads[data[0]].begin(), kHeads[data[0]].end(), file.begin());
  }
  sallyport::fuzz::check_capture(file);
  return 0;
}
