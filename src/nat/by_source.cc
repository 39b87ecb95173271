// The connections of one source. Counterpart of nf_nat_bysource in net/netfilter/nf_nat_core.c.

#include "nat/by_source.h"

namespace sallyport {

size_t BySource::bucket(const Tuple& tuple) const {
  Tuple source = tuple;
  source.destination = {};
  source.destination_id = 0;
  return siphash13<sizeof(Tuple)>(reinterpret_cast<const uint8_t*>(&source), key_) & (heads_.size() - 1);
}

void BySource::link(Connection& connection) {
  uint32_t& head = heads_[bucket(connection.tuple(Direction::Original))];
  connection.previous_by_source = 0;
  connection.next_by_source = head;
  if (head != 0) table_.at(head).previous_by_source = connection.number;
  head = connection.number;
}

void BySource::add(Connection& connection) {
  if (++size_ > heads_.size()) grow();
  link(connection);
}

void BySource::remove(Connection& connection) {
  const uint32_t next = connection.next_by_source, previous = connection.previous_by_source;
  if (previous != 0) {
    table_.at(previous).next_by_source = next;
  } else {
    heads_[bucket(connection.tuple(Direction::Original))] = next;
  }
  if (next != 0) table_.at(next).previous_by_source = previous;
  connection.next_by_source = connection.previous_by_source = 0;
  --size_;
}

// Oldest first into the new chains, so that the newest stays in front.
void BySource::grow() {
  std::vector<uint32_t> old(heads_.size() * 2);
  old.swap(heads_);
  for (uint32_t number : old) {
    while (number != 0 && table_.at(number).next_by_source != 0) number = table_.at(number).next_by_source;
    while (number != 0) {
      Connection& connection = table_.at(number);
      number = connection.previous_by_source;
      link(connection);
    }
  }
}

}  // namespace sallyport
