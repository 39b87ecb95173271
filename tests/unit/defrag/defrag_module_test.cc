// The module at -400: what it takes, holds and lets go.

#include "defrag/defrag_module.h"

#include <gtest/gtest.h>

#include "support/packets.h"
#include "wire/fragment.h"

namespace sallyport {
namespace {

struct Machine {
  explicit Machine(Family family) : module(family, ReassemblyLimits::for_family(family), {1, 2}) {
    context.clock = &clock;
  }
  Clock clock;
  HookContext context;
  DefragModule module;
};

Packet datagram(Family family) {
  const std::string payload(3000, 'x');
  return family == Family::Ipv4 ? test::udp4("192.0.2.1:1 > 198.51.100.2:2", payload)
                                : test::udp6("[2001:db8::1]:1 > [2001:db8::2]:2", payload);
}

std::vector<Packet> pieces_of(Family family) {
  std::vector<Packet> pieces;
  EXPECT_TRUE(fragment(datagram(family), 1500, 9, pieces));
  return pieces;
}

TEST(DefragModule, HoldsFragmentsAndLetsTheWholeGo) {
  for (const Family family : {Family::Ipv4, Family::Ipv6}) {
    Machine machine(family);
    std::vector<Packet> pieces = pieces_of(family);
    ASSERT_EQ(pieces.size(), 3u);
    EXPECT_EQ(machine.module.handle(pieces[2], machine.context), Verdict::stolen());
    EXPECT_EQ(machine.module.handle(pieces[0], machine.context), Verdict::stolen());
    EXPECT_EQ(machine.module.handle(pieces[1], machine.context), Verdict::accept());
    EXPECT_EQ(test::to_hex(pieces[1].bytes()), test::to_hex(datagram(family).bytes()));
  }
}

TEST(DefragModule, LetsWholePacketsPassUntouched) {
  for (const Family family : {Family::Ipv4, Family::Ipv6}) {
    Machine machine(family);
    Packet packet = datagram(family);
    EXPECT_EQ(machine.module.handle(packet, machine.context), Verdict::accept());
    EXPECT_EQ(test::to_hex(packet.bytes()), test::to_hex(datagram(family).bytes()));
    EXPECT_EQ(machine.module.reassembly().counters().fragments, 0u);
  }
}

TEST(DefragModule, TakesAnAtomicFragmentsHeaderAway) {
  Machine machine(Family::Ipv6);
  Packet packet = test::with_extension(datagram(Family::Ipv6), kFragment, test::hex("0000000000000007"));
  EXPECT_EQ(machine.module.handle(packet, machine.context), Verdict::accept());
  EXPECT_EQ(test::to_hex(packet.bytes()), test::to_hex(datagram(Family::Ipv6).bytes()));
}

TEST(DefragModule, DropsWhatCannotBeJoined) {
  for (const Family family : {Family::Ipv4, Family::Ipv6}) {
    Machine machine(family);
    std::vector<Packet> pieces = pieces_of(family), again = pieces_of(family);
    EXPECT_EQ(machine.module.handle(pieces[0], machine.context), Verdict::stolen());
    EXPECT_EQ(machine.module.handle(again[0], machine.context), Verdict::drop());
  }
}

TEST(DefragModule, HooksDoNotMix) {
  for (const Family family : {Family::Ipv4, Family::Ipv6}) {
    Machine machine(family);
    std::vector<Packet> pieces = pieces_of(family);
    machine.module.handle(pieces[0], machine.context);
    machine.module.handle(pieces[1], machine.context);
    machine.context.hook = Hook::Output;
    EXPECT_EQ(machine.module.handle(pieces[2], machine.context), Verdict::stolen());
  }
}

TEST(DefragModule, LeavesPacketsOfAConnectionAlone) {
  Machine machine(Family::Ipv4);
  std::vector<Packet> pieces = pieces_of(Family::Ipv4);
  int connection = 0;
  pieces[0].connection = reinterpret_cast<Connection*>(&connection);
  EXPECT_EQ(machine.module.handle(pieces[0], machine.context), Verdict::accept());
}

TEST(DefragModule, ForgetsByTheEnginesClock) {
  Machine machine(Family::Ipv4);
  std::vector<Packet> pieces = pieces_of(Family::Ipv4);
  machine.module.handle(pieces[0], machine.context);
  machine.clock.advance_to(31 * kSecond);
  machine.module.handle(pieces[1], machine.context);
  EXPECT_EQ(machine.module.handle(pieces[2], machine.context), Verdict::stolen());
  EXPECT_EQ(machine.module.reassembly().counters().timeouts, 1u);
}

}  // namespace
}  // namespace sallyport
