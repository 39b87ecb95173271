// Queues and what waits in them. Counterpart of net/netfilter/nfnetlink_queue.c.

#include "hook/queues.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace sallyport {

RouteChoice::RouteChoice(const Packet& packet)
    : source_(packet.source()), destination_(packet.destination()), mark_(packet.mark), tos_(packet.tos()) {}

// Another traffic class is no reason to route an IPv6 packet again.
bool RouteChoice::changed(const Packet& packet) const {
  return packet.mark != mark_ || packet.source() != source_ || packet.destination() != destination_ ||
         (packet.family == Family::Ipv4 && packet.tos() != tos_);
}

std::shared_ptr<const QueueHandler> Queue::share(QueueHandler handler) {
  return std::make_shared<const QueueHandler>(std::move(handler));
}

void Queue::listen(QueueHandler handler, QueueLimits limits) {
  handler_ = share(std::move(handler));
  limits_ = limits;
}

QueueCounters Queue::counters() const {
  return {.asked = asked_, .waiting = waiting_.size(), .found_full = found_full_};
}

QueuedPacket& Queue::hold(uint64_t number) {
  if (spare_.empty()) spare_.push_back(std::make_unique<QueuedPacket>());
  std::unique_ptr<QueuedPacket> place = std::move(spare_.back());
  spare_.pop_back();
  place->number = number;
  // Nearly always the newest; not where the handler led another packet into this queue before it said Later.
  const auto behind = std::ranges::upper_bound(waiting_, number, {}, [](const auto& other) { return other->number; });
  return **waiting_.insert(behind, std::move(place));
}

Queue::Places::iterator Queue::place_of(uint64_t number) {
  const auto place = std::ranges::lower_bound(waiting_, number, {}, [](const auto& other) { return other->number; });
  return place != waiting_.end() && (*place)->number == number ? place : waiting_.end();
}

QueuedPacket* Queue::find(uint64_t number) {
  const auto place = place_of(number);
  return place == waiting_.end() ? nullptr : place->get();
}

std::unique_ptr<QueuedPacket> Queue::take(uint64_t number) {
  const auto place = place_of(number);
  if (place == waiting_.end()) return nullptr;
  std::unique_ptr<QueuedPacket> taken = std::move(*place);
  waiting_.erase(place);
  return taken;
}

std::unique_ptr<QueuedPacket> Queue::take_oldest() {
  return waiting_.empty() ? nullptr : take(waiting_.front()->number);
}

void Queues::listen(uint16_t number, QueueHandler handler, QueueLimits limits) {
  if (Queue* queue = find(number); queue != nullptr) {
    queue->listen(std::move(handler), limits);
  } else {
    queues_.try_emplace(number, std::move(handler), limits);
  }
}

Queue* Queues::find(uint16_t number) {
  const auto found = queues_.find(number);
  return found == queues_.end() ? nullptr : &found->second;
}

const Queue* Queues::find(uint16_t number) const {
  const auto found = queues_.find(number);
  return found == queues_.end() ? nullptr : &found->second;
}

void replace_bytes(Packet& packet, std::span<const uint8_t> bytes) {
  const auto size = static_cast<uint32_t>(bytes.size());
  if (size > packet.captured()) packet.insert(packet.captured(), size - packet.captured());
  packet.truncate(size);
  if (size != 0) std::memcpy(packet.data(), bytes.data(), size);
  // All of it is there, even where a capture had been cut.
  packet.link_original_length = static_cast<uint32_t>(packet.link_header().size()) + size;
}

}  // namespace sallyport
