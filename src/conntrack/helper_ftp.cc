// FTP: the control connection says where the data connection will go. Counterpart of net/netfilter/nf_conntrack_ftp.c;
// RFC 959 (PORT, PASV), RFC 2428 (EPRT, EPSV).
//
// A command counts only at the beginning of a line, or data that merely looks like one could open a hole: of each
// direction the helper remembers the sequence numbers behind the last two segments that ended a line, and looks only at
// segments that begin there. A command that is cut off is dropped, so that the sender repeats it whole. An address
// other than the sender's own is believed by nobody (CVE-2001-0405: a hole to a third machine).
//
// Where the control connection is mapped, the command is written anew with what the other side can reach. Counterpart
// of net/netfilter/nf_nat_ftp.c.

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <span>

#include "conntrack/helper_text.h"
#include "conntrack/helpers.h"

namespace sallyport {
namespace {

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
      // What is said again makes no room for lines that are long over.
      uint32_t& older = known[static_cast<int32_t>(known[0] - known[1]) < 0 ? 0 : 1];
      if (static_cast<int32_t>(sequence - older) > 0) older = sequence;
    }
  }
};
static_assert(sizeof(FtpLines) <= sizeof(ConnectionExtra::helper_data));

// Where the data connection will go: an address, where the command names one, and a port. It is written in `size` bytes
// from `begin` on.
struct Place {
  std::optional<IpAddress> address = {};
  uint16_t port = 0;
  size_t begin = 0;
  size_t size = 0;
};

// `numbers.size()` decimal numbers with `separator` between them and `terminator` behind (0: whatever is no part of a
// number). Their length; 0: something else stands there.
size_t read_numbers(PayloadText text, std::span<uint32_t> numbers, uint8_t separator, uint8_t terminator) {
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

// A port that is not 0, and the delimiter behind it; both stand from `at` on.
std::optional<Place> read_port(PayloadText text, size_t at, uint8_t delimiter) {
  uint16_t port = 0;
  for (; at < text.size(); ++at) {
    const uint8_t letter = text[at];
    if (letter == delimiter) return port != 0 ? std::optional(Place{.port = port, .size = at + 1}) : std::nullopt;
    if (!is_digit(letter)) return std::nullopt;
    port = static_cast<uint16_t>(port * 10 + (letter - '0'));
  }
  return std::nullopt;
}

// h1,h2,h3,h4,p1,p2
std::optional<Place> read_six(PayloadText text, uint8_t terminator) {
  uint32_t numbers[6];
  const size_t size = read_numbers(text, numbers, ',', terminator);
  if (size == 0) return std::nullopt;
  return Place{.address = ipv4_of(numbers), .port = static_cast<uint16_t>(numbers[4] << 8 | numbers[5]), .size = size};
}

std::optional<Place> read_port_command(PayloadText text, Family) { return read_six(text, '\r'); }

// Servers do not agree on what stands before the six numbers.
std::optional<Place> read_pasv(PayloadText text, Family) {
  const auto begin = static_cast<size_t>(std::ranges::find_if(text, is_digit) - text.begin());
  auto place = read_six(text.subspan(begin), 0);
  if (place) place->begin = begin;
  return place;
}

bool is_delimiter(uint8_t letter) { return !is_digit(letter) && letter >= 33 && letter <= 126; }

// |1|192.0.2.1|6275| or |2|2001:db8::1|5282|
std::optional<Place> read_eprt(PayloadText text, Family family) {
  if (text.size() <= 3) return std::nullopt;
  const uint8_t delimiter = text[0];
  if (!is_delimiter(delimiter) || text[2] != delimiter) return std::nullopt;
  const uint8_t family_number = family == Family::Ipv4 ? '1' : '2';
  if (text[1] != family_number) return std::nullopt;
  constexpr size_t kBeforeAddress = 3;
  const PayloadText address = text.subspan(kBeforeAddress);
  const auto length = static_cast<size_t>(std::ranges::find(address, delimiter) - address.begin());
  std::optional<IpAddress> said;
  if (family == Family::Ipv4) {
    uint32_t numbers[4];
    if (read_numbers(address, numbers, '.', delimiter) == 0) return std::nullopt;
    said = ipv4_of(numbers);
  } else {
    uint8_t bytes[16];
    if (!read_ipv6_text(address.first(length), bytes)) return std::nullopt;
    said = IpAddress::from(Family::Ipv6, bytes);
  }
  if (length >= address.size()) return std::nullopt;
  auto place = read_port(text, kBeforeAddress + length + 1, delimiter);
  if (place) place->address = said;
  return place;
}

// (|||6446|): the port alone.
std::optional<Place> read_epsv(PayloadText text, Family) {
  if (text.size() <= 3) return std::nullopt;
  const uint8_t delimiter = text[0];
  if (!is_delimiter(delimiter) || text[1] != delimiter || text[2] != delimiter) return std::nullopt;
  return read_port(text, 3, delimiter);
}

// The longest place that is written: |2|, an IPv6 address with all its zeros, |, a port, |.
using Written = std::array<char, 50>;

size_t write_six(const IpAddress& address, uint16_t port, Written& out) {
  const auto& bytes = address.bytes;
  return fmt::format_to_n(out.data(), out.size(), "{},{},{},{},{},{}", bytes[0], bytes[1], bytes[2], bytes[3],
                          port >> 8, port & 0xff)
      .size;
}

// As the kernel writes it, IPv6 with all its zeros.
size_t write_eprt(const IpAddress& address, uint16_t port, Written& out) {
  const auto& bytes = address.bytes;
  if (address.family == Family::Ipv4) {
    return fmt::format_to_n(out.data(), out.size(), "|1|{}.{}.{}.{}|{}|", bytes[0], bytes[1], bytes[2], bytes[3], port)
        .size;
  }
  char* end = fmt::format_to(out.data(), "|2|");
  for (size_t i = 0; i < 16; i += 2) {
    end = fmt::format_to(end, "{:02x}{:02x}{}", bytes[i], bytes[i + 1], i == 14 ? '|' : ':');
  }
  end = fmt::format_to(end, "{}|", port);
  return static_cast<size_t>(end - out.data());
}

size_t write_epsv(const IpAddress&, uint16_t port, Written& out) {
  return fmt::format_to_n(out.data(), out.size(), "|||{}|", port).size;
}

struct Command {
  std::string_view word;
  uint8_t skip_to;  // what is said stands behind this letter; 0: behind the word
  std::optional<Place> (*read)(PayloadText text, Family family);
  size_t (*write)(const IpAddress& address, uint16_t port, Written& out);
};
constexpr Command kCommands[2][2] = {
    {{"PORT", ' ', read_port_command, write_six}, {"EPRT", ' ', read_eprt, write_eprt}},
    {{"227 ", 0, read_pasv, write_six}, {"229 ", '(', read_epsv, write_epsv}},
};

enum class Found : uint8_t { Nothing, Place, Partial };

Found find_place(PayloadText line, const Command& command, Family family, Place& place) {
  if (!begins_with_word(line, command.word.substr(0, line.size()))) return Found::Nothing;
  if (line.size() <= command.word.size()) return Found::Partial;
  PayloadText rest = line.subspan(command.word.size());
  if (command.skip_to != 0) {
    const auto skip = std::ranges::find(rest, command.skip_to);
    if (rest.end() - skip <= 1) return Found::Partial;
    rest = rest.subspan(static_cast<size_t>(skip - rest.begin()) + 1);
  }
  const auto read = command.read(rest, family);
  if (!read) return Found::Partial;
  place = *read;
  place.begin += line.size() - rest.size();
  return Found::Place;
}

// The other side is told where the data connection can go to, which will be led to where the sender said.
bool expect_mapped(Packet& packet, const Command& command, const Place& place, Connection& connection,
                   Expectation expected, const HelperContext& context) {
  if (packet.length + Written().size() > UINT16_MAX) return false;
  expected.mapping = {.kind = ExpectedMapping::Kind::AsMaster, .announced_by = context.direction, .id = place.port};
  const auto port = context.nat->expect(connection, expected, context);
  if (!port) return false;
  Written written = {};
  const size_t size = command.write(expected.tuple.destination_address(), *port, written);
  const PayloadPart part = {static_cast<uint32_t>(place.begin), static_cast<uint32_t>(place.size)};
  return context.nat->replace(packet, connection, part, {written.data(), size});
}

// The data connection comes from the other side to where the sender said.
bool expect_data(Packet& packet, const Command& command, const Place& place, Connection& connection,
                 const HelperContext& context) {
  const Tuple sender = connection.tuple(context.direction);
  const Tuple other = connection.tuple(opposite(context.direction));
  if (place.address && *place.address != sender.source_address()) return true;
  Expectation expected = {.tuple = other};
  expected.tuple.protocol = kTcp;
  expected.tuple.source_id = 0;
  expected.tuple.destination_id = place.port;
  if (context.nat != nullptr) return expect_mapped(packet, command, place, connection, expected, context);
  return context.expecter->expect(connection, expected, context.now) == Expected::Added;
}

}  // namespace

bool look_at_ftp(Packet& packet, Connection& connection, const HelperContext& context) {
  if (context.state != PacketState::Established) return true;
  const PayloadText payload = tcp_payload(packet);
  if (payload.empty()) return true;
  FtpLines lines{};
  std::memcpy(&lines, connection.extra->helper_data.data(), sizeof lines);
  const uint32_t sequence = load_be32(packet.transport(20) + 4);
  // The payload may be written anew below.
  const bool ends_line = payload.back() == '\n';
  const uint32_t next_sequence = sequence + static_cast<uint32_t>(payload.size());
  bool passes = true;
  if (lines.begins_at(context.direction, sequence)) {
    for (const Command& command : kCommands[index(context.direction)]) {
      Place place;
      const Found found = find_place(payload, command, packet.family, place);
      if (found == Found::Partial) return false;
      if (found == Found::Nothing) continue;
      passes = expect_data(packet, command, place, connection, context);
      break;
    }
  }
  if (ends_line) {
    lines.add(context.direction, next_sequence);
    std::memcpy(connection.extra->helper_data.data(), &lines, sizeof lines);
  }
  return passes;
}

}  // namespace sallyport
