// Machines made by chance, told to the kernel and to the model: both are asked the same routes. So is the model that a
// snapshot makes of the kernel's machine, as it is read back from its text.
// Usage: host_routes_test [--machines N] [--questions N] [--seed N] [--first N]; exit 77 where the kernel cannot be
// asked.

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <vector>

#include "kernel/host/kernel_route.h"
#include "kernel/host/namespace.h"
#include "kernel/host/random_model.h"
#include "kernel/settings.h"
#include "support/route_text.h"

namespace sallyport {
namespace {

constexpr int kSkipped = 77;
constexpr size_t kMostShown = 10;

struct Tally {
  uint64_t questions = 0, wrong = 0, refused_facts = 0, wrongly_refused = 0, wrong_snapshots = 0;
  std::map<std::string, uint64_t> kinds;  // of the kernel's answers
};

int skip(const std::string& why) {
  fmt::print("NOT TESTED: that routes are chosen as the kernel chooses them ({})\n", why);
  return kSkipped;
}

std::string question_text(const HostModel& model, const RouteQuery& query) {
  std::string text = query.destination.text();
  if (query.in != kNoInterface || !query.source.is_unspecified()) text += " from " + query.source.text();
  if (query.in != kNoInterface) text += fmt::format(" iif {}", model.interface(query.in).name_text());
  if (query.out != kNoInterface) text += fmt::format(" oif {}", model.interface(query.out).name_text());
  return text + fmt::format(" mark {:#x} tos {:#x}", query.mark, query.tos);
}

// What route() answers and the kernel's look-up leaves to later steps of an arriving IPv6 packet: whether it is
// forwarded at all, whether a group is listened to, and that anycast is delivered here.
std::string expected(const HostModel& model, const RouteQuery& query, std::string answer, const std::string& groups) {
  if (query.in == kNoInterface || query.destination.family == Family::Ipv4) return answer;
  const std::string on(model.interface(query.in).name_text());
  if (answer.starts_with("anycast")) return "local" + answer.substr(7);
  // The kernel's answer of a multicast route for an arriving packet does not fit its own message.
  if (answer == "error Message too long") {
    const std::string ours = comparable_route_text(model, query);
    if (!ours.starts_with("multicast") && ours != "blackhole") return ours;
    answer = "multicast dev " + on;
  }
  if (answer.starts_with("multicast")) {
    return groups.find(on + " " + query.destination.text() + "\n") == std::string::npos ? "blackhole" : answer;
  }
  const bool forwards = model.sysctl("net.ipv6.conf." + on + ".forwarding") != 0;
  return answer.starts_with("unicast") && !forwards ? "blackhole" : answer;
}

// The machine as the kernel took it: what it refused is left out.
std::string tell_kernel(const RandomMachine& machine, Tally& tally) {
  for (const auto& [name, value] : machine.sysctls) {
    if (!write_sysctl(name, value)) fmt::print("cannot set {}\n", name);
  }
  for (const size_t line : run_ip_batch(machine.set_up, false)) fmt::print("refused: ip {}\n", machine.set_up[line]);
  const auto own6 = std::ranges::count(machine.own, Family::Ipv6, &IpAddress::family);
  if (!wait_for_ipv6_addresses(static_cast<size_t>(own6))) fmt::print("an address is not ready\n");
  std::vector<bool> taken(machine.facts.size(), true);
  for (const bool ipv6 : {false, true}) {
    std::vector<std::string> lines;
    std::vector<size_t> which;
    for (size_t i = 0; i < machine.facts.size(); ++i) {
      if (machine.facts[i].ipv6_rule != ipv6) continue;
      lines.push_back(machine.facts[i].command);
      which.push_back(i);
    }
    for (const size_t line : run_ip_batch(lines, ipv6)) taken[which[line]] = false;
  }
  // What was refused is freed a moment later, and until then counts (a realm changes how sources are judged); an
  // interface that goes away waits for that.
  TunInterface("passing", false);
  std::string toml = machine.interfaces;
  for (size_t i = 0; i < machine.facts.size(); ++i) {
    if (taken[i]) toml += machine.facts[i].toml;
    tally.refused_facts += taken[i] ? 0 : 1;
  }
  toml += "[sysctl]\n";
  for (const auto& [name, value] : machine.sysctls) toml += fmt::format("\"{}\" = {}\n", name, value);
  return toml;
}

// Compares one model's answers with the kernel's.
bool compare(const RandomMachine& machine, const std::string& toml, uint64_t questions, Random& random, Tally& tally) {
  std::vector<std::string> warnings;
  const auto model = read_host_model(toml, "machine.toml", warnings);
  if (!model) {
    ++tally.wrongly_refused;
    for (const Error& error : model.error()) fmt::print("the kernel took it, the model did not: {}\n", error.text());
    return false;
  }
  auto netlink = Netlink::open();
  if (!netlink) return false;
  const std::string groups = joined_ipv6_groups();
  bool right = true;
  for (uint64_t i = 0; i < questions; ++i) {
    const RouteQuery query = random_query(random, machine, *model);
    const std::string kernel = expected(*model, query, kernel_route_text(*netlink, *model, query), groups);
    const std::string ours = comparable_route_text(*model, query);
    ++tally.questions;
    ++tally.kinds[fmt::format("IPv{} {} {}", query.destination.family == Family::Ipv4 ? 4 : 6,
                              query.in == kNoInterface ? "out" : "in", kernel.substr(0, kernel.find(' ')))];
    if (kernel == ours) continue;
    right = false;
    if (++tally.wrong <= kMostShown) {
      fmt::print("{}\n  kernel: {}\n  model:  {}\n", question_text(*model, query), kernel, ours);
    }
  }
  return right;
}

// The snapshot's text, which must read back to a model of the same text.
std::string snapshot_text(Tally& tally) {
  std::vector<std::string> warnings;
  const auto model = snapshot_host(warnings);
  const std::string text = model ? host_model_text(*model) : "";
  const auto again = read_host_model(text, "snapshot.toml", warnings);
  const bool right = model && warnings.empty() && again && host_model_text(*again) == text;
  if (right) return text;
  ++tally.wrong_snapshots;
  for (const std::string& warning : warnings) fmt::print("snapshot: {}\n", warning);
  if (!again) fmt::print("snapshot: {}\n", again.error().front().text());
  return text;
}

int run(uint64_t machines, uint64_t questions, uint64_t seed, uint64_t first) {
  Tally tally;
  for (uint64_t i = first; i < first + machines; ++i) {
    Random random(seed * 1000003 + i);
    if (const std::string problem = enter_new_namespace(); !problem.empty()) return skip(problem);
    const RandomMachine machine = random_machine(random);
    std::vector<TunInterface> open;
    for (const RandomMachine::Device& device : machine.devices) {
      open.emplace_back(device.name, device.tap);
      if (!open.back().is_open()) return skip("no TUN interfaces");
    }
    const std::string toml = tell_kernel(machine, tally);
    for (const std::string& text : {toml, snapshot_text(tally)}) {
      const uint64_t before = tally.wrong;
      if (!compare(machine, text, questions, random, tally) && before < kMostShown) {
        fmt::print("on machine {} of seed {}:\n{}\n", i, seed, text);
      }
    }
  }
  for (const auto& [kind, count] : tally.kinds) fmt::print("{:8} {}\n", count, kind);
  fmt::print(
      "{} machines, {} questions, {} answered otherwise than by the kernel; {} routes and rules that the kernel "
      "refused left out, {} machines refused by the model alone, {} snapshots wrong\n",
      machines, tally.questions, tally.wrong, tally.refused_facts, tally.wrongly_refused, tally.wrong_snapshots);
  return tally.wrong == 0 && tally.wrongly_refused == 0 && tally.wrong_snapshots == 0 ? 0 : 1;
}

}  // namespace
}  // namespace sallyport

int main(int count, char** words) {
  uint64_t machines = 60, questions = 1000, seed = 1, first = 0;
  if (!sallyport::kernel::read_settings(
          count, words,
          {{"--machines", &machines}, {"--questions", &questions}, {"--seed", &seed}, {"--first", &first}})) {
    return sallyport::kernel::kWrongUsage;
  }
  return sallyport::run(machines, questions, seed, first);
}
