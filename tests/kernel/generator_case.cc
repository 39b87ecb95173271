// One stream of chance makes both, so that a seed is all that is needed to have a case again.

#include "kernel/generator_case.h"

#include "kernel/generator_packets.h"
#include "kernel/generator_rules.h"

namespace sallyport::kernel {

Family family_for(uint64_t seed) { return seed % 2 == 0 ? Family::Ipv4 : Family::Ipv6; }

Case random_case(uint64_t seed, Family family, size_t packets) {
  Draw draw(seed, family);
  Case test = {family, random_ruleset(draw), {}};
  for (size_t i = 0; i < packets; ++i) test.packets.push_back(random_packet(draw));
  return test;
}

}  // namespace sallyport::kernel
