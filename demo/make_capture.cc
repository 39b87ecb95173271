// Writes the demo's capture: one minute at a gateway that let everything through, one interface block per side.
// The same seed gives the same file. Usage: make_capture OUT.pcapng [SEED]
//
//   provider ---- wan  gateway  dmz ---- web server, honeypot
//                        lan ---- desks
//
// Beside ordinary browsing, DNS and IPv6 there are a port scan, an SSH brute force, a request for /cgi-bin/phf,
// somebody in the honeypot, spoofed sources, fragments, and what desks send without being asked.

#include <charconv>
#include <cstdio>
#include <cstring>
#include <string>

#include "payloads.h"
#include "sallyport/packet_io.h"
#include "talk.h"

namespace demo {
namespace {

using sallyport::Duration;
using sallyport::IpAddress;
using sallyport::kMicrosecond;
using sallyport::kMillisecond;
using sallyport::kSecond;
using sallyport::Random;
using sallyport::Timestamp;

constexpr Timestamp kStart = 1'709'637'600 * kSecond;  // 2024-03-05 11:20:00 UTC, a Tuesday
constexpr Duration kLength = 60 * kSecond;
constexpr Mac kProvider = {0x02, 0x00, 0x5e, 0x10, 0x00, 0x01};

constexpr std::string_view kBrowser = "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0";
constexpr std::string_view kPages[] = {"/", "/news.html", "/about.html", "/images/map.svg", "/shop/list?page=2"};

Node node(Wire wire, std::string_view address, unsigned number, uint8_t ttl) {
  const auto parsed = sallyport::parse_address(address);
  if (!parsed) {
    std::fprintf(stderr, "make_capture: %s\n", parsed.error().text().c_str());
    std::exit(2);
  }
  return {.wire = wire,
          .address = *parsed,
          .mac = wire == Wire::Wan
                     ? kProvider
                     : Mac{0x02, 0x00, 0x5e, static_cast<uint8_t>(wire), 0x01, static_cast<uint8_t>(number)},
          .ttl = ttl};
}

Node outside(std::string_view address, uint8_t ttl = 52) { return node(Wire::Wan, address, 0, ttl); }
Node in_dmz(std::string_view address, unsigned number) { return node(Wire::Dmz, address, number, 64); }
Node desk(unsigned number) { return node(Wire::Lan, "192.0.2." + std::to_string(number), number, 64); }
Node desk6(unsigned number) { return node(Wire::Lan, "2001:db8:1::" + std::to_string(number), number, 64); }

const Node kWeb = in_dmz("198.51.100.2", 2);
const Node kWeb6 = in_dmz("2001:db8:2::2", 2);
const Node kHoneypot = in_dmz("198.51.100.3", 3);
const Node kResolver = outside("198.18.0.53", 57);
const Node kResolver6 = outside("2001:db8:8000::53", 57);
const Node kScanner = outside("198.19.66.6", 47);
const Node kBruteForcer = outside("198.19.77.7", 44);
const Node kIntruder = outside("198.19.88.8", 49);

struct Site {
  std::string_view name;
  Node at;
  Node at6;
};
const Site kSites[] = {
    {"www.example.com", outside("198.18.1.10"), outside("2001:db8:8000:1::10")},
    {"news.example.net", outside("198.18.2.20", 55), outside("2001:db8:8000:2::20", 55)},
    {"maps.example.org", outside("198.18.3.30", 50), outside("2001:db8:8000:3::30", 50)},
};

Duration some_time(Random& random, Duration most) {
  return static_cast<Duration>(random.below(static_cast<uint32_t>(most / kMicrosecond))) * kMicrosecond;
}

void ask_dns(Recording& recording, Duration at, const Node& asker, const Node& resolver, std::string_view name,
             const IpAddress& answer) {
  const auto id = static_cast<uint16_t>(recording.random().next32());
  const auto port = static_cast<uint16_t>(32768 + recording.random().below(28000));
  const bool aaaa = answer.family == sallyport::Family::Ipv6;
  recording.add(at, asker,
                udp_packet(recording.ip(asker, resolver), port, 53, dns_message(id, name, aaaa, std::nullopt)));
  recording.add(at + 18 * kMillisecond, resolver,
                udp_packet(recording.ip(resolver, asker), 53, port, dns_message(id, name, aaaa, answer)));
}

void visit_plain(Recording& recording, Duration at, const Node& client, const Node& server, std::string_view host) {
  Random& random = recording.random();
  TcpTalk talk(recording, client, server, 80, at);
  talk.open();
  talk.client_says(http_request(host, kPages[random.below(std::size(kPages))], kBrowser));
  talk.wait(some_time(random, 30 * kMillisecond));
  talk.server_says(http_response("200 OK", 800 + random.below(30'000), random));
  talk.close();
}

void visit_encrypted(Recording& recording, Duration at, const Node& client, const Node& server, std::string_view host) {
  Random& random = recording.random();
  TcpTalk talk(recording, client, server, 443, at);
  talk.open();
  talk.client_says(tls_client_hello(host, random));
  talk.server_says(tls_server_hello(random));
  for (unsigned requests = 1 + random.below(3); requests > 0; --requests) {
    talk.client_says(tls_data(180 + random.below(300), random));
    talk.wait(some_time(random, 30 * kMillisecond));
    talk.server_says(tls_data(500 + random.below(40'000), random));
    talk.wait(some_time(random, kSecond));
  }
  talk.close();
}

// Desks look at the world, over both families.
void browsing(Recording& recording) {
  Random& random = recording.random();
  for (int visit = 0; visit < 70; ++visit) {
    const Duration at = some_time(random, kLength - 6 * kSecond);
    const Site& site = kSites[random.below(std::size(kSites))];
    const unsigned who = 20 + random.below(12);
    const bool six = random.below(3) == 0;
    const Node client = six ? desk6(who) : desk(who);
    const Node& server = six ? site.at6 : site.at;
    ask_dns(recording, at, client, six ? kResolver6 : kResolver, site.name, server.address);
    const auto visit_it = random.below(4) == 0 ? visit_plain : visit_encrypted;
    visit_it(recording, at + 25 * kMillisecond, client, server, site.name);
  }
}

// The world looks at the web server.
void visitors(Recording& recording) {
  Random& random = recording.random();
  for (unsigned visit = 0; visit < 60; ++visit) {
    const Duration at = some_time(random, kLength - 6 * kSecond);
    const auto visit_it = random.below(3) == 0 ? visit_encrypted : visit_plain;
    if (random.below(4) == 0) {
      visit_it(recording, at, outside("2001:db8:9000::" + std::to_string(1 + visit)), kWeb6, "www.example.edu");
    } else {
      visit_it(recording, at, outside("198.18.100." + std::to_string(1 + visit)), kWeb, "www.example.edu");
    }
  }
}

// Every port of a list on the web server: a SYN, what comes back, and no more than a RST where it is open.
void port_scan(Recording& recording) {
  Random& random = recording.random();
  Duration at = 8 * kSecond;
  for (uint16_t port = 1; port <= 1024; ++port, at += 9 * kMillisecond + some_time(random, 3 * kMillisecond)) {
    TcpTalk probe(recording, kScanner, kWeb, port, at);
    if (port == 22 || port == 80 || port == 443) {
      probe.open();
      probe.reset_by_client();
    } else {
      probe.refuse();
    }
  }
  // Then the odd flags by which scanners tell systems apart.
  for (const uint8_t flags : {uint8_t{0}, uint8_t{kFin | kPsh | kUrg}, uint8_t{kSyn | kFin}, uint8_t{kFin}}) {
    for (int again = 0; again < 3; ++again, at += 100 * kMillisecond) {
      const TcpFields tcp = {
          .source_port = 40000, .destination_port = 80, .sequence = random.next32(), .flags = flags, .window = 1024};
      recording.add(at, kScanner, tcp_packet(recording.ip(kScanner, kWeb), tcp, {}));
    }
  }
}

void ssh_login(Recording& recording, TcpTalk& talk) {
  Random& random = recording.random();
  const auto text = [](std::string_view line) { return Bytes(line.begin(), line.end()); };
  talk.open();
  talk.server_says(text("SSH-2.0-OpenSSH_9.2\r\n"));
  talk.client_says(text("SSH-2.0-libssh_0.10.4\r\n"));
  talk.client_says(ssh_key_exchange_init(random));
  talk.server_says(ssh_key_exchange_init(random));
  talk.client_says(ssh_key_exchange(false, random));
  talk.server_says(ssh_key_exchange(true, random));
  talk.server_says(ssh_new_keys(random));
  talk.client_says(ssh_new_keys(random));
  talk.client_says(ssh_encrypted(84, random));  // the password
  talk.wait(300 * kMillisecond + some_time(random, 200 * kMillisecond));
  talk.server_says(ssh_encrypted(52, random));  // no
}

void brute_force(Recording& recording) {
  for (Duration at = 15 * kSecond; at < 52 * kSecond; at += 700 * kMillisecond) {
    TcpTalk talk(recording, kBruteForcer, kWeb, 22, at);
    ssh_login(recording, talk);
    talk.close();
  }
}

// The oldest trick in the book (CVE-1999-0067), from three machines, beside harmless requests from the same.
void phf_probes(Recording& recording) {
  Random& random = recording.random();
  for (int from = 1; from <= 3; ++from) {
    const Node prober = outside("198.19.55." + std::to_string(from), 41);
    Duration at = 12 * kSecond + from * 11 * kSecond;
    for (const std::string_view path : {"/", "/cgi-bin/phf?Qalias=x%0a/bin/cat%20/etc/passwd", "/cgi-bin/test-cgi"}) {
      TcpTalk talk(recording, prober, kWeb, 80, at);
      talk.open();
      talk.client_says(http_request("198.51.100.2", path, "Mozilla/4.0 (compatible)"));
      talk.server_says(http_response(path == "/" ? "200 OK" : "404 Not Found", 300, random));
      talk.close();
      at += kSecond;
    }
  }
}

// Somebody logs in to the honeypot, and tries to reach others from there.
void honeypot(Recording& recording) {
  TcpTalk talk(recording, kIntruder, kHoneypot, 22, 20 * kSecond);
  ssh_login(recording, talk);
  for (int command = 0; command < 20; ++command) {
    talk.client_says(ssh_encrypted(52, recording.random()));
    talk.wait(40 * kMillisecond);
    talk.server_says(ssh_encrypted(116 + 16 * recording.random().below(20), recording.random()));
    talk.wait(some_time(recording.random(), kSecond));
  }
  talk.close();
  for (int victim = 1; victim <= 40; ++victim) {
    const Node target = outside("198.18.200." + std::to_string(victim));
    TcpTalk(recording, kHoneypot, target, 23, 34 * kSecond + victim * 150 * kMillisecond).refuse();
  }
  TcpTalk(recording, kHoneypot, desk(25), 445, 41 * kSecond).refuse();
}

void ping(Recording& recording, Duration at, const Node& from, const Node& to, uint16_t id, uint16_t sequence,
          size_t bytes) {
  const bool six = from.address.family == sallyport::Family::Ipv6;
  Bytes payload(bytes);
  for (size_t i = 0; i < bytes; ++i) {
    payload[i] = static_cast<uint8_t>(i);
  }
  const uint32_t rest = static_cast<uint32_t>(id) << 16 | sequence;
  const auto send = [&](Duration when, const Node& a, const Node& b, uint8_t type) {
    IpFields ip = recording.ip(a, b);
    ip.dont_fragment = bytes < 1400;
    const Bytes packet = icmp_packet(ip, type, 0, rest, payload);
    if (six || packet.size() <= 1492) {
      return recording.add(when, a, packet);
    }
    for (const Bytes& piece : fragments(packet, 1492)) {
      recording.add(when += 10 * kMicrosecond, a, piece);
    }
  };
  send(at, from, to, six ? 128 : 8);
  send(at + 30 * kMillisecond, to, from, six ? 129 : 0);
}

void pings(Recording& recording) {
  for (uint16_t i = 1; i <= 20; ++i) {
    ping(recording, 5 * kSecond + i * kSecond, desk(22), kSites[0].at, 700, i, 56);
    ping(recording, 6 * kSecond + i * kSecond, desk6(23), kSites[1].at6, 701, i, 56);
  }
  for (uint16_t i = 1; i <= 60; ++i) {  // a flood
    ping(recording, 30 * kSecond + i * 20 * kMillisecond, kScanner, kWeb, 900, i, 56);
  }
  for (uint16_t i = 1; i <= 5; ++i) {
    ping(recording, 44 * kSecond + i * kSecond, outside("198.19.99.9", 40), kWeb, 901, i, 3000);
  }
}

// traceroute: the gateway answers the first three itself, the provider's router the next.
void traceroute(Recording& recording) {
  const Node hop = outside("203.0.113.1", 255);
  for (unsigned i = 0; i < 6; ++i) {
    Node from = desk(24);
    from.ttl = static_cast<uint8_t>(1 + i / 3);
    const Duration at = 26 * kSecond + i * 40 * kMillisecond;
    IpFields ip = recording.ip(from, kSites[2].at);
    ip.dont_fragment = false;
    const auto probe = [&] { return udp_packet(ip, 51000, static_cast<uint16_t>(33434 + i), Bytes(32, 0x40)); };
    recording.add(at, from, probe());
    if (from.ttl == 2) {
      ip.ttl = 1;  // as that router got it
      recording.add(at + 4 * kMillisecond, hop, icmp_packet(recording.ip(hop, from), 11, 0, 0, probe()));
    }
  }
}

// What is sent to nobody's benefit.
void background(Recording& recording) {
  const auto desk_net = *sallyport::parse_address("192.0.2.255");
  for (unsigned i = 0; i < 24; ++i) {
    const Node from = desk(20 + i % 12);
    const Duration at = 2 * kSecond + i * 2 * kSecond;
    IpFields ip = recording.ip(from, from);
    ip.destination = desk_net;
    ip.dont_fragment = false;
    const Bytes packet = udp_packet(ip, 137, 137, netbios_name_query(static_cast<uint16_t>(0x4000 + i)));
    constexpr Mac kEverybody = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    recording.add_frame(at, Wire::Lan, ethernet(from.mac, kEverybody, packet));
    recording.add_frame(at + kSecond, Wire::Lan,
                        arp_request(from.mac, from.address, *sallyport::parse_address("192.0.2.1")));
  }
  for (unsigned i = 0; i < 12; ++i) {  // a desk that looks for a chat server, another that talks to a file server
    TcpTalk(recording, desk(30), kSites[0].at, 6667, 10 * kSecond + i * 3 * kSecond).refuse();
    TcpTalk(recording, desk(31), kSites[1].at, 445, 11 * kSecond + i * 3 * kSecond).refuse();
    TcpTalk(recording, outside("198.18.2.25"), desk(20), 113, 12 * kSecond + i * 3 * kSecond).refuse();
  }
  for (unsigned i = 0; i < 30; ++i) {  // sources that cannot be outside
    const Node liar = outside(i % 2 == 0 ? "10.1.2.3" : "192.0.2.20", 60);
    const TcpFields tcp = {.source_port = static_cast<uint16_t>(1025 + i),
                           .destination_port = 80,
                           .sequence = recording.random().next32(),
                           .flags = kSyn,
                           .syn_options = true};
    recording.add(18 * kSecond + i * 200 * kMillisecond, liar, tcp_packet(recording.ip(liar, kWeb), tcp, {}));
  }
}

// A desk asks for the gateway's link-layer address, and tells its own (RFC 4861).
void neighbours(Recording& recording) {
  const Node gateway = node(Wire::Lan, "2001:db8:1::ffff", 0, 255);
  for (unsigned i = 0; i < 10; ++i) {
    Node from = desk6(20 + i);
    from.ttl = 255;
    Writer body;
    body.bytes(gateway.address.view()).u8(1).u8(1).bytes(from.mac);
    recording.add(kSecond + i * 5 * kSecond, from, icmp_packet(recording.ip(from, gateway), 135, 0, 0, body.view()));
  }
}

Recording record(uint64_t seed) {
  Recording recording(kStart, seed);
  browsing(recording);
  visitors(recording);
  port_scan(recording);
  brute_force(recording);
  phf_probes(recording);
  honeypot(recording);
  pings(recording);
  traceroute(recording);
  background(recording);
  neighbours(recording);
  return recording;
}

int write(const std::string& path, uint64_t seed) {
  const sallyport::CaptureInterface interfaces[] = {{.name = "wan"}, {.name = "dmz"}, {.name = "lan"}};
  auto writer = sallyport::create_capture(path, sallyport::format_for(path), interfaces);
  if (!writer) {
    std::fprintf(stderr, "make_capture: %s\n", writer.error().text().c_str());
    return 2;
  }
  const std::vector<RecordedFrame> frames = record(seed).in_order();
  for (const RecordedFrame& frame : frames) {
    (*writer)->write({.bytes = frame.bytes,
                      .original_length = static_cast<uint32_t>(frame.bytes.size()),
                      .interface = static_cast<uint32_t>(frame.wire),
                      .time = frame.time});
  }
  if (const auto finished = (*writer)->finish(); !finished) {
    std::fprintf(stderr, "make_capture: %s\n", finished.error().text().c_str());
    return 2;
  }
  std::fprintf(stderr, "%s: %zu packets\n", path.c_str(), frames.size());
  return 0;
}

}  // namespace
}  // namespace demo

int main(int argc, char** argv) {
  uint64_t seed = 1;
  if (argc == 3) {
    const char* end = argv[2] + std::strlen(argv[2]);
    if (std::from_chars(argv[2], end, seed).ptr != end) {
      argc = 0;
    }
  }
  if (argc != 2 && argc != 3) {
    std::fputs("usage: make_capture OUT.pcapng [SEED]\n", stderr);
    return 2;
  }
  return demo::write(argv[1], seed);
}
