// Two hosts that talk through the world's router: what all conversations by chance have in common.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/draw.h"
#include "kernel/observed.h"
#include "support/packets.h"

namespace sallyport::kernel {

constexpr uint8_t kA = 0, kB = 1;  // the two ends: hosts behind ta and tb
constexpr uint8_t other_end(uint8_t end) { return static_cast<uint8_t>(1 - end); }

// Collects what the hosts say. What is said may reach the router damaged, twice, in fragments, behind extension
// headers.
class Talker {
 public:
  // `number` makes the ports its own.
  Talker(Draw& draw, uint32_t number);

  Draw& draw;
  std::array<IpAddress, 2> addresses = {};
  std::array<uint16_t, 2> ports = {};
  // Of a TCP connection: the sequence number that each end sends next.
  std::array<uint32_t, 2> next = {};

  bool v6() const { return draw.v6(); }
  std::string place(uint8_t end, uint16_t port) const;
  // From that end to the other.
  std::string flow(uint8_t from) const { return place(from, ports[from]) + " > " + place(other_end(from), to(from)); }
  std::string bare_flow(uint8_t from) const { return addresses[from].text() + " > " + addresses[1 - from].text(); }

  void say(uint8_t from, Packet packet);
  void say_tcp(uint8_t from, const std::string& way, uint8_t flags, std::string_view payload = {},
               const test::TcpFields& fields = {});
  void say_udp(uint8_t from, const std::string& way, std::string_view payload);
  void say_ip(uint8_t from, uint8_t protocol, std::span<const uint8_t> transport);

  // The handshake of a TCP connection, and what then is said on it: at times lost, cut in two.
  void connect();
  void say_text(uint8_t from, std::string text, uint8_t flags = test::kAck | test::kPsh);
  // The handshake of another TCP connection, from that end's port to a port of the other.
  void connect_apart(uint8_t from, uint16_t source, uint16_t port);
  // A number that is right, or at times not quite.
  uint32_t displaced(uint32_t right);
  // An ICMP error about a packet that was said, from whom it went to; or about none that was, or to somebody else.
  void say_error();

  bool silent() const { return said_.empty(); }
  std::vector<Input> take() { return std::move(said_); }

 private:
  uint16_t to(uint8_t from) const { return ports[other_end(from)]; }
  void say_in_fragments(uint8_t from, Packet packet);

  std::vector<Input> said_;
};

}  // namespace sallyport::kernel
