// Has the kernel forward generated packets and says how long it took. Run inside the router's namespace:
//   driver GENERATOR.o PACKETS RUNS CPU FLOWS STRIDE [udp|syn|syn-ack|ack|http [reply [ADDRESS]]]
// prints the nanoseconds per packet of the median, the fastest and the slowest run, as the kernel itself measured them,
// and the share of packets that came out on the far side: 1.0000, or the figure means nothing.

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <net/if.h>
#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "bench/http_payloads.h"
#include "settings.h"

namespace {

// Flows enter by the first and leave by the second, answers the other way round.
constexpr const char* kSides[2] = {"rin", "rout"};
constexpr uint32_t kKey = 0;
constexpr size_t kShortFrame = 14 + UDP_BYTES, kLongFrame = 14 + HTTP_BYTES;
static_assert(HTTP_BYTES == 28 + bench::kPayloadBytes);
constexpr uint32_t kBatch = 64;  // packets that the kernel takes through its stack at a time

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

void pin_to(int cpu) {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(cpu, &cpus);
  if (sched_setaffinity(0, sizeof cpus, &cpus) != 0) die("sched_setaffinity");
}

void read_mac(const char* interface, __u8* mac) {
  char path[64];
  std::snprintf(path, sizeof path, "/sys/class/net/%s/address", interface);
  std::FILE* file = std::fopen(path, "r");
  if (!file) die(path);
  unsigned bytes[6];
  const int read = std::fscanf(file, "%x:%x:%x:%x:%x:%x", bytes, bytes + 1, bytes + 2, bytes + 3, bytes + 4, bytes + 5);
  std::fclose(file);
  if (read != 6) die(path);
  std::copy(bytes, bytes + 6, mac);
}

class Generator {
 public:
  Generator(const char* file, bool reply) : object_(bpf_object__open_file(file, nullptr)), reply_(reply) {
    if (!object_ || bpf_object__load(object_) != 0) die(file);
  }
  ~Generator() { bpf_object__close(object_); }
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;

  void set_flows(uint32_t flows, uint32_t stride, generator_kind kind, uint32_t reply_to) {
    generator_settings settings = {};
    settings.kind = kind;
    frame_.assign(kind == KIND_HTTP ? kLongFrame : kShortFrame, 0);
    if (kind == KIND_HTTP) {
      const bench::HttpPayloads payloads(1);
      std::copy_n(payloads.payload(0), bench::kPayloadBytes, frame_.end() - bench::kPayloadBytes);
    }
    settings.reply = reply_ ? 1 : 0;
    settings.reply_to = reply_to;
    settings.flows = flows;
    settings.stride = stride;
    settings.sender_mac[0] = 2;
    settings.sender_mac[5] = 99;
    read_mac(in(), settings.router_mac);
    const uint32_t first = 0;
    if (bpf_map_update_elem(map("settings"), &kKey, &settings, BPF_ANY) != 0) die("settings");
    if (bpf_map_update_elem(map("next_flow"), &kKey, &first, BPF_ANY) != 0) die("next_flow");
  }

  // Where forwarded packets leave they are counted and end.
  void catch_them() {
    LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = static_cast<int>(if_nametoindex(out())), .attach_point = BPF_TC_EGRESS);
    LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = program("count_and_drop"), .flags = BPF_TC_F_REPLACE, .handle = 1,
                .priority = 1);
    const int made = bpf_tc_hook_create(&hook);
    if (made != 0 && made != -EEXIST) die("bpf_tc_hook_create");
    if (bpf_tc_attach(&hook, &options) != 0) die("bpf_tc_attach");
  }

  // Nanoseconds per packet.
  double run(int packets) {
    xdp_md context = {};
    context.data_end = static_cast<uint32_t>(frame_.size());
    context.ingress_ifindex = if_nametoindex(in());
    LIBBPF_OPTS(bpf_test_run_opts, test, .data_in = frame_.data(), .data_size_in = static_cast<uint32_t>(frame_.size()),
                .ctx_in = &context, .ctx_size_in = sizeof context, .repeat = packets,
                .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = kBatch);
    if (bpf_prog_test_run_opts(program("generate"), &test) != 0) die("bpf_prog_test_run_opts");
    return test.duration;
  }

  uint64_t arrived() {
    std::vector<uint64_t> by_cpu(static_cast<size_t>(libbpf_num_possible_cpus()));
    if (bpf_map_lookup_elem(map("arrived"), &kKey, by_cpu.data()) != 0) die("arrived");
    uint64_t all = 0;
    for (const uint64_t count : by_cpu) all += count;
    return all;
  }

 private:
  int map(const char* name) const { return bpf_object__find_map_fd_by_name(object_, name); }
  int program(const char* name) const { return bpf_program__fd(bpf_object__find_program_by_name(object_, name)); }

  const char* in() const { return kSides[reply_ ? 1 : 0]; }
  const char* out() const { return kSides[reply_ ? 0 : 1]; }

  bpf_object* object_;
  bool reply_;
  std::vector<unsigned char> frame_;
};

generator_kind kind_of(const char* word) {
  constexpr const char* kWords[] = {"udp", "syn", "syn-ack", "ack", "http"};
  for (int i = 0; i < 5; ++i) {
    if (std::strcmp(word, kWords[i]) == 0) return static_cast<generator_kind>(i);
  }
  std::fprintf(stderr, "driver: %s is not udp, syn, syn-ack, ack or http\n", word);
  std::exit(2);
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 7 || count > 10) {
    std::fprintf(
        stderr,
        "usage: driver GENERATOR.o PACKETS RUNS CPU FLOWS STRIDE [udp|syn|syn-ack|ack|http [reply [ADDRESS]]]\n");
    return 2;
  }
  const int packets = std::atoi(arguments[2]);
  const int runs = std::atoi(arguments[3]);
  if (packets <= 0 || runs <= 0) return 2;
  pin_to(std::atoi(arguments[4]));
  libbpf_set_print(nullptr);
  Generator generator(arguments[1], count >= 9);
  generator.set_flows(static_cast<uint32_t>(std::atol(arguments[5])), static_cast<uint32_t>(std::atol(arguments[6])),
                      count > 7 ? kind_of(arguments[7]) : KIND_UDP, count > 9 ? ntohl(inet_addr(arguments[9])) : 0);
  generator.catch_them();

  std::vector<double> times;
  for (int i = 0; i < runs; ++i) times.push_back(generator.run(packets));
  std::sort(times.begin(), times.end());
  const double reached = static_cast<double>(generator.arrived()) / (static_cast<double>(packets) * runs);
  std::printf("%.0f %.0f %.0f %.4f\n", times[times.size() / 2], times.front(), times.back(), reached);
  return 0;
}
