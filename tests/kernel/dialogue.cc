// Conversations by chance.

#include "kernel/dialogue.h"

#include "kernel/talks.h"

namespace sallyport::kernel {
namespace {

struct Kind {
  uint32_t weight;
  void (*talk)(Talker& talker);
  bool ipv4_only = false;
};
constexpr Kind kKinds[] = {{36, talk_tcp},      {6, talk_udp},        {3, talk_udplite}, {8, talk_icmp},
                           {12, talk_sctp},     {6, talk_untracked},  {8, talk_ftp},     {3, talk_tftp},
                           {4, talk_irc, true}, {6, talk_pptp, true}, {8, talk_sip}};

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
