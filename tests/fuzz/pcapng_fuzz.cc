// Any bytes as a pcapng file. The first byte may ask for lengths of blocks to be mended, so that more inputs get past
// the two lengths that each block has.

#include "fuzz/capture_fuzz.h"
#include "io/byte_order.h"
#include "io/pcapng_format.h"

namespace {

using sallyport::FileNumbers;

// Cuts each block's length to what is there, and writes it again at the block's end.
template <bool Swapped>
void mend_lengths(std::vector<uint8_t>& file) {
  const auto store = [&](size_t at, uint32_t value) {
    if (Swapped) value = std::byteswap(value);
    std::memcpy(file.data() + at, &value, sizeof value);
  };
  for (size_t at = 0; file.size() - at >= sallyport::kBlockFrameBytes;) {
    const size_t wanted = FileNumbers<Swapped>::u32(file.data() + at + 4) % 1024 & ~3u;
    const size_t length = std::min(std::max(wanted, sallyport::kBlockFrameBytes), (file.size() - at) & ~size_t{3});
    store(at + 4, static_cast<uint32_t>(length));
    store(at + length - 4, static_cast<uint32_t>(length));
    at += length;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::vector<uint8_t> file(data + 1, data + size);
  if (data[0] == 1) mend_lengths<false>(file);
  if (data[0] == 2) mend_lengths<true>(file);
  sallyport::fuzz::check_capture(file);
  return 0;
}
