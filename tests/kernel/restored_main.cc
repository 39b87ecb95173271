// restored_lockstep: connections that are taken from the kernel's listing in the middle of a conversation and put back,
// there by conntrack(8)'s --load-file and here into an engine that has seen nothing: what each packet is to its
// connection from then on, and the table, must be equal.

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>

#include "kernel/connection_listings.h"
#include "kernel/conntrack_tables.h"
#include "kernel/engine_side.h"
#include "kernel/namespace_referee.h"
#include "kernel/settings.h"
#include "kernel/talks.h"
#include "kernel/tool.h"
#include "sallyport/bytes.h"
#include "sallyport/connection_text.h"
#include "support/packets.h"

namespace sallyport::kernel {
namespace {

// Nobody listens.
class Deaf final : public EventSink, public ConnectionEventSink {
 public:
  void emit(const Event&) override {}
  void emit(const ConnectionRecord&) override {}
};

struct Settings {
  uint64_t seed = 1;
  size_t dialogues = 200;
};

// A piece of a datagram: the others of it may wait in the kernel, but not in an engine that begins anew.
bool is_fragment(const Input& packet) {
  const std::vector<uint8_t>& bytes = packet.frame;
  if (bytes.size() < 40 || bytes[0] >> 4 == 4) return bytes.size() >= 8 && (load_be16(&bytes[6]) & 0x3fff) != 0;
  // It may stand behind other extension headers.
  uint8_t header = bytes[6];
  for (size_t at = 40;
       (header == kHopByHop || header == kRouting || header == kDestinationOptions) && at + 2 <= bytes.size();) {
    header = bytes[at];
    at += (size_t{bytes[at + 1]} + 1) * 8;
  }
  return header == kFragment;
}

class Comparison {
 public:
  Comparison(NamespaceReferee& referee, const Settings& settings, Family family)
      : referee_(referee), settings_(settings), draw_(settings.seed, family), family_(family) {
    path_ = (std::filesystem::temp_directory_path() / fmt::format("sallyport-restored-{}.save", getpid())).string();
  }
  ~Comparison() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  Comparison(const Comparison&) = delete;
  Comparison& operator=(const Comparison&) = delete;

  // False: something differs.
  bool run() {
    const TableSetting plain = {.what = "plain rules", .sysctls = {}, .kind = RuleKind::Plain};
    if (auto done = referee_.load(family_, rules_of(family_, plain.kind)); !done || !set_sysctls(plain)) return false;
    for (size_t i = 0; i < settings_.dialogues; ++i) {
      Talker talker(draw_, static_cast<uint32_t>(i));
      draw_.chance(80) ? talk_tcp(talker) : talk_udp(talker);
      if (!talk(talker.take(), i)) return false;
    }
    return true;
  }

  size_t packets() const { return packets_; }
  size_t restored() const { return restored_; }
  size_t given_up() const { return given_up_; }

 private:
  bool talk(const std::vector<Input>& packets, size_t number) {
    run_tool({"conntrack", "-F"});
    if (!begin_engine()) return false;
    size_t cut = draw_.below(static_cast<uint32_t>(packets.size()));
    while (cut < packets.size() && is_fragment(packets[cut])) ++cut;
    std::string story;
    for (size_t i = 0; i < packets.size(); ++i) {
      if (i == cut && !restore(story)) return false;
      ours_->set_time(tick_.time());
      const Observed theirs = referee_.pass(packets[i]);
      if (tick_.passed() > kUncertain_ticks) {
        ++given_up_;
        return true;
      }
      const Observed mine = ours_->pass(packets[i]);
      story += fmt::format("{} {}\n{}", packets[i].interface == 0 ? "A" : "B", test::to_hex(packets[i].frame),
                           text_of(mine));
      ++packets_;
      if (const std::string differs = difference(theirs, mine); !differs.empty()) return report(number, story, differs);
    }
    if (!listings_.read(tick_)) return true;
    ours_->let_pass(listings_.time);
    const std::string differs = connections_difference(listings_.connections, ours_->connections());
    return differs.empty() || report(number, story, differs);
  }

  bool report(size_t number, const std::string& story, const std::string& differs) const {
    fmt::print("conversation {} of seed {}\n{}differs:\n{}", number, settings_.seed, story, differs);
    return false;
  }

  bool begin_engine() {
    auto side = EngineSide::create(family_, rules_of(family_, RuleKind::Plain), deaf_, deaf_);
    if (!side) {
      fmt::print("the engine: {}\n", side.error().text());
      return false;
    }
    ours_ = std::move(*side);
    return true;
  }

  // The kernel's table through its listing into both.
  bool restore(std::string& story) {
    if (!listings_.read(tick_)) return true;
    std::ofstream file(path_);
    ConnectionReader reader(listings_.connections, "the kernel's table");
    for (ConnectionRecord record; reader.next(record);) {
      std::string line;
      write_connection(record, {.form = ConnectionForm::Save}, line);
      // conntrack(8) says nothing of marks in this form, but takes them.
      file << line << " -m " << record.mark << '\n';
      ++restored_;
    }
    file.close();
    run_tool({"conntrack", "-F"});
    const ToolResult loaded = run_tool({"conntrack", "--load-file", path_});
    if (loaded.status != 0) {
      fmt::print("conntrack --load-file: {}\n{}{}", loaded.err, listings_.connections, story);
      return false;
    }
    if (!begin_engine()) return false;
    ours_->let_pass(tick_.time());
    const auto restored = ours_->engine().restore_connections(listings_.connections, "the kernel's table");
    if (!restored) fmt::print("the engine: {}\n", restored.error().front().text());
    story += fmt::format("restored:\n{}", listings_.connections);
    return restored.has_value();
  }

  NamespaceReferee& referee_;
  const Settings& settings_;
  Draw draw_;
  Family family_;
  std::string path_;
  Deaf deaf_;
  std::unique_ptr<EngineSide> ours_;
  KernelTick tick_;
  Listings listings_;
  size_t packets_ = 0;
  size_t restored_ = 0;
  size_t given_up_ = 0;  // conversations during which the machine stood still
};

int run(const Settings& settings) {
  auto referee = NamespaceReferee::open();
  if (!referee) {
    fmt::print("NOT TESTED: restored connections on this machine's kernel.\nMissing: {}\n", referee.error().text());
    return kNotTested;
  }
  if (run_tool({"conntrack", "--version"}).status != 0) {
    fmt::print("NOT TESTED: restored connections on this machine's kernel.\nMissing: conntrack(8)\n");
    return kNotTested;
  }
  fmt::print("referee: {}\n", NamespaceReferee::version());
  for (const Family family : {Family::Ipv4, Family::Ipv6}) {
    Comparison comparison(**referee, settings, family);
    if (!comparison.run()) return 1;
    fmt::print(
        "{}: {} conversations, {} packets, {} connections restored, no difference; {} given up as the machine "
        "stood still\n",
        family == Family::Ipv4 ? "IPv4" : "IPv6", settings.dialogues, comparison.packets(), comparison.restored(),
        comparison.given_up());
    if (comparison.restored() == 0) return 1;
  }
  return 0;
}

}  // namespace
}  // namespace sallyport::kernel

int main(int count, char** words) try {
  setvbuf(stdout, nullptr, _IOLBF, 0);
  sallyport::kernel::Settings settings;
  if (!sallyport::kernel::read_settings(count, words,
                                        {{"--seed", &settings.seed}, {"--dialogues", &settings.dialogues}})) {
    return sallyport::kernel::kWrongUsage;
  }
  return sallyport::kernel::run(settings);
} catch (const std::exception& error) {
  std::fputs(error.what(), stderr);
  return 1;
}
