// Segments in any order against the naive reassembly. Input: a byte of policy, then for each segment two bytes of
// offset, one of length (times three), and its bytes are its own number.

#include <cstdlib>
#include <vector>

#include "content/reassembler.h"
#include "unit/content/naive_reassembly.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sallyport;
  if (size == 0) return 0;
  constexpr OverlapPolicy kPolicies[] = {OverlapPolicy::Linux, OverlapPolicy::First, OverlapPolicy::Last,
                                         OverlapPolicy::Bsd, OverlapPolicy::Windows};
  const OverlapPolicy policy = kPolicies[data[0] % 5];
  HeldBlocks blocks(4096);
  Reassembler reassembler(blocks, policy);
  test::NaiveReassembly naive(policy);
  HalfStream stream;
  uint8_t number = 0;
  for (size_t at = 1; at + 3 <= size; at += 3) {
    const uint64_t begin = data[at] + data[at + 1] % 8 * uint64_t{256};
    const std::vector<uint8_t> bytes(data[at + 2] * size_t{3}, ++number);
    std::vector<uint8_t> out;
    const auto take = [&](std::span<const uint8_t> text) { out.insert(out.end(), text.begin(), text.end()); };
    if (!reassembler.add(stream, begin, bytes, take)) {
      // What was refused must have changed nothing; the naive one never hears of it.
      if (!out.empty()) std::abort();
      continue;
    }
    if (out != naive.add(begin, bytes)) std::abort();
    if (stream.blocks > Reassembler::kMostBlocks || stream.blocks != blocks.used()) std::abort();
  }
  reassembler.clear(stream);
  if (blocks.used() != 0) std::abort();
  return 0;
}
