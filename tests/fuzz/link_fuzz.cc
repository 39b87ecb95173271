// Any bytes as a frame of any link type: the first two are its number.

#include "fuzz/capture_fuzz.h"
#include "sallyport/bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sallyport;
  if (size < 2) return 0;
  const std::vector<uint8_t> frame(data + 2, data + size);
  const LinkType link{load_be16(data)};
  const NetworkStart start = find_network(link, frame);
  fuzz::require(start.offset <= frame.size());
  fuzz::require(start.tags <= 8);
  fuzz::require(start.vlan < 4096);
  fuzz::require(is_known(link) || (start.ether_type == 0 && start.offset == 0));
  fuzz::require(start.ether_type == 0 || start.ether_type >= 0x0600);
  return 0;
}
