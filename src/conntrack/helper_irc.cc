// IRC: a client announces in a message that another client may connect to it (DCC). Counterpart of
// net/netfilter/nf_conntrack_irc.c and nf_nat_irc.c.
//
// Only a message is looked at, from its first " :" on, and there only what begins it: or what somebody else can make
// the client say would open a port (CVE-2022-2663).

#include <fmt/format.h>

#include <array>
#include <optional>

#include "conntrack/helper_text.h"
#include "conntrack/helpers.h"

namespace sallyport {
namespace {

constexpr size_t kMostLooked = 4095;
// The least that can follow: the start of a message, a command, an address, a port, the two letters at the end.
constexpr size_t kLeastLine = 10, kLeastMessage = 26, kLeastPlace = 12;
constexpr std::string_view kCommands[] = {"SEND ", "CHAT ", "MOVE ", "TSEND ", "SCHAT "};

struct Offer {
  uint32_t address = 0;
  uint16_t port = 0;
  size_t offset = 0;  // of both in the text
  size_t length = 0;
};

// As the kernel reads a number that never ends: modulo 2^64.
uint64_t read_number(PayloadText text, size_t& at) {
  uint64_t number = 0;
  for (; at < text.size() && is_digit(text[at]); ++at) number = number * 10 + (text[at] - '0');
  return number;
}

// NAME ADDRESS PORT, all on a line that ends; `at` is where the name begins.
std::optional<Offer> read_offer(PayloadText text, size_t at) {
  if (at >= text.size()) return std::nullopt;
  while (text[at++] != ' ') {
    if (at + kLeastPlace > text.size()) return std::nullopt;
  }
  const PayloadText rest = text.subspan(at);
  if (std::ranges::find(rest, '\n') == rest.end()) return std::nullopt;
  Offer offer = {.offset = at};
  offer.address = static_cast<uint32_t>(read_number(text, at));
  while (text[at] == ' ') ++at;
  offer.port = static_cast<uint16_t>(read_number(text, at));
  offer.length = at - offer.offset;
  return offer;
}

// Behind the word that begins a message; none: the line says something else.
std::optional<size_t> find_message(PayloadText text) {
  size_t at = 0;
  while (at + kLeastLine < text.size() && (text[at] == ' ' || text[at] == '\r' || text[at] == '\n')) ++at;
  if (at + kLeastLine >= text.size()) return at;
  constexpr std::string_view kMessage = "PRIVMSG ";
  return begins_with_word(text.subspan(at), kMessage) ? std::optional(at + kMessage.size()) : std::nullopt;
}

// The first offer that the sender may make: of its own address, or of the one that it is known by.
std::optional<Offer> find_offer(PayloadText text, const Connection& connection, Direction direction) {
  const uint32_t own = load_be32(connection.tuple(direction).source.data());
  const uint32_t known_as = load_be32(connection.tuple(opposite(direction)).destination.data());
  const auto message = find_message(text);
  if (!message) return std::nullopt;
  for (size_t at = *message; at + kLeastMessage < text.size();) {
    constexpr std::string_view kBegins = " :", kDcc = "\1DCC ";
    if (!begins_with(text.subspan(at), kBegins)) {
      ++at;
      continue;
    }
    at += kBegins.size();
    if (!begins_with(text.subspan(at), kDcc)) return std::nullopt;
    at += kDcc.size();
    for (const std::string_view command : kCommands) {
      if (!begins_with(text.subspan(at), command)) continue;
      at += command.size();
      const auto offer = read_offer(text, at);
      if (offer && offer->port != 0 && (offer->address == own || offer->address == known_as)) return offer;
    }
  }
  return std::nullopt;
}

// The other side is told where it can connect to.
bool expect_mapped(Packet& packet, Connection& connection, Expectation expected, const Offer& offer,
                   const HelperContext& context) {
  std::array<char, 16> written;
  if (packet.length + written.size() > UINT16_MAX) return false;
  expected.mapping = {.kind = ExpectedMapping::Kind::AsMaster, .announced_by = context.direction, .id = offer.port};
  const auto port = context.nat->expect(connection, expected, context);
  if (!port) return false;
  const uint32_t address = load_be32(expected.tuple.destination.data());
  const auto end = fmt::format_to_n(written.data(), written.size(), "{} {}", address, *port);
  const PayloadPart part = {static_cast<uint32_t>(offer.offset), static_cast<uint32_t>(offer.length)};
  return context.nat->replace(packet, connection, part, {written.data(), end.size});
}

}  // namespace

bool look_at_irc(Packet& packet, Connection& connection, const HelperContext& context) {
  if (context.direction != Direction::Original || context.state != PacketState::Established) return true;
  PayloadText text = tcp_payload(packet);
  text = text.first(std::min(text.size(), kMostLooked));
  const auto offer = find_offer(text, connection, context.direction);
  if (!offer) return true;
  Expectation expected = {.source_bits = 0};
  expected.tuple.family = Family::Ipv4;
  expected.tuple.protocol = kTcp;
  expected.tuple.destination = connection.tuple(opposite(context.direction)).destination;
  expected.tuple.destination_id = offer->port;
  if (context.nat != nullptr) return expect_mapped(packet, connection, expected, *offer, context);
  return context.expecter->expect(connection, expected, context.now) == Expected::Added;
}

}  // namespace sallyport
