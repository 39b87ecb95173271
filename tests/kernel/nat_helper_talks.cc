// FTP, TFTP and IRC through NAT.

#include "kernel/nat_helper_talks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "sallyport/bytes.h"

namespace sallyport::kernel {
namespace {

constexpr uint8_t kClient = 0, kServer = 1;
constexpr uint16_t kFtpPort = 21, kFtpDataPort = 20, kTftpPort = 69, kIrcPort = 6667;

constexpr std::string_view kCounts[] = {"FTP PORT",
                                        "FTP EPRT",
                                        "FTP 227",
                                        "FTP 229",
                                        "FTP data connections",
                                        "IRC offers",
                                        "IRC connections",
                                        "TFTP transfers",
                                        "SIP messages",
                                        "SIP messages written anew",
                                        "SIP messages that grew",
                                        "SIP media",
                                        "SIP media to a third machine",
                                        "SIP descriptions given twice",
                                        "SIP calls to a contact",
                                        "PPTP messages",
                                        "PPTP messages written anew",
                                        "PPTP calls' packets",
                                        "commands written anew",
                                        "commands that grew",
                                        "commands that shrank",
                                        "repeated segments",
                                        "selective acknowledgements",
                                        "listed with -n",
                                        "listed with -g",
                                        "listed with -j"};

// Where somebody may connect to, as it was told.
struct Place {
  std::optional<IpAddress> address = {};
  uint16_t port = 0;
};

std::vector<uint32_t> numbers_of(std::string_view text) {
  std::vector<uint32_t> numbers;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = text.find_first_of("0123456789", at);
    if (begin == std::string_view::npos) break;
    at = std::min(text.find_first_not_of("0123456789", begin), text.size());
    numbers.push_back(
        static_cast<uint32_t>(std::strtoul(std::string(text.substr(begin, at - begin)).c_str(), nullptr, 10)));
  }
  return numbers;
}

IpAddress ipv4(uint32_t address) {
  uint8_t bytes[4];
  store_be32(bytes, address);
  return IpAddress::from(Family::Ipv4, bytes);
}

// "PORT 10,2,0,1,78,32", "227 ... (10,2,0,1,78,32)": the last six numbers.
std::optional<Place> read_commas(std::string_view text) {
  const auto numbers = numbers_of(text);
  if (numbers.size() < 6) return std::nullopt;
  const uint32_t* const six = numbers.data() + numbers.size() - 6;
  return Place{ipv4(six[0] << 24 | six[1] << 16 | six[2] << 8 | six[3]), static_cast<uint16_t>(six[4] << 8 | six[5])};
}

// "EPRT |1|10.2.0.1|20000|", "229 ... (|||20000|)".
std::optional<Place> read_bars(std::string_view text) {
  std::vector<std::string_view> fields;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find('|', at), text.size());
    fields.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  if (fields.size() < 5) return std::nullopt;
  Place place = {.port = static_cast<uint16_t>(std::strtoul(std::string(fields[3]).c_str(), nullptr, 10))};
  if (!fields[2].empty()) {
    const auto address = parse_address(fields[2]);
    if (!address) return std::nullopt;
    place.address = *address;
  }
  return place;
}

// "... DCC SEND file 167903233 20000": the last two numbers.
std::optional<Place> read_offer(std::string_view text) {
  const auto numbers = numbers_of(text);
  if (numbers.size() < 2) return std::nullopt;
  return Place{ipv4(numbers[numbers.size() - 2]), static_cast<uint16_t>(numbers.back())};
}

class HelperTalk {
 public:
  HelperTalk(NatTalk& talk, const HelperHosts& hosts)
      : talk_(talk), draw_(talk.draw), hosts_(hosts), ports_(hosts.number) {}

  bool ftp() {
    if (!talk_.connect(to_server(kFtpPort))) return talk_.wire.same;
    talk_.say(kServer, "220 ready\r\n");
    talk_.say(kClient, "USER x\r\n");
    for (uint32_t i = draw_.between(1, 6); i > 0; --i) {
      const auto from = static_cast<uint8_t>(draw_.below(2));
      const bool bars = draw_.v6() || draw_.chance(40);
      const uint16_t port = ports_.next();
      const std::string said = bars ? bars_command(from, port) : commas_command(from, port);
      if (const std::string heard = announce(from, said); !heard.empty()) {
        talk_.wire.tally.count(from == kClient ? (bars ? "FTP EPRT" : "FTP PORT") : (bars ? "FTP 229" : "FTP 227"));
        const auto place = bars ? read_bars(heard) : read_commas(heard);
        const uint16_t source = from == kClient && draw_.chance(60) ? kFtpDataPort : ports_.next();
        if (place && draw_.chance(85)) come(from, *place, source, "FTP data connections");
      }
      chatter();
    }
    return talk_.wire.same;
  }

  bool irc() {
    if (!talk_.connect(to_server(kIrcPort))) return talk_.wire.same;
    talk_.say(kServer, ":irc 001 x :hello\r\n");
    for (uint32_t i = draw_.between(1, 6); i > 0; --i) {
      const uint16_t port = ports_.next();
      const Speaker& client = talk_.speakers[kClient];
      const uint32_t address = load_be32(client.own.bytes.data());
      const auto what = draw_.pick<std::string_view>({"SEND file", "CHAT chat", "TSEND f"});
      const std::string heard =
          announce(kClient, fmt::format("PRIVMSG bob :\1DCC {} {} {}\1\r\n", what, address, port));
      if (!heard.empty()) {
        talk_.wire.tally.count("IRC offers");
        const auto place = read_offer(heard);
        if (place && draw_.chance(85)) come(kClient, *place, ports_.next(), "IRC connections");
      }
      chatter();
    }
    return talk_.wire.same;
  }

  bool tftp() {
    for (uint32_t i = draw_.between(1, 4); i > 0 && talk_.wire.same; --i) {
      Speaker first = to_server(kTftpPort);
      if (draw_.chance(50)) first.own_port = ports_.next();
      const std::string_view kind = draw_.pick<std::string_view>({"\1", "\2", "\3"});
      if (!talk_.begin_udp(first, std::string(1, '\0') + std::string(kind) + std::string("f\0octet\0", 8))) continue;
      // The answer comes from a port of the server's choice.
      Speaker answering = talk_.speakers[kServer];
      answering.own_port = ports_.next();
      NatTalk transfer(talk_.wire);
      if (!transfer.begin_udp(answering, "data")) continue;
      transfer.say_udp(1, "ack");
      transfer.say_udp(0, "data");
      if (!transfer.speakers[1].heard.empty()) talk_.wire.tally.count("TFTP transfers");
    }
    return talk_.wire.same;
  }

 private:
  Speaker to_server(uint16_t port) {
    return {.interface = 0, .own = hosts_.client, .peer = hosts_.server, .own_port = ports_.next(), .peer_port = port};
  }

  std::string commas_command(uint8_t from, uint16_t port) {
    std::string numbers = host(from);
    std::ranges::replace(numbers, '.', ',');
    const std::string what = fmt::format("{},{},{}", numbers, port >> 8, port & 255);
    return from == kClient ? fmt::format("PORT {}\r\n", what) : fmt::format("227 Passive ({})\r\n", what);
  }
  std::string bars_command(uint8_t from, uint16_t port) {
    if (from == kServer) return fmt::format("229 Extended (|||{}|)\r\n", port);
    return fmt::format("EPRT |{}|{}|{}|\r\n", draw_.v6() ? 2 : 1, host(from), port);
  }
  // Its own, and now and then somebody else's, which must be believed by nobody.
  std::string host(uint8_t end) {
    const Speaker& who = talk_.speakers[end];
    return (draw_.chance(95) ? who.own : who.peer).text();
  }

  // What the other end hears of it.
  std::string announce(uint8_t from, const std::string& said) {
    talk_.say(from, said);
    const std::string heard = talk_.speakers[1 - from].heard;
    if (heard.empty() || heard == said || !said.starts_with(heard.substr(0, 4))) return heard;
    talk_.wire.tally.count("commands written anew");
    if (heard.size() > said.size()) talk_.wire.tally.count("commands that grew");
    if (heard.size() < said.size()) talk_.wire.tally.count("commands that shrank");
    return heard;
  }

  // What else goes to and fro behind a command, and before it once more.
  void chatter() {
    for (uint32_t i = draw_.below(4); i > 0; --i) {
      const auto from = static_cast<uint8_t>(draw_.below(2));
      switch (draw_.below(3)) {
        case 0:
          talk_.say(from, from == kClient ? "NOOP\r\n" : "200 ok\r\n");
          break;
        case 1:
          talk_.acknowledge(from);
          break;
        default:
          talk_.repeat(from);
          break;
      }
    }
  }

  // The other end connects to where it was told, or beside it.
  void come(uint8_t announced_by, const Place& place, uint16_t source, std::string_view what) {
    const Speaker& other = talk_.speakers[1 - announced_by];
    Speaker first = {.interface = other.interface,
                     .own = other.own,
                     .peer = place.address.value_or(other.peer),
                     .own_port = source,
                     .peer_port = draw_.chance(95) ? place.port : static_cast<uint16_t>(place.port + 1)};
    // Who is led to itself may be led there from elsewhere, too: from the usual port the two would clash.
    if (first.peer == first.own) first.own_port = ports_.next();
    NatTalk data(talk_.wire);
    if (!data.connect(first)) return;
    talk_.wire.tally.count(what);
    data.say(0, "some");
    data.say(1, "data");
  }

  NatTalk& talk_;
  Draw& draw_;
  HelperHosts hosts_;
  OwnPorts ports_;
};

}  // namespace

bool talk_with_helper(NatWire& wire, const HelperHosts& hosts) {
  NatTalk talk(wire);
  HelperTalk helper(talk, hosts);
  const uint32_t which = wire.draw.below(100);
  if (which < 12) return helper.tftp();
  if (which < 40) return talk_sip_through_nat(talk, hosts);
  if (which < 55 && !wire.draw.v6()) return talk_pptp_through_nat(talk, hosts);
  if (which < 70 && !wire.draw.v6()) return helper.irc();
  return helper.ftp();
}

std::span<const std::string_view> helper_talk_counts() { return kCounts; }

}  // namespace sallyport::kernel
