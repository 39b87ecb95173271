// rate_watch: what each source does over a sliding window, with events when it rises over a threshold and when it
// falls.
//
//   --module rate_watch:window=10s,packets=1000:500
//   --module rate_watch:name=scan,window=60s,ports=low@20:5/high@200:50,prefix4=24,whitelist=10.0.0.0/8
//   -m rate_watch --name scan --over -j DROP       who is over any threshold; --threshold high: over that one
//
// watch.h has the definition of what is counted and when a source rises and falls.

#include <sallyport/duration.h>
#include <sallyport/module.h>

#include <bit>
#include <charconv>
#include <map>
#include <optional>

#include "networks.h"
#include "rate_watch/watch.h"

namespace rate_watch {
namespace {

using namespace sallyport;

static_assert(std::endian::native == std::endian::little, "keys are put together in words");

constexpr std::string_view kMeasureNames[kMeasures] = {"packets", "bytes", "connections", "ports", "destinations"};
constexpr size_t kMostMemory = 128'000'000;
constexpr uint32_t kUsualSources = 1'000'000;

// The pieces of `text` between separators.
std::vector<std::string_view> pieces(std::string_view text, char separator) {
  std::vector<std::string_view> all;
  while (true) {
    const size_t end = text.find(separator);
    all.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return all;
    text.remove_prefix(end + 1);
  }
}

std::optional<uint32_t> number_in(std::string_view text) {
  uint32_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{} || end != text.data() + text.size() || number == 0) return std::nullopt;
  return number;
}

// [NAME@]ON[:OFF], several with / between them. Without OFF a source falls as soon as it is below ON.
Result<std::vector<Threshold>> read_thresholds(std::string_view text, Measure measure) {
  std::vector<Threshold> all;
  for (const std::string_view piece : pieces(text, '/')) {
    const size_t at = piece.find('@');
    const auto levels = pieces(at == std::string_view::npos ? piece : piece.substr(at + 1), ':');
    const auto on = number_in(levels[0]);
    const auto off = levels.size() > 1 ? number_in(levels[1]) : on;
    if (!on || !off || *off > *on || levels.size() > 2) {
      return fail("\"" + std::string(piece) + "\" is no threshold", "[NAME@]ON[:OFF], OFF at most ON, both at least 1");
    }
    std::string name(at == std::string_view::npos ? kMeasureNames[static_cast<size_t>(measure)] : piece.substr(0, at));
    all.push_back({std::move(name), measure, *on, *off});
  }
  return all;
}

Result<void> check_thresholds(std::string_view text, const RuleContext&, OptionValue& value) {
  value.text = text;
  const auto read = read_thresholds(text, Measure::Packets);
  return read ? Result<void>{} : std::unexpected(read.error());
}

// What makes up a key.
enum KeyPart : uint8_t {
  kSource = 1,
  kDestination = 2,
  kSourcePort = 4,
  kDestinationPort = 8,
  kProtocol = 16,
  kMark = 32
};

Result<uint8_t> read_key(std::string_view text) {
  constexpr std::string_view kNames[] = {"src", "dst", "sport", "dport", "proto", "mark"};
  uint8_t parts = 0;
  for (const std::string_view piece : pieces(text, '+')) {
    const auto* const found = std::ranges::find(kNames, piece);
    if (found == std::end(kNames)) {
      return fail("\"" + std::string(piece) + "\" is no part of a key",
                  "src, dst, sport, dport, proto, mark with + between");
    }
    parts |= static_cast<uint8_t>(1u << (found - kNames));
  }
  return parts;
}

Result<void> check_key(std::string_view text, const RuleContext&, OptionValue& value) {
  value.text = text;
  const auto read = read_key(text);
  return read ? Result<void>{} : std::unexpected(read.error());
}

constexpr std::string_view kHookNames[kHooks] = {"prerouting", "input", "forward", "output", "postrouting"};

Result<void> check_hook(std::string_view text, const RuleContext&, OptionValue& value) {
  const auto* const found = std::ranges::find(kHookNames, text);
  if (found == std::end(kHookNames))
    return fail("\"" + std::string(text) + "\" is no hook", "prerouting, input, forward ...");
  value.number = static_cast<uint64_t>(found - kHookNames);
  return {};
}

// How a packet's key is made, and how it is printed.
struct KeyMaker {
  uint8_t parts = kSource;
  uint32_t mask4 = 0;                  // as the words lie in memory
  std::array<uint64_t, 2> mask6 = {};  //

  void set_masks(const IpAddress& ipv4, const IpAddress& ipv6) {
    std::memcpy(&mask4, ipv4.bytes.data(), sizeof mask4);
    std::memcpy(mask6.data(), ipv6.bytes.data(), sizeof mask6);
  }
  // An address as 16 bytes, IPv4's in IPv6's form for them. Word by word, as it is read again at once.
  void put_address(Family family, const uint8_t* address, uint8_t* out) const {
    std::array<uint64_t, 2> words;
    if (family == Family::Ipv6) {
      std::memcpy(words.data(), address, sizeof words);
      words = {words[0] & mask6[0], words[1] & mask6[1]};
    } else {
      constexpr uint64_t kMapped = 0xffff0000;  // bytes 10 and 11
      uint32_t word;
      std::memcpy(&word, address, sizeof word);
      words = {0, uint64_t{word & mask4} << 32 | kMapped};
    }
    std::memcpy(out, words.data(), sizeof words);
  }
  static IpAddress address_in(const uint8_t* bytes) {
    const bool v4 =
        std::all_of(bytes, bytes + 10, [](uint8_t b) { return b == 0; }) && bytes[10] == 0xff && bytes[11] == 0xff;
    return v4 ? IpAddress::from(Family::Ipv4, bytes + 12) : IpAddress::from(Family::Ipv6, bytes);
  }

  void make(const Packet& packet, std::array<uint8_t, 16>& key) const {
    put_address(packet.family, parts == kSource ? packet.source_bytes() : packet.destination_bytes(), key.data());
  }
  void make(const Packet& packet, std::array<uint8_t, 44>& key) const {
    key = {};
    if ((parts & kSource) != 0) put_address(packet.family, packet.source_bytes(), key.data());
    if ((parts & kDestination) != 0) put_address(packet.family, packet.destination_bytes(), key.data() + 16);
    const bool ports = packet.protocol == kTcp || packet.protocol == kUdp || packet.protocol == kSctp ||
                       packet.protocol == kDccp || packet.protocol == kUdplite;
    const uint8_t* const transport = ports ? packet.transport(4) : nullptr;
    if ((parts & kSourcePort) != 0 && transport != nullptr) std::memcpy(key.data() + 32, transport, 2);
    if ((parts & kDestinationPort) != 0 && transport != nullptr) std::memcpy(key.data() + 34, transport + 2, 2);
    if ((parts & kMark) != 0) std::memcpy(key.data() + 36, &packet.mark, 4);
    if ((parts & kProtocol) != 0) key[40] = packet.protocol;
  }

  std::string text(std::span<const uint8_t> key) const {
    std::string out;
    const auto add = [&](const std::string& part) { out += (out.empty() ? "" : " ") + part; };
    if (key.size() == 16) return address_in(key.data()).text();
    if ((parts & kSource) != 0) add("src " + address_in(key.data()).text());
    if ((parts & kDestination) != 0) add("dst " + address_in(key.data() + 16).text());
    if ((parts & kSourcePort) != 0) add("sport " + std::to_string(load_be16(key.data() + 32)));
    if ((parts & kDestinationPort) != 0) add("dport " + std::to_string(load_be16(key.data() + 34)));
    uint32_t mark = 0;
    if (key.size() > 40) std::memcpy(&mark, key.data() + 36, 4);
    if ((parts & kMark) != 0) add("mark " + std::to_string(mark));
    if ((parts & kProtocol) != 0) add("proto " + std::to_string(key[40]));
    return out;
  }
};

// A connection's first packet; where none are tracked, a SYN.
bool begins_connection(const Packet& packet) {
  if (packet.connection != nullptr) {
    return packet_state(packet) == PacketState::New && !packet.connection->has(kStatusConfirmed);
  }
  const uint8_t* const tcp = packet.protocol == kTcp ? packet.transport(20) : nullptr;
  return tcp != nullptr && (tcp[13] & 0x12) == 0x02;
}

// Of a packet, as far as it is asked for.
template <class Watch>
Seen seen_in(const Packet& packet, const Watch& watch) {
  Seen seen = {.bytes = packet.length};
  if (watch.asks_for_sizes_only()) return seen;
  if (watch.asks_for(Measure::Connections)) seen.new_connection = begins_connection(packet);
  if (watch.asks_for(Measure::Ports)) {
    const bool ports = packet.protocol == kTcp || packet.protocol == kUdp;
    if (const uint8_t* const transport = ports ? packet.transport(4) : nullptr; transport != nullptr) {
      seen.has_port = true;
      seen.port = load_be16(transport + 2);
    }
  }
  if (watch.asks_for(Measure::Destinations)) {
    std::memcpy(seen.destination.data(), packet.destination_bytes(), address_bytes(packet.family));
  }
  return seen;
}

// Where the match finds its watch.
class Membership : public SharedObject {
 public:
  // `threshold` -1: any.
  virtual bool is_over(const Packet& packet, int threshold, Timestamp now) = 0;
  virtual std::optional<int> threshold_named(std::string_view name) const = 0;
};

struct Counters {
  uint64_t& rises;
  uint64_t& falls;
  uint64_t& evicted;
  uint64_t& values_evicted;
};

template <size_t N>
class RateWatch final : public HookModule, public LooksAhead {
 public:
  using Key = std::array<uint8_t, N>;

  RateWatch(ModuleSetup& setup, std::string name, const KeyMaker& maker, std::vector<AddressMask> whitelist,
            const Settings& settings)
      : name_(std::move(name)),
        maker_(maker),
        whitelist_(std::move(whitelist)),
        thresholds_(settings.thresholds),
        counters_{setup.metric("rises"), setup.metric("falls"), setup.metric("evicted"),
                  setup.metric("values_evicted")},
        watch_(settings, {setup.key(), setup.key(), setup.key()}, Teller{this}) {}

  std::string_view name() const override { return "rate_watch"; }

  Verdict handle(Packet& packet, HookContext& context) override {
    if (!whitelist_.empty() && any_contains(whitelist_, packet.source())) return Verdict::accept();
    Key key;
    maker_.make(packet, key);
    packet_ = &packet;
    context_ = &context;
    if (watch_.see(key, seen_in(packet, watch_), context.now())) [[unlikely]] {
      counters_.evicted = watch_.evicted();
      counters_.values_evicted = watch_.values_evicted();
    }
    return Verdict::accept();
  }

  void look_ahead(std::span<const Packet> burst) override {
    std::array<Key, 64> keys;
    size_t count = 0;
    for (const Packet& packet : burst) {
      if (packet.transport_state == Transport::Missing || count == keys.size()) continue;
      maker_.make(packet, keys[count++]);
    }
    watch_.look_ahead(std::span<const Key>(keys).first(count));
  }

  bool is_over(const Packet& packet, int threshold, Timestamp now) {
    Key key;
    maker_.make(packet, key);
    return watch_.is_over(key, threshold, now);
  }
  const std::vector<Threshold>& thresholds() const { return thresholds_; }

 private:
  struct Teller {
    RateWatch* watch;
    void operator()(const Told<Key>& told) const { watch->told(told); }
  };

  void told(const Told<Key>& told) {
    constexpr std::string_view kTurns[] = {"rise", "update", "fall", "fall"};
    if (told.turn == Turn::Rise) ++counters_.rises;
    if (told.turn >= Turn::Fall) ++counters_.falls;
    if (context_->events == nullptr) return;
    const std::string key = maker_.text(told.key);
    const Timestamp now = context_->now();
    const EventField fields[] = {{"event", kTurns[static_cast<size_t>(told.turn)]},
                                 {"watch", name_},
                                 {"threshold", told.threshold.name},
                                 {"measure", kMeasureNames[static_cast<size_t>(told.threshold.measure)]},
                                 {"key", key},
                                 {"count", told.count},
                                 {"on", told.threshold.on},
                                 {"off", told.threshold.off},
                                 {"peak", told.peak},
                                 {"packets", told.packets},
                                 {"bytes", told.bytes},
                                 {"duration_s", static_cast<double>(now - told.since) / static_cast<double>(kSecond)},
                                 EventField::moment("first_seen", told.first_seen),
                                 EventField::moment("last_seen", told.last_seen),
                                 {"evicted", told.turn == Turn::Evicted}};
    Event event = {.type = "rate", .time = now, .fields = fields};
    // A source that rises does so with this packet; one that falls has nothing to do with it.
    EventFlow flow;
    if (told.turn == Turn::Rise) {
      event.packet = packet_;
      event.context = context_;
    } else if ((maker_.parts & (kSource | kDestination)) != 0) {
      const bool source = (maker_.parts & kSource) != 0;
      flow.source = KeyMaker::address_in(told.key.data() + (N == 16 || source ? 0 : 16));
      event.flow = &flow;
    }
    context_->events->emit(event);
  }

  std::string name_;
  KeyMaker maker_;
  std::vector<AddressMask> whitelist_;
  std::vector<Threshold> thresholds_;
  Counters counters_;
  Watch<Key, Teller> watch_;
  const Packet* packet_ = nullptr;  // the one that is looked at
  HookContext* context_ = nullptr;
};

template <size_t N>
class MembershipOf final : public Membership {
 public:
  explicit MembershipOf(std::shared_ptr<RateWatch<N>> watch) : watch_(std::move(watch)) {}
  bool is_over(const Packet& packet, int threshold, Timestamp now) override {
    return watch_->is_over(packet, threshold, now);
  }
  std::optional<int> threshold_named(std::string_view name) const override {
    const auto& all = watch_->thresholds();
    const auto found = std::ranges::find(all, name, &Threshold::name);
    if (found == all.end()) return std::nullopt;
    return static_cast<int>(found - all.begin());
  }

 private:
  std::shared_ptr<RateWatch<N>> watch_;
};

Result<Settings> read_settings(const Options& options) {
  Settings settings;
  settings.window = static_cast<Duration>(options.number("window", static_cast<uint64_t>(settings.window)));
  settings.hold = static_cast<Duration>(options.number("hold", 0));
  settings.update = static_cast<Duration>(options.number("update", static_cast<uint64_t>(settings.update)));
  settings.most_distinct = static_cast<uint32_t>(options.number("values", settings.most_distinct));
  size_t measures = 0;
  for (size_t m = 0; m < kMeasures; ++m) {
    if (!options.has(kMeasureNames[m])) continue;
    ++measures;
    auto thresholds = read_thresholds(options[kMeasureNames[m]].text, static_cast<Measure>(m));
    if (!thresholds) return std::unexpected(thresholds.error());
    for (Threshold& threshold : *thresholds) settings.thresholds.push_back(std::move(threshold));
  }
  if (measures == 0) return fail("nothing is watched", "packets=, bytes=, connections=, ports= or destinations=");
  if (settings.window < 16 * kMillisecond) return fail("the window is too short", "16ms or more");
  const size_t per_source = Watch<std::array<uint8_t, 16>, int>::bytes_per_source(measures);
  const auto fitting = static_cast<uint32_t>(std::min<size_t>(kUsualSources, kMostMemory / per_source));
  settings.most = static_cast<uint32_t>(options.number("sources", fitting));
  return settings;
}

template <size_t N>
Result<void> start_with(ModuleSetup& setup, const std::string& name, const KeyMaker& maker,
                        std::vector<AddressMask> whitelist, const Settings& settings) {
  auto watch = std::make_shared<RateWatch<N>>(setup, name, maker, std::move(whitelist), settings);
  const Hook hook = static_cast<Hook>(setup.options().number("hook", 0));
  setup.add_hook(watch, hook, kPriorityMangle - 1);
  if (setup.shared().add("rate_watch", name, std::make_unique<MembershipOf<N>>(watch))) return {};
  return fail("there is a rate_watch " + name + " already", "another name=");
}

Result<void> start(ModuleSetup& setup) {
  const Options& options = setup.options();
  const auto settings = read_settings(options);
  if (!settings) return std::unexpected(settings.error());
  KeyMaker maker;
  if (options.has("key")) maker.parts = *read_key(options["key"].text);
  maker.set_masks(prefix_mask(Family::Ipv4, static_cast<unsigned>(options.number("prefix4", 32))),
                  prefix_mask(Family::Ipv6, static_cast<unsigned>(options.number("prefix6", 128))));
  std::vector<AddressMask> whitelist;
  if (options.has("whitelist")) whitelist = *read_networks(options["whitelist"].text);
  const std::string name = options.has("name") ? options["name"].text : "rate_watch";
  const bool one_address = maker.parts == kSource || maker.parts == kDestination;
  return one_address ? start_with<16>(setup, name, maker, std::move(whitelist), *settings)
                     : start_with<44>(setup, name, maker, std::move(whitelist), *settings);
}

class OverMatch final : public Match {
 public:
  OverMatch(Membership& membership, int threshold, bool inverted)
      : membership_(membership), threshold_(threshold), inverted_(inverted) {}
  bool matches(const Packet& packet, HookContext& context) override {
    return membership_.is_over(packet, threshold_, context.now()) != inverted_;
  }

 private:
  Membership& membership_;
  int threshold_;
  bool inverted_;
};

Result<std::unique_ptr<Match>> create_match(const Options& options, const RuleContext& rule) {
  const std::string& name = options["name"].text;
  auto* const found = rule.shared == nullptr ? nullptr : rule.shared->find<Membership>("rate_watch", name);
  if (found == nullptr) return fail("there is no rate_watch " + name, "--module rate_watch:name=" + name + ",...");
  int threshold = -1;
  if (options.has("threshold")) {
    const auto named = found->threshold_named(options["threshold"].text);
    if (!named) return fail("rate_watch " + name + " has no threshold " + options["threshold"].text);
    threshold = *named;
  }
  return std::make_unique<OverMatch>(*found, threshold, options["over"].inverted);
}

MatchType match() {
  return {
      .name = "rate_watch",
      .options = {{.name = "name", .kind = OptionKind::Text, .required = true, .summary = "of the watch"},
                  {.name = "threshold", .kind = OptionKind::Text, .summary = "that one; else any"},
                  {.name = "over", .invertible = true, .required = true, .summary = "the packet's source is over it"}},
      .create = create_match,
      .summary = "sources over a threshold of a watch"};
}

OptionSpec threshold_option(std::string_view name, std::string_view summary) {
  return {.name = name,
          .kind = OptionKind::Custom,
          .hint = "[NAME@]ON[:OFF], several with / between",
          .parse = check_thresholds,
          .summary = summary};
}

ModuleType rate_watch() {
  return {.name = "rate_watch",
          .summary = "counts per source over a sliding window; events when thresholds are exceeded",
          .options =
              {{.name = "name", .kind = OptionKind::Text, .hint = "a word", .summary = "by which rules ask for it"},
               duration_option("window", "over which is counted, in 16 steps; 10s if not said"),
               threshold_option("packets", "packets"),
               threshold_option("bytes", "bytes of IP packets"),
               threshold_option("connections", "connections begun"),
               threshold_option("ports", "distinct destination ports of TCP and UDP"),
               threshold_option("destinations", "distinct destinations"),
               duration_option("hold", "how long a source stays over at least"),
               duration_option("update", "how often one that stays over is told of again; 60s; 0: never"),
               {.name = "sources",
                .kind = OptionKind::U32,
                .min = 1,
                .max = 100'000'000,
                .summary = "at most so many; 1,000,000, or as many as fit into 128 MB"},
               {.name = "values",
                .kind = OptionKind::U32,
                .min = 1,
                .max = 100'000'000,
                .summary = "distinct ports, and destinations, kept over all sources; 500,000"},
               {.name = "key",
                .kind = OptionKind::Custom,
                .hint = "src, dst, sport, dport, proto, mark with + between",
                .parse = check_key,
                .summary = "what a source is; src"},
               {.name = "prefix4", .kind = OptionKind::U8, .max = 32, .summary = "bits of IPv4 addresses that count"},
               {.name = "prefix6", .kind = OptionKind::U8, .max = 128, .summary = "bits of IPv6 addresses that count"},
               networks_option("whitelist", "sources that are never counted"),
               {.name = "hook",
                .kind = OptionKind::Custom,
                .hint = "prerouting, input, forward ...",
                .parse = check_hook,
                .summary = "where packets are counted; prerouting"}},
          .matches = {match()},
          .events = {{"rate", "rise, update, fall of a source over a threshold"}},
          .metrics = {{"rises", "sources that rose over a threshold"},
                      {"falls", "those that fell"},
                      {"evicted", "sources that had to make room"},
                      {"values_evicted", "distinct values that had to make room"}},
          .on_failure = FailurePolicy::Open,
          .start = start};
}

}  // namespace
}  // namespace rate_watch

SALLYPORT_MODULE(rate_watch::rate_watch());
