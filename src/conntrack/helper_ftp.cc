// FTP: the control connection says where the data connection will go. Counterpart of net/netfilter/nf_conntrack_ftp.c;
// RFC 959 (PORT, PASV), RFC 2428 (EPRT, EPSV).
//
// A command counts only at the beginning of a line, or data that merely looks like one could open a hole: of each
// direction the helper remembers the sequence numbers behind the last two segments that ended a line, and looks only at
// segments that begin there. A command that is cut off is dropped, so that the sender repeats it whole. An address
// other than the sender's own is believed by nobody (CVE-2001-0405: a hole to a third machine).

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <span>

#include "conntrack/helpers.h"

namespace sallyport {
namespace {

using Text = std::span<const uint8_t>;

// Kept in ConnectionExtra::helper_data, which begins as zeros.
struct FtpLines {
  uint32_t begins[2][2];  // by direction: where a line begins
  uint8_t count[2];

  bool begins_at(Direction direction, uint32_t sequence) const {
    const auto& known = begins[index(direction)];
    return std::find(known, known + count[index(direction)], sequence) != known + count[index(direction)];
  }
  void add(Direction direction, uint32_t sequence) {
    if (begins_at(direction, sequence)) return;
    auto& known = begins[index(direction)];
    uint8_t& used = count[index(direction)];
    if (used < 2) {
      known[used++] = sequence;
    } else {
      known[static_cast<int32_t>(known[0] - known[1]) < 0 ? 0 : 1] = sequence;
    }
  }
};
static_assert(sizeof(FtpLines) <= sizeof(ConnectionExtra::helper_data));

// Where the data connection will go: an address, where the command names one, and a port.
struct Place {
  std::optional<IpAddress> address = {};
  uint16_t port = 0;
};

bool is_digit(uint8_t letter) { return letter >= '0' && letter <= '9'; }

// `numbers.size()` decimal numbers with `separator` between them and `terminator` behind (0: whatever is no part of a
// number). Their length; 0: something else stands there.
size_t read_numbers(Text text, std::span<uint32_t> numbers, uint8_t separator, uint8_t terminator) {
  std::ranges::fill(numbers, 0u);
  size_t at = 0;
  for (size_t i = 0; i < text.size() && at < numbers.size(); ++i) {
    const uint8_t letter = text[i];
    if (is_digit(letter)) {
      numbers[at] = numbers[at] * 10 + (letter - '0');
    } else if (letter == separator) {
      ++at;
    } else {
      return (letter == terminator || terminator == 0) && at == numbers.size() - 1 ? i : 0;
    }
  }
  return 0;
}

IpAddress ipv4_of(const uint32_t* numbers) {
  uint8_t bytes[4];
  store_be32(bytes, numbers[0] << 24 | numbers[1] << 16 | numbers[2] << 8 | numbers[3]);
  return IpAddress::from(Family::Ipv4, bytes);
}

// A port that is not 0, and the delimiter behind it.
std::optional<uint16_t> read_port(Text text, uint8_t delimiter) {
  uint16_t port = 0;
  for (const uint8_t letter : text) {
    if (letter == delimiter) return port != 0 ? std::optional(port) : std::nullopt;
    if (!is_digit(letter)) return std::nullopt;
    port = static_cast<uint16_t>(port * 10 + (letter - '0'));
  }
  return std::nullopt;
}

// h1,h2,h3,h4,p1,p2
std::optional<Place> read_six(Text text, uint8_t terminator) {
  uint32_t numbers[6];
  if (read_numbers(text, numbers, ',', terminator) == 0) return std::nullopt;
  return Place{ipv4_of(numbers), static_cast<uint16_t>(numbers[4] << 8 | numbers[5])};
}

std::optional<Place> read_port_command(Text text, Family) { return read_six(text, '\r'); }

// Servers do not agree on what stands before the six numbers.
std::optional<Place> read_pasv(Text text, Family) {
  const auto digit = std::ranges::find_if(text, is_digit);
  return read_six(text.subspan(static_cast<size_t>(digit - text.begin())), 0);
}

bool is_delimiter(uint8_t letter) { return !is_digit(letter) && letter >= 33 && letter <= 126; }

// |1|192.0.2.1|6275| or |2|2001:db8::1|5282|
std::optional<Place> read_eprt(Text text, Family family) {
  if (text.size() <= 3) return std::nullopt;
  const uint8_t delimiter = text[0];
  if (!is_delimiter(delimiter) || text[2] != delimiter) return std::nullopt;
  const uint8_t family_number = family == Family::Ipv4 ? '1' : '2';
  if (text[1] != family_number) return std::nullopt;
  text = text.subspan(3);
  const auto length = static_cast<size_t>(std::ranges::find(text, delimiter) - text.begin());
  Place place;
  if (family == Family::Ipv4) {
    uint32_t numbers[4];
    if (read_numbers(text, numbers, '.', delimiter) == 0) return std::nullopt;
    place.address = ipv4_of(numbers);
  } else {
    constexpr size_t kLongest = 45;
    if (length == 0 || length > kLongest) return std::nullopt;
    char written[kLongest + 1] = {};
    std::memcpy(written, text.data(), length);
    uint8_t bytes[16];
    if (inet_pton(AF_INET6, written, bytes) != 1) return std::nullopt;
    place.address = IpAddress::from(Family::Ipv6, bytes);
  }
  if (length >= text.size()) return std::nullopt;
  const auto port = read_port(text.subspan(length + 1), delimiter);
  if (!port) return std::nullopt;
  place.port = *port;
  return place;
}

// (|||6446|): the port alone.
std::optional<Place> read_epsv(Text text, Family) {
  if (text.size() <= 3) return std::nullopt;
  const uint8_t delimiter = text[0];
  if (!is_delimiter(delimiter) || text[1] != delimiter || text[2] != delimiter) return std::nullopt;
  const auto port = read_port(text.subspan(3), delimiter);
  return port ? std::optional(Place{std::nullopt, *port}) : std::nullopt;
}

struct Command {
  std::string_view word;
  uint8_t skip_to;  // what is said stands behind this letter; 0: behind the word
  std::optional<Place> (*read)(Text text, Family family);
};
constexpr Command kCommands[2][2] = {
    {{"PORT", ' ', read_port_command}, {"EPRT", ' ', read_eprt}},
    {{"227 ", 0, read_pasv}, {"229 ", '(', read_epsv}},
};

// Whether the line begins with the first `length` letters of the word, in either case.
bool begins_with(Text line, std::string_view word, size_t length) {
  const auto lower = [](uint8_t letter) { return letter >= 'A' && letter <= 'Z' ? letter | 0x20 : int{letter}; };
  for (size_t i = 0; i < length; ++i) {
    if (lower(line[i]) != lower(static_cast<uint8_t>(word[i]))) return false;
  }
  return true;
}

enum class Found : uint8_t { Nothing, Place, Partial };

Found find_place(Text line, const Command& command, Family family, Place& place) {
  if (!begins_with(line, command.word, std::min(line.size(), command.word.size()))) return Found::Nothing;
  if (line.size() <= command.word.size()) return Found::Partial;
  Text rest = line.subspan(command.word.size());
  if (command.skip_to != 0) {
    const auto skip = std::ranges::find(rest, command.skip_to);
    if (rest.end() - skip <= 1) return Found::Partial;
    rest = rest.subspan(static_cast<size_t>(skip - rest.begin()) + 1);
  }
  const auto read = command.read(rest, family);
  if (!read) return Found::Partial;
  place = *read;
  return Found::Place;
}

// The whole payload; empty where there is none or the capture cut it.
Text payload_of(const Packet& packet) {
  const uint8_t* header = packet.transport(20);
  if (header == nullptr) return {};
  const uint32_t header_bytes = (header[12] >> 4) * 4u;
  const uint32_t whole = packet.transport_length();
  if (header_bytes < 20 || whole <= header_bytes) return {};
  const uint8_t* segment = packet.transport(whole);
  return segment != nullptr ? Text(segment + header_bytes, whole - header_bytes) : Text();
}

// The data connection comes from the other side to where the sender said.
bool expect_data(const Place& place, Connection& connection, const HelperContext& context) {
  const Tuple sender = connection.tuple(context.direction);
  const Tuple other = connection.tuple(opposite(context.direction));
  if (place.address && *place.address != sender.source_address()) return true;
  Expectation expected = {.tuple = other};
  expected.tuple.protocol = kTcp;
  expected.tuple.source_id = 0;
  expected.tuple.destination_id = place.port;
  return context.expecter->expect(connection, expected, context.now);
}

}  // namespace

bool look_at_ftp(const Packet& packet, Connection& connection, const HelperContext& context) {
  if (context.state != PacketState::Established) return true;
  const Text payload = payload_of(packet);
  if (payload.empty()) return true;
  FtpLines lines{};
  std::memcpy(&lines, connection.extra->helper_data.data(), sizeof lines);
  const uint32_t sequence = load_be32(packet.transport(20) + 4);
  bool passes = true;
  if (lines.begins_at(context.direction, sequence)) {
    Found found = Found::Nothing;
    Place place;
    for (const Command& command : kCommands[index(context.direction)]) {
      found = find_place(payload, command, packet.family, place);
      if (found != Found::Nothing) break;
    }
    if (found == Found::Partial) return false;
    if (found == Found::Place) passes = expect_data(place, connection, context);
  }
  if (payload.back() == '\n') {
    lines.add(context.direction, sequence + static_cast<uint32_t>(payload.size()));
    std::memcpy(connection.extra->helper_data.data(), &lines, sizeof lines);
  }
  return passes;
}

}  // namespace sallyport
