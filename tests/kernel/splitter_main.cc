// content_splitter: requests cut in every way that is known to slip through, sent to a real server and to the engine.
//
// The server decides what a request was. A rule of -m content --stream must have found the pattern wherever the server
// received it, and nowhere else; -m string must have counted what the kernel's counted, packet by packet.

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/content_tricks.h"
#include "kernel/settings.h"
#include "kernel/web_server.h"
#include "sallyport/bytes.h"
#include "sallyport/engine.h"

namespace sallyport::kernel {
namespace {

constexpr int kPatienceMs = 10000;

// The last rule stands for a router behind us at which decoys end; the rules before count them.
const std::string kKernelRules = fmt::format(
    "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n"
    "-A INPUT -m state --state INVALID\n"
    "-A INPUT -p tcp -m string --string {0} --algo bm\n"
    "-A INPUT -p tcp -m string --string {0} --algo kmp\n"
    "-A INPUT -m ttl --ttl-lt {1} -j DROP\n",
    kPattern, kLowestTtl);

constexpr size_t kStreamRule = 4, kUriRule = 5;

std::string engine_rules() {
  return kKernelRules + fmt::format(
                            "-A INPUT -p tcp -m content --stream --string {0}\n"
                            "-A INPUT -p tcp -m content --http-uri --string {0}\nCOMMIT\n",
                            kPattern);
}

// The engine as the same machine.
class Ours final : public PacketSink {
 public:
  static std::unique_ptr<Ours> make() {
    auto ruleset = read_ruleset(engine_rules(), "rules", Family::Ipv4, builtin_registry());
    std::vector<std::string> warnings;
    auto host = read_host_model(
        fmt::format("[[interface]]\nname = \"web\"\naddress = [\"{}/24\"]\n", WebServer::kAddress), "host", warnings);
    if (!ruleset || !host) {
      fmt::print("{}\n", ruleset ? host.error()[0].text() : ruleset.error()[0].text());
      return nullptr;
    }
    auto ours = std::make_unique<Ours>();
    EngineConfig config;
    config.rulesets.push_back(std::move(*ruleset));
    config.host = std::move(*host);
    config.sink = ours.get();
    auto engine = Engine::create(std::move(config));
    if (!engine) {
      fmt::print("{}\n", engine.error()[0].text());
      return nullptr;
    }
    ours->engine_ = std::move(*engine);
    return ours;
  }

  void ended(Packet&, Fate, Hook, const Decision&) override {}

  void pass(std::span<const uint8_t> bytes, bool from_server) {
    Packet& packet = packet_[0];
    packet.assign(bytes, 0);
    packet.in = from_server ? kNoInterface : InterfaceId{1};
    packet.number = ++number_;
    packet.time = number_ * kMillisecond;
    engine_->process(packet_);
  }

  uint64_t counted(size_t rule) const {
    for (const Chain& chain : engine_->ruleset(Family::Ipv4)->tables[0].chains) {
      if (chain.name == "INPUT") return chain.rules[rule].counters.packets;
    }
    return 0;
  }
  // The rules that the kernel has, too, as iptables-save -c prints their counters.
  std::string counters() const {
    std::string out;
    const std::string all = save_ruleset(*engine_->ruleset(Family::Ipv4), true);
    size_t at = all.find("\n[");
    for (size_t rule = 0; rule < kStreamRule && at != std::string::npos; ++rule) {
      const size_t end = all.find('\n', at + 1);
      out += all.substr(at + 1, end - at);
      at = end;
    }
    return out;
  }

 private:
  std::unique_ptr<Engine> engine_;
  std::vector<Packet> packet_ = std::vector<Packet>(1);
  Timestamp number_ = 0;
};

std::string kernel_counters(const WebServer& server) {
  std::string out;
  const std::string all = server.counters();
  for (size_t at = all.find("\n["); at != std::string::npos; at = all.find("\n[", at + 1)) {
    out += all.substr(at + 1, all.find('\n', at + 1) - at);
  }
  return out;
}

// One connection: the test is the client's TCP.
class Conversation {
 public:
  Conversation(WebServer& server, Ours& ours, uint16_t port) : server_(server), ours_(ours), client_(port) {}

  bool greet() {
    // The server may still be starting: then its kernel answers with RST.
    for (int i = 0; i < 10000; ++i) {
      send(client_.segment(TcpFlags::kSyn, -1, ""));
      const uint8_t flags = hear(kPatienceMs);
      ended_ = false;
      if ((flags & TcpFlags::kSyn) != 0) break;
      if (flags == 0) return false;
    }
    send(client_.segment(TcpFlags::kAck, 0, ""));
    return client_.server_sequence != 0;
  }
  void send(const Bytes& packet) {
    // Both sides must have seen what the server said so far.
    while (hear(0) != 0) {
    }
    ours_.pass(packet, false);
    server_.send(packet);
  }
  // What the server made of it: the text of its answer. Empty: it does not answer.
  std::string answer() {
    while (!ended_ && hear(kPatienceMs) != 0) {
    }
    return answer_;
  }
  void end() { send(client_.segment(TcpFlags::kRst, static_cast<int64_t>(client_.acknowledged), "")); }
  Client& client() { return client_; }

 private:
  // Takes the next packet of this connection in. Returns its flags, 0: none came.
  uint8_t hear(int patience_ms) {
    while (true) {
      const Bytes packet = server_.receive(patience_ms);
      if (packet.empty()) return 0;
      ours_.pass(packet, true);
      const size_t header = (packet[0] & 15) * 4u;
      if (packet.size() < header + 20 || packet[9] != kTcp || load_be16(&packet[header + 2]) != client_.port) continue;
      const uint8_t* tcp = &packet[header];
      const size_t data = header + (tcp[12] >> 4) * 4u;
      const uint32_t sequence = load_be32(tcp + 4);
      if ((tcp[13] & TcpFlags::kSyn) != 0) client_.server_sequence = sequence + 1;
      client_.acknowledged = load_be32(tcp + 8) - client_.sequence;
      if (packet.size() > data && sequence == client_.server_sequence) {
        answer_.append(packet.begin() + static_cast<std::ptrdiff_t>(data), packet.end());
        client_.server_sequence += static_cast<uint32_t>(packet.size() - data);
      }
      ended_ = ended_ || (tcp[13] & (TcpFlags::kFin | TcpFlags::kRst)) != 0;
      return tcp[13];
    }
  }

  WebServer& server_;
  Ours& ours_;
  Client client_;
  std::string answer_;
  bool ended_ = false;
};

struct Tally {
  size_t conversations = 0, packets = 0, held = 0, missed = 0, invented = 0, uri_missed = 0, exact_differs = 0,
         silent = 0;
  size_t bm_missed = 0;  // the server had it, the exact rule did not count: what -m content is for
};

void try_one(WebServer& server, Ours& ours, const Trick& trick, uint16_t port, Tally& tally) {
  Conversation conversation(server, ours, port);
  if (!conversation.greet()) {
    ++tally.silent;
    fmt::print("{}: the server does not greet\n", trick.name);
    return;
  }
  const uint64_t exact = ours.counted(2), stream = ours.counted(kStreamRule), uri = ours.counted(kUriRule);
  for (const Bytes& packet : trick.packets(conversation.client())) {
    conversation.send(packet);
    ++tally.packets;
  }
  const std::string answer = conversation.answer();
  conversation.end();
  ++tally.conversations;
  if (answer.empty()) {
    ++tally.silent;
    fmt::print("{}: the server does not answer\n", trick.name);
    return;
  }
  const size_t body = answer.find("\r\n\r\n");
  const size_t path = answer.find("][");
  const bool ok = body != std::string::npos && path != std::string::npos;
  const bool as_sent = ok && answer.substr(body, path - body).find(kPattern) != std::string::npos;
  const bool as_path = ok && answer.find(kPattern, path) != std::string::npos;
  const bool found = ours.counted(kStreamRule) != stream, found_uri = ours.counted(kUriRule) != uri;
  tally.held += as_sent || as_path ? 1 : 0;
  tally.missed += as_sent && !found ? 1 : 0;
  tally.uri_missed += as_path && !found_uri ? 1 : 0;
  tally.invented += found && !as_sent ? 1 : 0;
  tally.bm_missed += as_sent && ours.counted(2) == exact ? 1 : 0;
  if ((as_sent && !found) || (found && !as_sent) || (as_path && !found_uri)) {
    fmt::print("{}: the server received {}, the stream rule {}, the URI rule {}\n", trick.name,
               answer.substr(body == std::string::npos ? 0 : body + 4), found ? "counts" : "does not count",
               found_uri ? "counts" : "does not count");
  }
}

int run(uint64_t seed, size_t random_tricks) {
  auto server = WebServer::start(kKernelRules + "COMMIT\n");
  if (!server) {
    fmt::print("NOT TESTED: cut and disguised requests against a real server.\nMissing: {}\n", server.error().text());
    return kNotTested;
  }
  auto ours = Ours::make();
  if (!ours) return 1;
  Tally tally;
  uint16_t port = 20000;
  std::string before;
  for (const Trick& trick : all_tricks(seed, random_tricks)) {
    try_one(**server, *ours, trick, ++port, tally);
    const std::string theirs = kernel_counters(**server);
    if (theirs != ours->counters() && theirs != before) {
      ++tally.exact_differs;
      fmt::print("{}: counters differ\nkernel:\n{}ours:\n{}", trick.name, theirs, ours->counters());
      break;
    }
    before = theirs;
  }
  fmt::print(
      "{} conversations, {} packets; the server held the pattern in {}; of these -m string missed {}, --stream {}, "
      "--http-uri {}; --stream invented {}; exact counters differ {} times; {} without an answer\n",
      tally.conversations, tally.packets, tally.held, tally.bm_missed, tally.missed, tally.uri_missed, tally.invented,
      tally.exact_differs, tally.silent);
  return tally.missed + tally.uri_missed + tally.invented + tally.exact_differs + tally.silent == 0 && tally.held > 0
             ? 0
             : 1;
}

}  // namespace
}  // namespace sallyport::kernel

int main(int count, char** words) {
  setvbuf(stdout, nullptr, _IOLBF, 0);
  uint64_t seed = 1, random_tricks = 200;
  if (!sallyport::kernel::read_settings(count, words, {{"--seed", &seed}, {"--random", &random_tricks}})) {
    return sallyport::kernel::kWrongUsage;
  }
  return sallyport::kernel::run(seed, random_tricks);
}
