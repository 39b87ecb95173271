// More events than three readers can take: for each of them what it received and what it was told is lost are together
// all that there were. Lines are looked at as they come; of each shape (numbers, addresses and times taken out) one is
// kept, so that the few shapes can be held to the schema for all the lines.

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bounds/bounds.h"
#include "sallyport/engine.h"
#include "sallyport/event_output.h"
#include "sallyport/registry.h"
#include "support/packets.h"

namespace sallyport::bounds {
namespace {

constexpr std::string_view kTime = "2026-01-01T00:00:00.000000+0000";
constexpr std::string_view kCommunity = "1:AAAAAAAAAAAAAAAAAAAAAAAAAAA=";

// A line with its numbers made equal. Whether a time or a Community ID has the right form is judged by its length.
std::string shape_of(std::string_view line) {
  std::string shape;
  for (size_t at = 0; at < line.size();) {
    if (line[at] == '"') {
      const size_t end = line.find('"', at + 1);
      if (end == std::string_view::npos) return std::string(line);
      const std::string_view text = line.substr(at + 1, end - at - 1);
      shape += '"';
      if (text.size() == kTime.size() && text[10] == 'T' && text.ends_with("+0000")) {
        shape += kTime;
      } else if (text.size() == kCommunity.size() && text.starts_with("1:") && text.ends_with('=')) {
        shape += kCommunity;
      } else {
        for (size_t i = 0; i < text.size(); ++i) {
          const bool digit = std::isdigit(static_cast<unsigned char>(text[i])) != 0;
          if (!digit) shape += text[i];
          if (digit && (i == 0 || std::isdigit(static_cast<unsigned char>(text[i - 1])) == 0)) shape += '1';
        }
      }
      shape += '"';
      at = end + 1;
    } else if (std::isdigit(static_cast<unsigned char>(line[at])) != 0) {
      while (at < line.size() && std::isdigit(static_cast<unsigned char>(line[at])) != 0) ++at;
      shape += '1';
    } else {
      shape += line[at++];
    }
  }
  return shape;
}

// Reads one socket to its end, a little at a time.
class Reader {
 public:
  Reader(const std::string& path, size_t piece) : listener_(socket(AF_UNIX, SOCK_STREAM, 0)), buffer_(piece) {
    sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
    std::memcpy(address.sun_path, path.data(), path.size());
    ready_ = bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 && listen(listener_, 1) == 0;
    thread_ = std::thread([this] { read_all(); });
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() { close(listener_); }
  void join() { thread_.join(); }
  bool ready() const { return ready_; }

  uint64_t received = 0;
  uint64_t announced = 0;
  uint64_t with_control_bytes = 0;
  std::set<std::string> shapes = {};

 private:
  void read_all() {
    const int connection = accept(listener_, nullptr, nullptr);
    std::string line;
    for (ssize_t got; (got = read(connection, buffer_.data(), buffer_.size())) > 0;) {
      for (const char byte : std::span(buffer_).first(static_cast<size_t>(got))) {
        if (byte != '\n') {
          line += byte;
          continue;
        }
        take(line);
        line.clear();
      }
    }
    if (!line.empty()) ++with_control_bytes;  // it is not ended
    close(connection);
  }

  void take(std::string_view line) {
    with_control_bytes +=
        std::ranges::any_of(line, [](char byte) { return byte >= 0 && (byte < 0x20 || byte == 0x7f); });
    shapes.insert(shape_of(line));
    constexpr std::string_view kLost = R"("events_lost":)";
    const size_t lost = line.find(kLost);
    if (lost == std::string_view::npos) {
      ++received;
      return;
    }
    uint64_t number = 0;
    std::from_chars(line.data() + lost + kLost.size(), line.data() + line.size(), number);
    announced += number;
  }

  int listener_;
  std::vector<char> buffer_;
  bool ready_ = false;
  std::thread thread_;
};

// An engine that drops, maps and refuses, with more connections than its table holds.
class Source {
 public:
  explicit Source(EventSink& events) {
    HostModel host = HostModel::pair("in0", "out0");
    host.set_sysctl("net.netfilter.nf_conntrack_max", 1000);
    host.set_sysctl("net.netfilter.nf_conntrack_acct", 1);
    EngineConfig config = {.host = std::move(host), .events = &events, .flows = true};
    config.rulesets.push_back(
        *read_ruleset("*nat\n-A POSTROUTING -p udp -j SNAT --to-source 203.0.113.9\nCOMMIT\n"
                      "*filter\n-A FORWARD -p tcp -m tcp --dport 81 -j DROP\nCOMMIT\n",
                      "rules", Family::Ipv4, builtin_registry()));
    engine_ = std::move(*Engine::create(std::move(config)));
    add(test::udp4("192.0.2.1:1000 > 198.51.100.2:53", "question"));
    add(test::tcp4("192.0.2.1:1000 > 198.51.100.2:81", test::kSyn));
    add(test::tcp4("192.0.2.1:1000 > 198.51.100.2:80", test::kSyn | test::kFin));
    add(test::icmp4("192.0.2.1 > 198.51.100.2", 0, 0, 7));
    Packet cut = test::udp4("192.0.2.1:1000 > 198.51.100.2:53", "cut");
    cut.data()[0] = 0x42;  // a header of eight bytes
    add(std::move(cut));
  }

  void next() {
    const Packet& said = packets_[number_ % packets_.size()];
    burst_.front().assign(said.bytes(), 0);
    Packet& packet = burst_.front();
    packet.in = InterfaceId{1};
    packet.number = ++number_;
    packet.time = static_cast<Timestamp>(number_) * kMicrosecond;
    // Another source each time; checksums are of no account here.
    packet.checksum_trusted = true;
    if (packet.data()[0] == 0x45) {
      store_be16(packet.data() + 14, static_cast<uint16_t>(number_ >> 8));
      store_be16(packet.data() + 20, static_cast<uint16_t>(number_ | 1));
      store_be16(packet.data() + 10, 0);
      uint32_t sum = 0;
      for (size_t at = 0; at < 20; at += 2) sum += load_be16(packet.data() + at);
      sum = (sum & 0xffff) + (sum >> 16);
      store_be16(packet.data() + 10, static_cast<uint16_t>(~(sum + (sum >> 16))));
    }
    engine_->process(burst_);
  }

 private:
  void add(Packet packet) { packets_.push_back(std::move(packet)); }

  std::vector<Packet> packets_;
  std::vector<Packet> burst_ = std::vector<Packet>(1);
  uint64_t number_ = 0;
  std::unique_ptr<Engine> engine_;
};

}  // namespace

bool event_flood(uint64_t events) {
  std::string name = (std::filesystem::temp_directory_path() / "sallyport.XXXXXX").string();
  const std::filesystem::path folder = mkdtemp(name.data());
  std::vector<std::unique_ptr<Reader>> readers;
  EventOutputConfig config = {.queue_bytes = size_t{256} * 1024};
  for (const size_t piece : {64, 512, 4096}) {
    const std::string path = folder / fmt::format("reader{}", readers.size());
    readers.push_back(std::make_unique<Reader>(path, piece));
    if (!expect(readers.back()->ready(), "a socket to read from")) std::abort();
    config.to.push_back("unix:" + path);
  }
  auto output = EventOutput::open(config);
  if (!output) {
    fmt::print("{}\n", output.error().text());
    std::abort();
  }
  Source source(**output);
  while ((*output)->counters().events < events) source.next();
  bool held = expect((*output)->finish().has_value(), "the sockets take what there is");
  const EventOutputCounters counters = (*output)->counters();
  output->reset();
  std::set<std::string> shapes;
  uint64_t lost = 0;
  for (const auto& reader : readers) {
    reader->join();
    fmt::print("{} events: {} received, {} announced as lost\n", counters.events, reader->received, reader->announced);
    held &= expect(reader->received + reader->announced == counters.events, "received and announced are all");
    held &= expect(reader->with_control_bytes == 0, "no raw control byte, no line without end");
    shapes.merge(reader->shapes);
    lost += reader->announced;
  }
  held &= expect(lost > 0, "readers so slow that something is lost");
  held &= expect(lost == counters.lost, "what is announced is what was counted");
  std::filesystem::remove_all(folder);
  std::ofstream file("event_shapes.json");
  for (const std::string& shape : shapes) file << shape << '\n';
  fmt::print("{} shapes of lines, in event_shapes.json\n", shapes.size());
  return held;
}

}  // namespace sallyport::bounds
