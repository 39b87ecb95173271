// Conversations by chance.

#include "kernel/dialogue.h"

#include "kernel/talks.h"

namespace sallyport::kernel {
namespace {

struct Kind {
  uint32_t weight;
  void (*talk)(Talker& talker);
};
constexpr Kind kKinds[] = {{44, talk_tcp},  {8, talk_udp},       {4, talk_udplite}, {9, talk_icmp},
                           {14, talk_sctp}, {7, talk_untracked}, {10, talk_ftp},    {4, talk_tftp}};

constexpr uint32_t whole_weight() {
  uint32_t sum = 0;
  for (const Kind& kind : kKinds) sum += kind.weight;
  return sum;
}
static_assert(whole_weight() == 100);

}  // namespace

std::vector<Input> random_dialogue(Draw& draw, uint32_t number) {
  Talker talker(draw, number);
  uint32_t which = draw.below(whole_weight());
  for (const Kind& kind : kKinds) {
    if (which < kind.weight) {
      kind.talk(talker);
      break;
    }
    which -= kind.weight;
  }
  return talker.take();
}

}  // namespace sallyport::kernel
