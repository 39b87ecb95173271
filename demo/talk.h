// Who stands around the demo's gateway, and how they talk: every packet is kept as it reaches the gateway.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "frames.h"
#include "sallyport/clock.h"
#include "sallyport/random.h"

namespace demo {

// The gateway's interfaces, in the order of the capture's interface blocks.
enum class Wire : uint8_t { Wan, Dmz, Lan };

struct Node {
  Wire wire = Wire::Wan;
  sallyport::IpAddress address = {};
  Mac mac = {};
  uint8_t ttl = 64;  // when its packets reach the gateway
};

struct RecordedFrame {
  sallyport::Timestamp time = 0;
  Wire wire = Wire::Wan;
  Bytes bytes = {};
};

// What was recorded. Frames are added in any order; `in_order` sorts them by time.
class Recording {
 public:
  Recording(sallyport::Timestamp start, uint64_t seed) : start_(start), random_(seed) {}

  // `at` counts from the start.
  void add(sallyport::Duration at, const Node& from, const Bytes& ip_packet);
  void add_frame(sallyport::Duration at, Wire wire, Bytes frame);
  std::vector<RecordedFrame> in_order() &&;

  sallyport::Random& random() { return random_; }
  uint16_t next_identification() { return ++identification_; }
  IpFields ip(const Node& from, const Node& to);

 private:
  sallyport::Timestamp start_;
  sallyport::Random random_;
  uint16_t identification_ = 0;
  std::vector<RecordedFrame> frames_;
};

// One TCP connection, from SYN to FIN or RST. Time goes on by itself: half a round trip for each change of direction.
class TcpTalk {
 public:
  TcpTalk(Recording& recording, const Node& client, const Node& server, uint16_t port, sallyport::Duration start);

  void open();
  void refuse();  // SYN answered by RST
  void client_says(std::span<const uint8_t> bytes) { say(client_, server_, bytes); }
  void server_says(std::span<const uint8_t> bytes) { say(server_, client_, bytes); }
  void close();  // the server first, as HTTP servers do
  void reset_by_client();
  void wait(sallyport::Duration time) { now_ += time; }
  sallyport::Duration now() const { return now_; }

 private:
  struct End {
    Node node = {};
    uint16_t port = 0;
    uint32_t next_sequence = 0;
  };
  void segment(End& from, const End& to, uint8_t flags, std::span<const uint8_t> payload = {});
  void say(End& from, End& to, std::span<const uint8_t> bytes);
  void cross();

  Recording& recording_;
  End client_;
  End server_;
  sallyport::Duration now_;
  sallyport::Duration half_round_trip_;
};

}  // namespace demo
