// Events given to files, sockets and slow readers.

#include "sallyport/event_output.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <thread>

namespace sallyport {
namespace {

namespace fs = std::filesystem;

struct Folder {
  Folder() {
    std::string name = (fs::temp_directory_path() / "sallyport.XXXXXX").string();
    path = mkdtemp(name.data());
  }
  ~Folder() { fs::remove_all(path); }
  std::string operator/(const char* name) const { return (path / name).string(); }
  fs::path path;
};

std::string contents(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  return out.str();
}

size_t lines_in(std::string_view text) { return static_cast<size_t>(std::ranges::count(text, '\n')); }

void emit(EventSink& sink, uint64_t number) {
  const EventField fields[] = {{"n", number}};
  sink.emit({.type = "rate", .time = kSecond, .fields = fields});
}

// A socket that somebody listens on.
class Listener {
 public:
  Listener(const std::string& path, int type) : number_(socket(AF_UNIX, type, 0)) {
    sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
    std::memcpy(address.sun_path, path.data(), path.size());
    EXPECT_EQ(bind(number_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    if (type == SOCK_STREAM) {
      EXPECT_EQ(listen(number_, 1), 0);
    }
  }
  ~Listener() { close(number_); }
  int number() const { return number_; }

  // Reads the first connection to its end. `before` is run ahead of each read with what came so far.
  std::string read_all(const std::function<void(size_t)>& before = [](size_t) {}) const {
    const int connection = accept(number_, nullptr, nullptr);
    std::string all;
    char buffer[4096];
    for (ssize_t got = 1; got > 0;) {
      before(all.size());
      got = read(connection, buffer, sizeof buffer);
      if (got > 0) all.append(buffer, static_cast<size_t>(got));
    }
    close(connection);
    return all;
  }

 private:
  int number_;
};

TEST(EventOutput, FollowsARotatedFile) {
  const Folder folder;
  auto output = EventOutput::open({.to = {folder / "events"}});
  ASSERT_TRUE(output);
  emit(**output, 1);
  while ((*output)->counters().written < 1) std::this_thread::yield();
  fs::rename(folder / "events", folder / "events.1");
  (*output)->reopen();
  while (!fs::exists(folder / "events")) std::this_thread::yield();
  emit(**output, 2);
  ASSERT_TRUE((*output)->finish());
  EXPECT_TRUE(contents(folder / "events.1").contains(R"("n":1)"));
  EXPECT_TRUE(contents(folder / "events").contains(R"("n":2)"));
  EXPECT_EQ(lines_in(contents(folder / "events.1")), 1u);
  EXPECT_EQ(lines_in(contents(folder / "events")), 1u);
}

TEST(EventOutput, TellsWhereItCannotWrite) {
  const auto output = EventOutput::open({.to = {"/dev/full"}});
  ASSERT_TRUE(output);
  emit(**output, 1);
  const auto finished = (*output)->finish();
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().file, "/dev/full");
  EXPECT_EQ((*output)->counters().lost, 1u);
}

TEST(EventOutput, GivesASyslogSocketALineADatagram) {
  const Folder folder;
  const Listener listener(folder / "log", SOCK_DGRAM);
  auto output = EventOutput::open({.to = {"syslog:" + folder / "log"}});
  ASSERT_TRUE(output) << output.error().text();
  emit(**output, 5);
  char buffer[4096];
  const ssize_t got = recv(listener.number(), buffer, sizeof buffer, 0);
  ASSERT_GT(got, 0);
  const std::string_view line(buffer, static_cast<size_t>(got));
  EXPECT_TRUE(line.starts_with("<30>sallyport[")) << line;
  EXPECT_TRUE(line.ends_with(R"("rate":{"n":5}})")) << line;
}

// Three readers that do not read until all has been emitted: what found room comes, the rest is announced.
TEST(EventOutput, AnnouncesWhatSlowReadersLost) {
  constexpr uint64_t kEvents = 100'000;
  const Folder folder;
  std::vector<std::unique_ptr<Listener>> listeners;
  std::vector<std::string> places;
  for (const char* name : {"a", "b", "c"}) {
    listeners.push_back(std::make_unique<Listener>(folder / name, SOCK_STREAM));
    places.push_back("unix:" + folder / name);
  }
  auto output = EventOutput::open({.to = places, .queue_bytes = 4096});
  ASSERT_TRUE(output) << output.error().text();
  for (uint64_t i = 0; i < kEvents; ++i) emit(**output, i);

  std::vector<std::string> read(3);
  std::vector<std::thread> readers;
  for (size_t i = 0; i < 3; ++i) readers.emplace_back([&, i] { read[i] = listeners[i]->read_all(); });
  EXPECT_TRUE((*output)->finish());
  const EventOutputCounters counters = (*output)->counters();
  output->reset();  // closes the connections
  for (std::thread& reader : readers) reader.join();

  uint64_t received_in_all = 0, announced_in_all = 0;
  for (const std::string& text : read) {
    uint64_t received = 0, announced = 0;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      const size_t lost = line.find(R"("events_lost":)");
      if (lost == std::string::npos) {
        EXPECT_TRUE(line.contains(R"("rate":{"n":)")) << line;
        ++received;
      } else {
        announced += std::stoull(line.substr(lost + 14));
      }
    }
    EXPECT_EQ(received + announced, kEvents);
    EXPECT_GT(announced, 0u);
    received_in_all += received;
    announced_in_all += announced;
  }
  EXPECT_EQ(counters.events, kEvents);
  EXPECT_EQ(counters.written, received_in_all);
  EXPECT_EQ(counters.lost, announced_in_all);
}

TEST(EventOutput, WaitsForASlowReaderWhereNothingMayBeLost) {
  constexpr uint64_t kEvents = 20'000;
  const Folder folder;
  const Listener listener(folder / "a", SOCK_STREAM);
  auto output = EventOutput::open({.to = {"unix:" + folder / "a"}, .wait = true, .queue_bytes = 4096});
  ASSERT_TRUE(output);
  std::string text;
  std::thread reader([&] { text = listener.read_all(); });
  for (uint64_t i = 0; i < kEvents; ++i) emit(**output, i);
  EXPECT_TRUE((*output)->finish());
  output->reset();
  reader.join();
  EXPECT_EQ(lines_in(text), kEvents);
}

// A reader that goes away in the middle and one that comes after it: each gets whole lines, or at most one cut at its
// very end.
TEST(EventOutput, BeginsWithAWholeLineForTheNextReader) {
  const Folder folder;
  auto first = std::make_unique<Listener>(folder / "a", SOCK_STREAM);
  auto output = EventOutput::open({.to = {"unix:" + folder / "a"}, .queue_bytes = 1 << 16});
  ASSERT_TRUE(output);
  for (uint64_t i = 0; i < 10'000; ++i) emit(**output, i);  // more than the socket holds: it stands in mid-line
  fs::remove(folder / "a");
  const Listener second(folder / "a", SOCK_STREAM);
  first.reset();  // nobody has read a byte
  std::string text;
  std::thread reader([&] { text = second.read_all(); });
  for (uint64_t i = 0; i < 100; ++i) emit(**output, i);
  EXPECT_FALSE((*output)->finish());
  output->reset();
  reader.join();
  EXPECT_TRUE(text.starts_with(R"({"timestamp")")) << text.substr(0, 100);
  EXPECT_TRUE(text.contains("events_lost"));
}

}  // namespace
}  // namespace sallyport
