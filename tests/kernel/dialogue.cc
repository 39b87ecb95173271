// Conversations by chance.

#include "kernel/dialogue.h"

#include "kernel/talks.h"

namespace sallyport::kernel {
namespace {

struct Kind {
  void (*talk)(Talker& talker);
  uint32_t weight;
  bool ipv4_only = false;
};
constexpr Kind kKinds[] = {{talk_tcp, 33}, {talk_broken, 3},    {talk_udp, 6},        {talk_udplite, 3},
                           {talk_icmp, 8}, {talk_sctp, 12},     {talk_untracked, 6},  {talk_ftp, 8},
                           {talk_tftp, 3}, {talk_irc, 4, true}, {talk_pptp, 6, true}, {talk_sip, 8}};

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
      (kind.ipv4_only && draw.v6() ? talk_tcp : kind.talk)(talker);
      break;
    }
    which -= kind.weight;
  }
  return talker.take();
}

}  // namespace sallyport::kernel
