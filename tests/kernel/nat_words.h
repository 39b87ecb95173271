// What is said in conversations through NAT that have no helper: packets, the answers to what really left, errors about
// it, and datagrams in pieces.
#pragma once

#include <cstdint>
#include <vector>

#include "kernel/observed.h"
#include "support/packets.h"

namespace sallyport::kernel {

// One end of a conversation, and whom it addresses. ICMP's is kIcmp in both families; ids stand for ports.
struct Way {
  IpAddress from = {}, to = {};
  uint16_t from_port = 0, to_port = 0;
  uint8_t protocol = kUdp;
};
struct Said {
  bool answer = false;
  uint8_t flags = test::kSyn;
  uint32_t sequence = 0, ack = 0;
  size_t payload = 0;
};

// By the interface that who begins a conversation is behind.
Input input_of(const Way& way, const Said& said);
// What left for the first packet is that packet with other ends, and no answer to it.
bool is_mapped(const Way& way, const Seen& left);
// What the far end says to the packet that reached it.
Input answer_to(const Seen& seen, uint8_t protocol, const Said& said);

struct ErrorKind {
  uint8_t type = 0;
  bool cut = false;       // quotes hardly more than the header
  bool from_far = false;  // by whom the packet was meant for, else by a router on the way
};
Input error_about(const Seen& seen, const ErrorKind& kind);

// In fragments, each at most `mtu` bytes. Said in a line on standard output and false: that is not possible.
bool cut_up(const Input& whole, uint32_t mtu, uint32_t identification, std::vector<Packet>& pieces);

}  // namespace sallyport::kernel
