// -m sctp: ports and chunks of SCTP (RFC 9260). Counterpart of net/netfilter/xt_sctp.c.
//
// A header or chunk that is cut off, and a chunk without length, drop the packet.

#include <fmt/format.h>

#include <bitset>

#include "match/matches.h"
#include "match/number_text.h"
#include "match/ports.h"
#include "match/transport.h"

namespace sallyport {
namespace {

constexpr uint32_t kHeaderBytes = 12;
constexpr uint32_t kChunkHeaderBytes = 4;
// So many chunk types with flags fit into the kernel's structure.
constexpr size_t kMaxFlagTests = 4;

struct ChunkName {
  std::string_view name;
  uint8_t type;
  std::string_view flags;  // a letter per flag, highest bit first
};
constexpr std::string_view kNoFlags = "--------";
// The place in this list is what iptables stores as the type of a flag test: right for the first 15 alone.
constexpr ChunkName kChunks[] = {
    {"DATA", 0, "----IUBE"},
    {"INIT", 1, kNoFlags},
    {"INIT_ACK", 2, kNoFlags},
    {"SACK", 3, kNoFlags},
    {"HEARTBEAT", 4, kNoFlags},
    {"HEARTBEAT_ACK", 5, kNoFlags},
    {"ABORT", 6, "-------T"},
    {"SHUTDOWN", 7, kNoFlags},
    {"SHUTDOWN_ACK", 8, kNoFlags},
    {"ERROR", 9, kNoFlags},
    {"COOKIE_ECHO", 10, kNoFlags},
    {"COOKIE_ACK", 11, kNoFlags},
    {"ECN_ECNE", 12, kNoFlags},
    {"ECN_CWR", 13, kNoFlags},
    {"SHUTDOWN_COMPLETE", 14, "-------T"},
    {"I_DATA", 64, "----IUBE"},
    {"RE_CONFIG", 130, kNoFlags},
    {"PAD", 132, kNoFlags},
    {"ASCONF", 193, kNoFlags},
    {"ASCONF_ACK", 128, kNoFlags},
    {"FORWARD_TSN", 192, kNoFlags},
    {"I_FORWARD_TSN", 194, kNoFlags},
};

enum class Quantity : uint8_t { Any, All, Only };
constexpr std::string_view kQuantities[] = {"any", "all", "only"};

struct FlagTest {
  uint8_t type = 0;
  uint8_t mask = 0;
  uint8_t flags = 0;
};

struct ChunkTest {
  Quantity quantity = Quantity::Any;
  std::bitset<256> types = {};
  std::array<FlagTest, kMaxFlagTests> flags = {};
  uint8_t flag_count = 0;

  bool flags_hold(uint8_t type, uint8_t flags_found) const {
    for (size_t i = 0; i < flag_count; ++i) {
      if (flags[i].type == type) return (flags_found & flags[i].mask) == flags[i].flags;
    }
    return true;
  }
};

struct SctpTest {
  PortTest source = {};
  PortTest destination = {};
  bool chunks_given = false;
  bool chunks_inverted = false;
  ChunkTest chunks = {};
};

class SctpMatch final : public Match {
 public:
  explicit SctpMatch(const SctpTest& test) : test_(test) {}

  bool matches(const Packet& packet, HookContext& context) override {
    const uint8_t* header = transport_or_drop(packet, context, kHeaderBytes);
    if (header == nullptr) return false;
    if (!test_.source.holds(load_be16(header)) || !test_.destination.holds(load_be16(header + 2))) return false;
    return !test_.chunks_given || chunks_match(packet, context) != test_.chunks_inverted;
  }

 private:
  bool chunks_match(const Packet& packet, HookContext& context) const {
    const ChunkTest& test = test_.chunks;
    std::bitset<256> missing = test.types;
    uint32_t offset = packet.transport_offset + kHeaderBytes;
    do {
      const uint8_t* chunk = packet.at(offset, kChunkHeaderBytes);
      const uint32_t length = chunk == nullptr ? 0 : load_be16(chunk + 2);
      if (length == 0) {
        context.drop_packet = true;
        return false;
      }
      offset += (length + 3) / 4 * 4;
      const bool listed = test.types[chunk[0]] && test.flags_hold(chunk[0], chunk[1]);
      if (listed && test.quantity == Quantity::Any) return true;
      if (!listed && test.quantity == Quantity::Only) return false;
      if (listed) missing.reset(chunk[0]);
    } while (offset < packet.captured());
    return test.quantity == Quantity::Only || (test.quantity == Quantity::All && missing.none());
  }

  SctpTest test_;
};

std::optional<size_t> chunk_index(std::string_view name) {
  for (size_t i = 0; i < std::size(kChunks); ++i) {
    if (same_word(name, kChunks[i].name)) return i;
  }
  return std::nullopt;
}

Result<FlagTest*> flag_test_of(ChunkTest& test, size_t index) {
  for (size_t i = 0; i < test.flag_count; ++i) {
    if (test.flags[i].type == index) return &test.flags[i];
  }
  if (test.flag_count == kMaxFlagTests) return fail("too many chunk types with flags", "4 at most");
  FlagTest& added = test.flags[test.flag_count++];
  added.type = static_cast<uint8_t>(index);
  return &added;
}

// Capitals must be set, small letters clear.
Result<void> parse_chunk_flags(std::string_view letters, size_t index, ChunkTest& test) {
  for (const char letter : letters) {
    const bool small = letter >= 'a' && letter <= 'z';
    const bool capital = letter >= 'A' && letter <= 'Z';
    const size_t place = kChunks[index].flags.find(small ? static_cast<char>(letter - 'a' + 'A') : letter);
    if (place == std::string_view::npos) {
      return fail(fmt::format("{} has no flag \"{}\"", kChunks[index].name, letter), "a letter of the chunk's flags");
    }
    auto flags = flag_test_of(test, index);
    if (!flags) return std::unexpected(flags.error());
    const auto bit = static_cast<uint8_t>(0x80u >> place);
    (*flags)->mask |= bit;
    if (capital) (*flags)->flags |= bit;
  }
  return {};
}

Result<ChunkTest> parse_chunk_test(std::string_view text) {
  ChunkTest test;
  const size_t blank = text.find(' ');
  const std::string_view quantity = text.substr(0, blank);
  const std::string_view list = blank == std::string_view::npos ? "" : text.substr(blank + 1);
  size_t found = 0;
  while (found < std::size(kQuantities) && !same_word(quantity, kQuantities[found])) ++found;
  if (found == std::size(kQuantities))
    return fail(fmt::format("\"{}\" before the chunks", quantity), "all, any or only");
  test.quantity = static_cast<Quantity>(found);
  if (same_word(list, "ALL")) test.types.set();
  if (same_word(list, "ALL") || same_word(list, "NONE")) return test;
  auto done = for_each_word(list, [&](std::string_view word) -> Result<void> {
    const size_t colon = word.find(':');
    const auto index = chunk_index(word.substr(0, colon));
    if (!index) return fail(fmt::format("unknown SCTP chunk \"{}\"", word.substr(0, colon)), "DATA, INIT, SACK ...");
    test.types.set(kChunks[*index].type);
    if (colon == std::string_view::npos) return {};
    return parse_chunk_flags(word.substr(colon + 1), *index, test);
  });
  if (!done) return std::unexpected(done.error());
  return test;
}

std::string flags_text(const ChunkTest& test, const ChunkName& chunk) {
  for (size_t i = 0; i < test.flag_count; ++i) {
    const FlagTest& flags = test.flags[i];
    if (flags.type != chunk.type) continue;
    std::string text = ":";
    for (size_t place = 0; place < 8; ++place) {
      const uint8_t bit = static_cast<uint8_t>(0x80u >> place);
      const char letter = chunk.flags[place];
      if ((flags.mask & bit) == 0) continue;
      const bool small = (flags.flags & bit) == 0 && letter != '-';
      text += small ? static_cast<char>(letter - 'A' + 'a') : letter;
    }
    return text;
  }
  return {};
}

std::string chunks_text(const ChunkTest& test) {
  std::string text(kQuantities[static_cast<size_t>(test.quantity)]);
  if (test.types.none()) return text + " NONE";
  if (test.types.all()) return text + " ALL";
  char separator = ' ';
  for (size_t type = 0; type < test.types.size(); ++type) {
    for (const ChunkName& chunk : kChunks) {
      if (chunk.type != type || !test.types[type]) continue;
      text += separator;
      text += chunk.name;
      text += flags_text(test, chunk);
      separator = ',';
    }
  }
  return text;
}

// The value keeps the test in the one form that is printed.
Result<void> parse_chunks(std::string_view text, const RuleContext&, OptionValue& value) {
  auto test = parse_chunk_test(text);
  if (!test) return std::unexpected(test.error());
  value.text = chunks_text(*test);
  return {};
}

void print_chunks(const OptionValue& value, const RuleContext&, std::string& out) { out += ' ' + value.text; }

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext&) {
  const OptionValue& chunks = options["chunk-types"];
  SctpTest test{.source = port_test(options["sport"]), .destination = port_test(options["dport"])};
  if (chunks.present) {
    auto parsed = parse_chunk_test(chunks.text);
    if (!parsed) return std::unexpected(parsed.error());
    test.chunks_given = true;
    test.chunks_inverted = chunks.inverted;
    test.chunks = *parsed;
  }
  return std::make_unique<SctpMatch>(test);
}

}  // namespace

MatchType sctp_match() {
  return {
      .name = "sctp",
      .options = {source_port_option(parse_ordered_ports),
                  destination_port_option(parse_ordered_ports),
                  {.name = "chunk-types",
                   .kind = OptionKind::Custom,
                   .invertible = true,
                   .words = 2,
                   .hint = "all, any or only, then CHUNK[:FLAGS][,CHUNK[:FLAGS]]..., ALL or NONE",
                   .parse = parse_chunks,
                   .print = print_chunks,
                   .summary = "all, any or only these chunks are there"}},
      .implied = true,
      .protocols = {kSctp},
      .create = create,
      .summary = "judges ports and chunks of SCTP",
  };
}

}  // namespace sallyport
