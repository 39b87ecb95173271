// A recording as text:
//
//   # Linux 6.18, ...; seed 7
//   family 4
//   *filter ...                 the rules, as they are loaded
//   at 1000000                  where the next packet's time matters, in nanoseconds
//   packet ta 4500,#00+40       then its sightings, two blanks before each:
//     INPUT ta - 0 0 @0+40      where, in, out, mark, group, bytes, prefix
//   counters *filter 3:120 0:0
//
// Bytes are hexadecimal pieces between commas. What comes out is mostly what went in, so a piece may also be @N+M, M
// bytes of the packet that went in (its IP header is byte 0), or #XX+M, M bytes that each are one more than the last.

#include "kernel/recording.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <map>
#include <optional>
#include <span>
#include <sstream>
#include <system_error>
#include <utility>

#include "kernel/world.h"

namespace sallyport::kernel {
namespace {

using Bytes = std::vector<uint8_t>;
using View = std::span<const uint8_t>;

constexpr size_t kWorthCopying = 4;
constexpr std::string_view kWhere[] = {"OUTPUT", "INPUT", "POSTROUTING", "NFLOG", "left"};

size_t common(View a, View b) { return static_cast<size_t>(std::ranges::mismatch(a, b).in1 - a.begin()); }

size_t rising(View bytes) {
  size_t size = bytes.empty() ? 0 : 1;
  while (size < bytes.size() && bytes[size] == static_cast<uint8_t>(bytes[size - 1] + 1)) ++size;
  return size;
}

// The longest piece of `original` with which `bytes` begins.
std::pair<size_t, size_t> longest_copy(View original, View bytes) {
  std::pair<size_t, size_t> best = {0, 0};
  for (size_t at = 0; at < original.size(); ++at) {
    const size_t size = common(original.subspan(at), bytes);
    if (size > best.second) best = {at, size};
  }
  return best;
}

std::string packed(View bytes, View original) {
  std::string out;
  bool in_hex = false;
  const auto piece = [&](const std::string& text, bool hex) {
    if (!out.empty() && !(in_hex && hex)) out += ',';
    out += text;
    in_hex = hex;
  };
  while (!bytes.empty()) {
    const auto [from, copied] = longest_copy(original, bytes);
    const size_t run = rising(bytes);
    size_t taken = 1;
    if (copied >= std::max(run, kWorthCopying)) {
      piece(fmt::format("@{}+{}", from, taken = copied), false);
    } else if (run >= kWorthCopying) {
      piece(fmt::format("#{:02x}+{}", bytes[0], taken = run), false);
    } else {
      piece(fmt::format("{:02x}", bytes[0]), true);
    }
    bytes = bytes.subspan(taken);
  }
  return out.empty() ? "-" : out;
}

template <class T>
std::optional<T> number(std::string_view text, int base = 10) {
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

bool unpack_piece(std::string_view piece, View original, Bytes& out) {
  if (piece.starts_with('@') || piece.starts_with('#')) {
    const size_t plus = piece.find('+');
    if (plus == std::string_view::npos) return false;
    const bool copy = piece[0] == '@';
    const auto first = number<size_t>(piece.substr(1, plus - 1), copy ? 10 : 16);
    const auto size = number<size_t>(piece.substr(plus + 1));
    if (!first || !size || *size > UINT16_MAX) return false;
    if (copy && (*first > original.size() || *size > original.size() - *first)) return false;
    for (size_t i = 0; i < *size; ++i) out.push_back(copy ? original[*first + i] : static_cast<uint8_t>(*first + i));
    return true;
  }
  for (size_t at = 0; at < piece.size(); at += 2) {
    const auto byte = number<uint8_t>(piece.substr(at, 2), 16);
    if (!byte || at + 2 > piece.size()) return false;
    out.push_back(*byte);
  }
  return true;
}

std::optional<Bytes> unpacked(std::string_view text, View original) {
  Bytes out;
  if (text == "-") return out;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    if (!unpack_piece(text.substr(0, comma), original, out)) return std::nullopt;
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return out;
}

// What went in, from the IP header on.
View network_bytes(const Input& input) {
  const size_t header = kWorldInterfaces[input.interface].ethernet ? kEthernetHeader : 0;
  return View(input.frame).subspan(std::min(header, input.frame.size()));
}

std::string or_none(const std::string& name) { return name.empty() ? "-" : name; }

std::string line_of(const Seen& seen, const Input& input) {
  return fmt::format("  {} {} {} {:x} {} {}{}{}\n", kWhere[static_cast<size_t>(seen.where)], or_none(seen.in),
                     or_none(seen.out), seen.mark, seen.group, packed(seen.bytes, network_bytes(input)),
                     seen.prefix.empty() ? "" : " ", seen.prefix);
}

std::optional<Seen> read_seen(const std::string& line, const Input& input) {
  std::istringstream words(line);
  std::string where, bytes;
  Seen seen;
  words >> where >> seen.in >> seen.out >> std::hex >> seen.mark >> std::dec >> seen.group >> bytes;
  words.get();
  std::getline(words, seen.prefix);
  const auto* const place = std::ranges::find(kWhere, where);
  auto content = unpacked(bytes, network_bytes(input));
  if (place == std::end(kWhere) || !content) return std::nullopt;
  seen.where = static_cast<Seen::Where>(place - std::begin(kWhere));
  for (std::string* const name : {&seen.in, &seen.out}) {
    if (*name == "-") name->clear();
  }
  seen.bytes = std::move(*content);
  return seen;
}

std::optional<Input> read_packet(const std::string& line) {
  std::istringstream words(line);
  std::string keyword, name, bytes;
  words >> keyword >> name >> bytes;
  const auto* const place = std::ranges::find(kWorldInterfaces, name, &WorldInterface::name);
  auto frame = unpacked(bytes, {});
  if (place == kWorldInterfaces.end() || !frame) return std::nullopt;
  return Input{.interface = static_cast<uint8_t>(place - kWorldInterfaces.begin()), .frame = std::move(*frame)};
}

}  // namespace

// Tables by name: the kernel and its tool list them in the order in which they came to be.
std::string counters_of(std::string_view saved) {
  std::map<std::string, std::string> tables;
  std::string table;
  std::istringstream lines{std::string(saved)};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('*')) table = line;
    if (!line.starts_with(':') && !line.starts_with('[')) continue;
    const size_t open = line.find('[');
    tables[table] += fmt::format(" {}", line.substr(open + 1, line.find(']') - open - 1));
  }
  std::string out;
  for (const auto& [name, counters] : tables) out += fmt::format("counters {}{}\n", name, counters);
  return out;
}

std::string text_of(const Recording& recording) {
  std::string out = fmt::format("# {}\nfamily {}\n{}", recording.title, recording.test.family == Family::Ipv6 ? 6 : 4,
                                recording.test.rules);
  for (size_t i = 0; i < recording.test.packets.size(); ++i) {
    const Input& input = recording.test.packets[i];
    if (input.time != 0) out += fmt::format("at {}\n", input.time);
    out += fmt::format("packet {} {}\n", kWorldInterfaces[input.interface].name, packed(input.frame, {}));
    for (const Seen& seen : recording.answers[i].journal) out += line_of(seen, input);
    for (const Seen& seen : recording.answers[i].left) out += line_of(seen, input);
  }
  return out + recording.counters;
}

Result<Recording> read_recording(std::string_view text) {
  Recording recording;
  std::istringstream lines{std::string(text)};
  size_t line_number = 0;
  Timestamp time = 0;
  for (std::string line; std::getline(lines, line);) {
    ++line_number;
    const auto bad = [&] { return fail(fmt::format("line {}: \"{}\" cannot be read", line_number, line)); };
    if (line.starts_with("# ")) {
      recording.title = line.substr(2);
    } else if (line.starts_with("family ")) {
      recording.test.family = line == "family 6" ? Family::Ipv6 : Family::Ipv4;
    } else if (line.starts_with("counters ")) {
      recording.counters += line + "\n";
    } else if (line.starts_with("at ")) {
      const auto read = number<Timestamp>(std::string_view(line).substr(3));
      if (!read) return bad();
      time = *read;
    } else if (line.starts_with("packet ")) {
      auto packet = read_packet(line);
      if (!packet) return bad();
      packet->time = std::exchange(time, 0);
      recording.test.packets.push_back(std::move(*packet));
      recording.answers.emplace_back();
    } else if (line.starts_with("  ")) {
      if (recording.answers.empty()) return bad();
      auto seen = read_seen(line, recording.test.packets.back());
      if (!seen) return bad();
      Observed& answer = recording.answers.back();
      (seen->where == Seen::Where::Left ? answer.left : answer.journal).push_back(std::move(*seen));
    } else {
      recording.test.rules += line + "\n";
    }
  }
  return recording;
}

Result<void> write_recording(const std::filesystem::path& file, const Recording& recording) {
  std::error_code error;
  std::filesystem::create_directories(file.parent_path(), error);
  if (error) return fail(fmt::format("{} cannot be made: {}", file.parent_path().string(), error.message()));
  std::ofstream out(file);
  out << text_of(recording) << std::flush;
  if (!out) return fail(fmt::format("{} cannot be written", file.string()));
  return {};
}

}  // namespace sallyport::kernel
