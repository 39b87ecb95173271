// A state, reached by the plainest of its ways, and one segment of each kind in each direction, with right numbers:
// what that is to the connection, and what the connection then is, is asked of the kernel and written down.

#include "kernel/tcp_cell_scenarios.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>
#include <vector>

#include "kernel/namespace_referee.h"
#include "kernel/scenario_machine.h"
#include "kernel/tcp_hits.h"
#include "kernel/tcp_ways.h"
#include "sallyport/scenario.h"

namespace sallyport::kernel {
namespace {

using scenario::Machine;

constexpr std::string_view kSetup =
    "iface lan 10.0.0.1/24\n"
    "iface wan 203.0.113.1/24\n"
    "rules\n"
    "  *filter\n"
    "  -A FORWARD -m state --state NEW\n"
    "  COMMIT\n"
    "end\n";
// A letter for each of kTcpKinds.
constexpr std::string_view kProbes = "safkr";
constexpr size_t kDataBytes = 100;
// As a tick may go by behind a packet, the longest timeout of so many runs is right.
constexpr int kRuns = 3;

// Each side's segments follow each other without a gap, and acknowledge all of the other's.
class Teller {
 public:
  std::string words(char letter) {
    const bool reply = from_server(letter);
    const uint8_t flags = flags_of(letter);
    std::string text = reply ? "tcp 203.0.113.9:80 > 10.0.0.5:4000" : "tcp 10.0.0.5:4000 > 203.0.113.9:80";
    if ((flags & test::kFin) != 0) text += " fin";
    if ((flags & test::kSyn) != 0) text += " syn";
    if ((flags & test::kRst) != 0) text += " rst";
    if ((flags & test::kPsh) != 0) text += " psh";
    text += fmt::format(" seq {}", next_[reply]);
    if ((flags & test::kAck) != 0) text += fmt::format(" ack {}", next_[!reply]);
    if (kind_of(letter) == 'd') {
      text += fmt::format(" len {}", kDataBytes);
      next_[reply] += kDataBytes;
    }
    if ((flags & (test::kSyn | test::kFin)) != 0) ++next_[reply];
    return text;
  }

 private:
  std::array<uint32_t, 2> next_ = {1, 1};
};

struct Answer {
  std::string steps;    // of the whole conversation
  std::string state;    // what the last segment is to its connection
  std::string entry;    // what the table then says, without the timeout
  long timeout_s = -1;  // of that
};

// "[ASSURED]", "[UNREPLIED]", or that there is no such flag.
std::string flag(const std::string& line, std::string_view name) {
  return line.find(name) != std::string::npos ? std::string(name) : fmt::format("!{}", name);
}

// ipv4 2 tcp 6 TIMEOUT STATE src=... and so on.
void read_entry(const std::string& table, Answer& answer) {
  std::istringstream words(table);
  std::string family, number, protocol, protocol_number, timeout, state, source;
  words >> family >> number >> protocol >> protocol_number >> timeout >> state >> source;
  if (source.empty()) return;
  answer.timeout_s = std::strtol(timeout.c_str(), nullptr, 10);
  answer.entry = fmt::format("{} {} {} {}", state, source, flag(table, "[UNREPLIED]"), flag(table, "[ASSURED]"));
}

Answer ask(Machine& kernel, const std::string& letters) {
  constexpr std::string_view kStates[] = {"INVALID", "NEW", "ESTABLISHED", "RELATED", "UNTRACKED"};
  Answer answer;
  Teller teller;
  for (const char letter : letters) {
    const std::string words = teller.words(letter);
    const bool reply = from_server(letter);
    const auto happened = kernel.put(reply ? "wan" : "lan", *packet_from_words(words), false);
    const bool left = std::ranges::find(happened.events, scenario::Event::Kind::Left, &scenario::Event::kind) !=
                      happened.events.end();
    answer.steps += fmt::format("in  {} {}\n", reply ? "wan" : "lan", words);
    answer.steps += left ? fmt::format("out {} same\n", reply ? "lan" : "wan") : "drop\n";
    answer.state = happened.state ? kStates[static_cast<size_t>(*happened.state)] : "";
  }
  read_entry(kernel.connections(), answer);
  return answer;
}

// None: the kernel could not be had, or says one thing now and another then.
std::optional<Answer> ask_again(const scenario::Setup& setup, const std::string& letters) {
  std::optional<Answer> said;
  for (int run = 0; run < kRuns; ++run) {
    auto kernel = make_kernel_machine(setup, true);
    if (!kernel) return std::nullopt;
    Answer answer = ask(**kernel, letters);
    if (said && (said->steps != answer.steps || said->state != answer.state || said->entry != answer.entry)) {
      return std::nullopt;
    }
    if (!said || said->timeout_s < answer.timeout_s) said = std::move(answer);
  }
  return said;
}

std::string test_of(std::string_view state, std::string_view kind, bool reply, const Answer& answer) {
  std::string text = fmt::format("\ntest {}, {} {}\n{}", state, reply ? "reply" : "original", kind, answer.steps);
  text += fmt::format("expect state {}\n", answer.state);
  return text + (answer.entry.empty() ? "no conntrack\n"
                                      : fmt::format("expect conntrack tcp {} {}\n", answer.timeout_s, answer.entry));
}

}  // namespace

int write_cell_scenarios(const std::string& path) {
  const auto scenario = Scenario::read(std::string(kSetup) + "no conntrack\n", "cells", {});
  std::string text =
      "# Each cell of the TCP state table that can be reached: a state, and a segment in one direction.\n";
  text += fmt::format("# Written by tcp_cells --write. {}\n{}", NamespaceReferee::version(), kSetup);
  for (const std::string_view state : kTcpStates) {
    const TcpWay& way = *std::ranges::find(kTcpWays, state, &TcpWay::state);
    for (const bool reply : {false, true}) {
      // What finds no connection begins one.
      if (reply && way.letters.empty()) continue;
      for (size_t kind = 0; kind < std::size(kTcpKinds); ++kind) {
        const char probe = static_cast<char>(reply ? kProbes[kind] : kProbes[kind] - ('a' - 'A'));
        const auto answer = ask_again(scenario->script().setup, std::string(way.letters) + probe);
        if (!answer) {
          fmt::print(stderr, "{}, {}: no answer from the kernel\n", state, kTcpKinds[kind]);
          return 1;
        }
        text += test_of(state, kTcpKinds[kind], reply, *answer);
      }
    }
  }
  std::ofstream file(path);
  file << text << std::flush;
  if (file) return 0;
  fmt::print(stderr, "{} cannot be written\n", path);
  return 1;
}

}  // namespace sallyport::kernel
