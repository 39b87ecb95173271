// A module in a process of its own.

#include "engine/module_process.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <type_traits>

#include "engine/event_record.h"
#include "sallyport/connection.h"
#include "sallyport/random.h"
#include "wire/parse.h"

namespace sallyport {
namespace {

constexpr uint32_t kMostPlaces = 32;
constexpr uint32_t kMostMetrics = 64;
constexpr uint32_t kMostFrame = 128 * 1024;
constexpr uint32_t kEventRoom = 64 * 1024;
constexpr uint32_t kMostText = 512;
constexpr Duration kUsualPatience = kSecond;
// A module that fails so often with nothing right in between is not started again.
constexpr uint32_t kMostFailuresInARow = 16;

class NoLog final : public LogSink {
 public:
  void line(uint8_t, std::string_view) override {}
  void packet(uint16_t, std::string_view, uint32_t, const Packet&, const HookContext&) override {}
};

class NoNat final : public Nat {
 public:
  void map(Packet&, const HookContext&, NatEnd, const NatRequest&) override {}
  void bind(Packet&, InterfaceId) override {}
};

size_t connection_bytes(Family family) {
  return family == Family::Ipv4 ? sizeof(Ipv4Connection) : sizeof(Ipv6Connection);
}
// Where the whole object begins that the Connection is a part of.
const void* begin_of(const Connection& connection) {
  if (connection.family == Family::Ipv4) return static_cast<const Ipv4Connection*>(&connection);
  return static_cast<const Ipv6Connection*>(&connection);
}

}  // namespace

// What the engine lays down, and what the child answers. Anonymous shared memory, all zeros at first.
struct ModuleProcess::Shared {
  enum class Said : uint8_t { Nothing, Ready, Refused, Decided, Threw };

  // The question.
  uint32_t place;
  Hook hook;
  InterfaceId in, out;
  bool wants_events;
  bool has_connection;
  Timestamp now;
  PacketFacts facts;
  uint32_t network_offset;
  alignas(64) std::array<std::byte, sizeof(Ipv6Connection)> connection;

  // The answer.
  Said said;
  uint8_t verdict;
  uint8_t bypass;
  uint8_t changed;  // the packet's bytes
  uint16_t queue;
  uint32_t mark;
  uint32_t connection_mark;
  uint32_t text_bytes;
  uint32_t event_bytes;
  uint32_t places_count;
  std::array<Place, kMostPlaces> places;

  // Both ways.
  uint32_t frame_bytes;
  std::array<char, kMostText> text;
  std::array<uint64_t, kMostMetrics> metrics;
  std::array<uint8_t, kMostFrame> frame;
  std::array<std::byte, kEventRoom> events;

  void say(Said what, std::string_view why) {
    said = what;
    text_bytes = static_cast<uint32_t>(std::min<size_t>(why.size(), kMostText));
    std::memcpy(text.data(), why.data(), text_bytes);
  }
  std::string why() const { return {text.data(), std::min<size_t>(text_bytes, kMostText)}; }
};

// The other side: lives in the child alone, until the child ends.
struct ModuleProcess::Child final : ModuleSetup {
  Child(const ModuleUse& started, const Router& router, uint64_t seed, Shared& shared)
      : use(started), routes(router), random(seed), pages(shared), writer(shared.events), state(seed) {}

  const Options& options() const override { return use.options; }
  const Router& router() const override { return routes; }
  SharedState& shared() override { return state; }
  SipHashKey key() override {
    const uint64_t first = random.next64();
    return {first, random.next64()};
  }
  uint64_t& metric(std::string_view name) override {
    const auto& known = use.module->type().metrics;
    const auto found = std::ranges::find(known, name, &Described::name);
    const auto number = static_cast<size_t>(found - known.begin());
    return found == known.end() || number >= kMostMetrics ? unseen : pages.metrics[number];
  }
  void add_hook(std::shared_ptr<HookModule> module, Hook hook, int priority, Families families) override {
    if (pages.places_count >= kMostPlaces) return;
    pages.places[pages.places_count++] = {hook, priority, families};
    hooks.push_back(std::move(module));
  }
  Nat& nat() override { return no_nat; }
  void on_command(ModuleCommand) override {}

  void start() {
    pages.places_count = 0;
    try {
      const Result<void> done = use.module->type().start(*this);
      pages.say(done ? Shared::Said::Ready : Shared::Said::Refused, done ? "" : done.error().what);
    } catch (const std::exception& problem) {
      pages.say(Shared::Said::Refused, std::string("it threw: ") + problem.what());
    } catch (...) {
      pages.say(Shared::Said::Refused, "it threw something that is no std::exception");
    }
  }

  void answer() {
    clock.advance_to(pages.now);
    packet.assign({pages.frame.data(), pages.frame_bytes}, pages.network_offset);
    static_cast<PacketFacts&>(packet) = pages.facts;
    packet.connection = nullptr;
    if (pages.has_connection) {
      std::memcpy(connection.data(), pages.connection.data(), connection.size());
      packet.connection = pages.facts.family == Family::Ipv4
                              ? static_cast<Connection*>(reinterpret_cast<Ipv4Connection*>(connection.data()))
                              : static_cast<Connection*>(reinterpret_cast<Ipv6Connection*>(connection.data()));
    }
    HookContext context = {.hook = pages.hook,
                           .in = pages.in,
                           .out = pages.out,
                           .router = &routes,
                           .clock = &clock,
                           .random = &random,
                           .log = &no_log,
                           .events = pages.wants_events ? &writer : nullptr};
    writer.clear();
    pages.text_bytes = 0;
    try {
      const Verdict verdict = hooks[pages.place]->handle(packet, context);
      pages.verdict = static_cast<uint8_t>(verdict.kind);
      pages.bypass = verdict.bypass ? 1 : 0;
      pages.queue = verdict.queue;
      pages.said = Shared::Said::Decided;
    } catch (const std::exception& problem) {
      pages.say(Shared::Said::Threw, problem.what());
    } catch (...) {
      pages.say(Shared::Said::Threw, "something that is no std::exception");
    }
    pages.event_bytes = writer.used();
    pages.mark = packet.mark;
    if (packet.connection != nullptr) pages.connection_mark = packet.connection->mark;
    lay_down_changes();
  }

  void lay_down_changes() {
    const std::span<const uint8_t> now(packet.link_header().data(), packet.link_header().size() + packet.captured());
    const std::span<const uint8_t> before(pages.frame.data(), pages.frame_bytes);
    pages.changed = 0;
    if (now.size() > pages.frame.size() || std::ranges::equal(now, before)) return;
    pages.changed = 1;
    pages.frame_bytes = static_cast<uint32_t>(now.size());
    std::ranges::copy(now, pages.frame.begin());
  }

  [[noreturn]] void serve(int socket) {
    start();
    for (char byte = 0; send(socket, &byte, 1, MSG_NOSIGNAL) == 1 && recv(socket, &byte, 1, 0) == 1;) answer();
    _exit(0);
  }

  const ModuleUse& use;
  const Router& routes;
  Random random;
  Shared& pages;
  EventWriter writer;
  SharedState state;
  NoNat no_nat;
  NoLog no_log;
  Clock clock;
  Packet packet;
  alignas(64) std::array<std::byte, sizeof(Ipv6Connection)> connection = {};
  std::vector<std::shared_ptr<HookModule>> hooks;
  uint64_t unseen = 0;
};

ModuleProcess::ModuleProcess(const ModuleUse& use, const Router& router, uint64_t seed)
    : use_(use), router_(router), seed_(seed) {}

Result<std::unique_ptr<ModuleProcess>> ModuleProcess::start(const ModuleUse& use, const Router& router, uint64_t seed) {
  std::unique_ptr<ModuleProcess> process(new ModuleProcess(use, router, seed));
  void* const memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return fail(fmt::format("no memory to share with it: {}", std::strerror(errno)));
  process->shared_ = new (memory) Shared();
  if (auto begun = process->begin(); !begun) return std::unexpected(begun.error());
  return process;
}

ModuleProcess::~ModuleProcess() {
  end();
  if (shared_ != nullptr) munmap(shared_, sizeof(Shared));
}

std::span<const ModuleProcess::Place> ModuleProcess::places() const {
  return std::span<const Place>(shared_->places).first(std::min(shared_->places_count, kMostPlaces));
}

std::vector<std::pair<std::string, uint64_t>> ModuleProcess::metrics() const {
  std::vector<std::pair<std::string, uint64_t>> all;
  const auto& known = use_.module->type().metrics;
  for (size_t i = 0; i < std::min<size_t>(known.size(), kMostMetrics); ++i) {
    all.emplace_back(known[i].name, shared_->metrics[i]);
  }
  std::ranges::sort(all);
  return all;
}

Result<void> ModuleProcess::begin() {
  std::array<int, 2> ends = {};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return fail(fmt::format("no way to talk to it: {}", std::strerror(errno)));
  }
  shared_->said = Shared::Said::Nothing;
  child_ = fork();
  if (child_ == 0) {
    // Nothing of the engine's is left open: its sockets, its files, and the other side of this one.
    const auto own = static_cast<unsigned>(ends[1]);
    if (own > 3) close_range(3, own - 1, 0);
    close_range(own + 1, ~0u, 0);
    // What a terminal sends to all is for the engine, which then ends the child.
    for (const int signal : {SIGINT, SIGHUP}) std::signal(signal, SIG_IGN);
    std::signal(SIGTERM, SIG_DFL);
    const rlimit none = {};
    setrlimit(RLIMIT_CORE, &none);
    (new Child(use_, router_, seed_, *shared_))->serve(ends[1]);
  }
  close(ends[1]);
  socket_ = ends[0];
  if (child_ < 0) return fail(fmt::format("no process for it: {}", std::strerror(errno)));
  const Answer answer = wait_for_answer();
  if (answer == Answer::Given && shared_->said == Shared::Said::Ready) return {};
  const std::string why = answer == Answer::Died   ? "its process ended while it started"
                          : answer == Answer::Late ? "it did not start in time"
                                                   : shared_->why();
  end();
  return fail(why);
}

void ModuleProcess::end() {
  if (socket_ >= 0) close(socket_);
  socket_ = -1;
  if (child_ > 0) {
    kill(child_, SIGKILL);
    while (waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  child_ = -1;
}

ModuleProcess::Answer ModuleProcess::wait_for_answer() const {
  const auto budget = static_cast<Duration>(use_.options.number("budget"));
  const int patience_ms =
      static_cast<int>(std::max<Duration>((budget != 0 ? budget : kUsualPatience) / kMillisecond, 1));
  pollfd waiting = {.fd = socket_, .events = POLLIN, .revents = 0};
  int ready = 0;
  while ((ready = poll(&waiting, 1, patience_ms)) < 0 && errno == EINTR) {
  }
  if (ready == 0) return Answer::Late;
  char byte = 0;
  return recv(socket_, &byte, 1, 0) == 1 ? Answer::Given : Answer::Died;
}

Verdict ModuleProcess::handle(uint32_t place, Packet& packet, HookContext& context) {
  const Verdict by_policy = use_.guard->policy() == FailurePolicy::Open ? Verdict::accept() : Verdict::drop();
  if (child_ < 0 && failures_in_a_row_ >= kMostFailuresInARow) return by_policy;
  if (!hand_over(place, packet, context)) return by_policy;
  char byte = 0;
  const bool asked = send(socket_, &byte, 1, MSG_NOSIGNAL) == 1;
  const Answer answer = asked ? wait_for_answer() : Answer::Died;
  if (answer != Answer::Given) return failed(answer, context);
  failures_in_a_row_ = 0;
  if (context.events != nullptr) tell_events(packet, context);
  if (shared_->said == Shared::Said::Threw) {
    use_.guard->tell_exception(context, shared_->why());
    return by_policy;
  }
  packet.mark = shared_->mark;
  if (packet.connection != nullptr) packet.connection->mark = shared_->connection_mark;
  if (shared_->changed != 0 && !take_back(packet)) return Verdict::drop();
  switch (static_cast<Verdict::Kind>(shared_->verdict)) {
    case Verdict::Kind::Accept:
      return Verdict::accept();
    case Verdict::Kind::Queue:
      return Verdict::queued(shared_->queue, shared_->bypass != 0);
    default:
      return Verdict::drop();  // to steal it, it would need it
  }
}

// The child is gone or lost. Another begins, unless that has come to nothing too often.
Verdict ModuleProcess::failed(Answer answer, HookContext& context) {
  std::string what = "no answer in time: it was ended";
  if (answer == Answer::Died) {
    int status = 0;
    while (waitpid(child_, &status, 0) < 0 && errno == EINTR) {
    }
    child_ = -1;
    what = WIFSIGNALED(status) ? fmt::format("signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)))
                               : fmt::format("it ended itself with {}", WEXITSTATUS(status));
  }
  end();
  ++failures_in_a_row_;
  const bool again = failures_in_a_row_ < kMostFailuresInARow;
  if (!again) what += "; it is not started any more";
  use_.guard->tell_crash(context, what);
  if (again && !begin()) failures_in_a_row_ = kMostFailuresInARow;
  return use_.guard->policy() == FailurePolicy::Open ? Verdict::accept() : Verdict::drop();
}

bool ModuleProcess::hand_over(uint32_t place, const Packet& packet, const HookContext& context) {
  Shared& to = *shared_;
  const std::span<const uint8_t> frame(packet.link_header().data(), packet.link_header().size() + packet.captured());
  if (frame.size() > to.frame.size()) return false;
  to.place = place;
  to.hook = context.hook;
  to.in = context.in;
  to.out = context.out;
  to.wants_events = context.events != nullptr;
  to.now = context.now();
  to.facts = packet;
  to.network_offset = static_cast<uint32_t>(packet.link_header().size());
  to.frame_bytes = static_cast<uint32_t>(frame.size());
  std::ranges::copy(frame, to.frame.begin());
  to.facts.connection_template = nullptr;
  to.has_connection = packet.connection != nullptr;
  if (packet.connection == nullptr) return true;
  // Its pointers lead nowhere in the child.
  const Connection& connection = *packet.connection;
  std::memcpy(to.connection.data(), begin_of(connection), connection_bytes(connection.family));
  auto* const copy = connection.family == Family::Ipv4
                         ? static_cast<Connection*>(reinterpret_cast<Ipv4Connection*>(to.connection.data()))
                         : static_cast<Connection*>(reinterpret_cast<Ipv6Connection*>(to.connection.data()));
  copy->extra = nullptr;
  copy->master = nullptr;
  return true;
}

// False: what came back is no packet.
bool ModuleProcess::take_back(Packet& packet) const {
  const uint32_t bytes = shared_->frame_bytes, offset = static_cast<uint32_t>(packet.link_header().size());
  if (bytes > shared_->frame.size() || bytes < offset) return false;
  const PacketFacts facts = packet;
  std::vector<uint16_t> later = std::move(packet.later_fragments);
  packet.assign(std::span<const uint8_t>(shared_->frame).first(bytes), offset);
  static_cast<PacketFacts&>(packet) = facts;
  packet.link_original_length = bytes;
  packet.later_fragments = std::move(later);
  return parse(packet) == Malformed::None && packet.family == facts.family;
}

void ModuleProcess::tell_events(const Packet& packet, HookContext& context) const {
  const size_t bytes = std::min<size_t>(shared_->event_bytes, shared_->events.size());
  replay_events(std::span<const std::byte>(shared_->events).first(bytes), packet, context, *context.events);
}

}  // namespace sallyport
