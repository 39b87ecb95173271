// The calls of PPTP. Counterpart of the keymap in net/netfilter/nf_conntrack_proto_gre.c and of exp_gre() and
// pptp_destroy_siblings() in nf_conntrack_pptp.c; RFC 2637.

#include "conntrack/pptp_calls.h"

#include <utility>

#include "conntrack/tuple.h"

namespace sallyport {
namespace {

// Who goes where with which key; what the sender's own is, is asked. Zones do not count.
Tuple without_source_key(const Tuple& tuple) {
  Tuple where = tuple;
  where.source_id = 0;
  where.zone = 0;
  return where;
}

}  // namespace

size_t PptpCalls::bucket_of(const Tuple& tuple) const {
  const Tuple where = without_source_key(tuple);
  return siphash13<sizeof(Tuple)>(reinterpret_cast<const uint8_t*>(&where), key_) % kBuckets;
}

uint16_t PptpCalls::key_of(const Tuple& tuple) const {
  const Tuple where = without_source_key(tuple);
  for (uint32_t number = buckets_[bucket_of(tuple)]; number != 0; number = keys_[number].next) {
    if (without_source_key(keys_[number].tuple) == where) return keys_[number].tuple.source_id;
  }
  return 0;
}

// At the end of its bucket: of two the older counts.
bool PptpCalls::learn(const Tuple& tuple, uint32_t& number) {
  if (number != 0) return without_source_key(keys_[number].tuple) == without_source_key(tuple);
  if (free_.empty()) {
    number = static_cast<uint32_t>(keys_.size());
    keys_.emplace_back();
  } else {
    number = free_.back();
    free_.pop_back();
  }
  keys_[number] = {.tuple = tuple, .next = 0};
  uint32_t* place = &buckets_[bucket_of(tuple)];
  while (*place != 0) place = &keys_[*place].next;
  *place = number;
  ++size_;
  return true;
}

void PptpCalls::forget(uint32_t& number) {
  if (number == 0) return;
  uint32_t* place = &buckets_[bucket_of(keys_[number].tuple)];
  while (*place != number) place = &keys_[*place].next;
  *place = keys_[number].next;
  free_.push_back(number);
  number = 0;
  --size_;
}

void PptpCalls::forget_both(Numbers& numbers) {
  for (uint32_t& number : numbers) forget(number);
}

bool PptpCalls::begin(Connection& control, const Expectation& there, const Expectation& back, Numbers& numbers,
                      Timestamp now) {
  const auto expect = [&](const Expectation& call) {
    return expectations_.expect(control, call, now) == Expected::Added;
  };
  if (!expect(there)) return false;
  if (expect(back)) {
    if (learn(there.tuple, numbers[0])) {
      if (learn(back.tuple, numbers[1])) return true;
      forget_both(numbers);
    }
    expectations_.forget(control, back.tuple, now);
  }
  expectations_.forget(control, there.tuple, now);
  return false;
}

void PptpCalls::end_one(Connection& control, const Tuple& tuple, Timestamp now) {
  Direction direction = Direction::Original;
  if (Connection* call = table_.find(tuple, control.zone(), now, direction); call != nullptr) return table_.kill(*call);
  expectations_.forget(control, tuple, now);
}

void PptpCalls::end(Connection& control, const Tuple& there, const Tuple& back, Numbers& numbers, Timestamp now) {
  forget_both(numbers);
  end_one(control, there, now);
  end_one(control, back, now);
}

void PptpCalls::arrived(const Connection& control, const Expectation& expectation, Timestamp now) {
  const ExpectedMapping& mapping = expectation.mapping;
  auto other = inverted(expectation.tuple);
  if (!other) return;
  if (mapping.kind == ExpectedMapping::Kind::PptpCall) {
    // Of a mapped call the kernel forgets the server's beginning when the client has begun, not the other way round.
    if (mapping.announced_by == Direction::Original) return;
    const PptpControl known = PptpControl::of(control);
    other = control.tuple(Direction::Reply);
    other->protocol = kGre;
    other->source_id = known.server_call;
    other->destination_id = known.client_call;
  }
  expectations_.forget(control, *other, now);
}

}  // namespace sallyport
