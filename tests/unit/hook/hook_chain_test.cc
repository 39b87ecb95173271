// One hook: order, verdicts, queues.

#include "hook/hook_chain.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/packets.h"

namespace sallyport {
namespace {

// Notes its name and answers what it was told, one verdict per call, the last one for ever.
class Scripted final : public HookModule {
 public:
  Scripted(std::string name, std::vector<Verdict> script, std::string& calls)
      : name_(std::move(name)), script_(std::move(script)), calls_(calls) {}
  std::string_view name() const override { return name_; }
  Verdict handle(Packet&, HookContext&) override {
    calls_ += name_;
    const Verdict verdict = script_[next_];
    if (next_ + 1 < script_.size()) ++next_;
    return verdict;
  }

 private:
  std::string name_;
  std::vector<Verdict> script_;
  std::string& calls_;
  size_t next_ = 0;
};

struct ChainCase {
  const char* name;
  std::vector<Verdict> second;       // what the middle module answers
  std::vector<QueueAnswer> answers;  // what queue 7 answers; empty: nobody listens
  Verdict::Kind outcome;
  const char* calls;
};

const ChainCase kChainCases[] = {
    {"all accept", {Verdict::accept()}, {}, Verdict::Kind::Accept, "abc"},
    {"drop ends the hook", {Verdict::drop()}, {}, Verdict::Kind::Drop, "ab"},
    {"stolen ends the hook", {Verdict::stolen()}, {}, Verdict::Kind::Stolen, "ab"},
    {"stop skips the rest", {{.kind = Verdict::Kind::Stop}}, {}, Verdict::Kind::Accept, "ab"},
    {"a queue without listener drops", {Verdict::queued(7, false)}, {}, Verdict::Kind::Drop, "ab"},
    {"bypass goes on without listener", {Verdict::queued(7, true)}, {}, Verdict::Kind::Accept, "abc"},
    {"another queue's listener does not help",
     {Verdict::queued(8, false)},
     {QueueAnswer::Accept},
     Verdict::Kind::Drop,
     "ab"},
    {"accept goes on behind the queueing module",
     {Verdict::queued(7, false)},
     {QueueAnswer::Accept},
     Verdict::Kind::Accept,
     "abc"},
    {"drop drops", {Verdict::queued(7, true)}, {QueueAnswer::Drop}, Verdict::Kind::Drop, "ab"},
    {"stop skips", {Verdict::queued(7, false)}, {QueueAnswer::Stop}, Verdict::Kind::Accept, "ab"},
    {"repeat runs the module again",
     {Verdict::queued(7, false), Verdict::accept()},
     {QueueAnswer::Repeat},
     Verdict::Kind::Accept,
     "abbc"},
    {"repeat without end drops",
     {Verdict::queued(7, false)},
     {QueueAnswer::Repeat},
     Verdict::Kind::Drop,
     "abbbbbbbbbbbbbbbbb"},
};

TEST(HookChain, FollowsVerdicts) {
  for (const ChainCase& test : kChainCases) {
    std::string calls;
    Scripted a("a", {Verdict::accept()}, calls), b("b", test.second, calls), c("c", {Verdict::accept()}, calls);
    HookChain chain;
    chain.add(c, 100);
    chain.add(b, 0);
    chain.add(a, -100);
    Queues queues;
    if (!test.answers.empty()) {
      queues.listen(7, [&](Packet&, const QueueTicket&) { return test.answers[0]; }, {});
    }
    Packet packet = test::udp4("192.0.2.1:1000 > 198.51.100.1:53", "x");
    HookContext context;
    EXPECT_EQ(chain.run(packet, context, queues), test.outcome) << test.name;
    EXPECT_EQ(calls, test.calls) << test.name;
  }
}

TEST(HookChain, ANewcomerGoesBeforeThoseOfEqualPriority) {
  std::string calls;
  Scripted a("a", {Verdict::accept()}, calls), b("b", {Verdict::accept()}, calls);
  HookChain chain;
  chain.add(a, 0);
  chain.add(b, 0);
  Packet packet = test::udp4("192.0.2.1:1000 > 198.51.100.1:53", "x");
  HookContext context;
  Queues queues;
  chain.run(packet, context, queues);
  EXPECT_EQ(calls, "ba");
}

TEST(HookChain, AQueueThatBreaksThePacketHasItDropped) {
  std::string calls;
  Scripted a("a", {Verdict::queued(7, false)}, calls);
  HookChain chain;
  chain.add(a, 0);
  Queues queues;
  const auto breaks = [](Packet& packet, const QueueTicket&) {
    packet.data()[0] = 0;
    return QueueAnswer::Accept;
  };
  queues.listen(7, breaks, {});
  Packet packet = test::udp4("192.0.2.1:1000 > 198.51.100.1:53", "x");
  HookContext context;
  EXPECT_EQ(chain.run(packet, context, queues), Verdict::Kind::Drop);
}

}  // namespace
}  // namespace sallyport
