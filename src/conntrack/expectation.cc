// The connections that are expected. Counterpart of net/netfilter/nf_conntrack_expect.c.
//
// They are found by where they go to: destination address and port, protocol, family. Where they come from is compared
// then, as far as it is known. An entry stands in a bucket's list and in its master's, newest first in both, as in the
// kernel: of two that fit, the newer counts.

#include "conntrack/expectation.h"

#include <algorithm>
#include <bit>

namespace sallyport {
namespace {

// How many entries each new expectation has looked at for being past their time.
constexpr uint32_t kLooksPerExpectation = 16;

bool fits(const Expectation& expected, const Tuple& tuple) {
  const Tuple& wanted = expected.tuple;
  return wanted.destination == tuple.destination && wanted.destination_id == tuple.destination_id &&
         wanted.protocol == tuple.protocol && wanted.family == tuple.family &&
         (expected.any_source || wanted.source == tuple.source) &&
         (expected.any_source_port || wanted.source_id == tuple.source_id);
}

// Whether one packet could fit both.
bool overlap(const Expectation& a, const Expectation& b) {
  Expectation common = a;
  common.any_source = a.any_source || b.any_source;
  common.any_source_port = a.any_source_port || b.any_source_port;
  return common.tuple.zone == b.tuple.zone && fits(common, b.tuple);
}

}  // namespace

ExpectationTable::ExpectationTable(uint64_t most, const SipHashKey& key)
    : most_(most), key_(key), buckets_(std::bit_ceil(std::clamp<uint64_t>(most / 4, 16, 65536))), entries_(1) {}

uint32_t& ExpectationTable::bucket_of(const Tuple& tuple) {
  Tuple where;
  where.destination = tuple.destination;
  where.destination_id = tuple.destination_id;
  where.protocol = tuple.protocol;
  where.family = tuple.family;
  const uint64_t hash = siphash13<sizeof(Tuple)>(reinterpret_cast<const uint8_t*>(&where), key_);
  return buckets_[hash & (buckets_.size() - 1)];
}

bool ExpectationTable::expect(Connection& master, const Expectation& expectation, Timestamp now) {
  const Helper* helper = master.extra != nullptr ? master.extra->helper : nullptr;
  if (helper == nullptr || expectation.helper_class >= helper->classes.size()) return false;
  end_some(now);
  Expectation wanted = expectation;
  const Zone zone = master.zone();
  wanted.tuple.zone = zone.original != 0 ? zone.original : zone.reply;
  for (uint32_t number = bucket_of(wanted.tuple); number != 0;) {
    const Entry& entry = entries_[number];
    const uint32_t next = entry.next_in_bucket;
    if (entry.deadline <= now) {
      remove(number);
    } else if (overlap(entry.expectation, wanted)) {
      const bool same = entry.master == &master && entry.expectation.tuple == wanted.tuple &&
                        entry.expectation.any_source == wanted.any_source &&
                        entry.expectation.any_source_port == wanted.any_source_port &&
                        entry.expectation.helper_class == wanted.helper_class;
      if (!same) return false;
      remove(number);
      break;
    }
    number = next;
  }
  if (master.extra->expected[wanted.helper_class] >= helper->classes[wanted.helper_class].most) {
    forget_oldest(master, wanted.helper_class);
  }
  if (size_ >= most_) return false;
  add(master, wanted, now);
  return true;
}

void ExpectationTable::add(Connection& master, const Expectation& expectation, Timestamp now) {
  uint32_t number = 0;
  if (free_.empty()) {
    number = static_cast<uint32_t>(entries_.size());
    entries_.emplace_back();
  } else {
    number = free_.back();
    free_.pop_back();
  }
  uint32_t& bucket = bucket_of(expectation.tuple);
  entries_[number] = {.expectation = expectation,
                      .master = &master,
                      .deadline = now + master.extra->helper->classes[expectation.helper_class].lasts,
                      .next_in_bucket = bucket,
                      .next_of_master = master.extra->first_expectation};
  bucket = master.extra->first_expectation = number;
  ++master.extra->expected[expectation.helper_class];
  ++size_;
}

void ExpectationTable::remove(uint32_t number) {
  Entry& entry = entries_[number];
  uint32_t* in_bucket = &bucket_of(entry.expectation.tuple);
  while (*in_bucket != number) in_bucket = &entries_[*in_bucket].next_in_bucket;
  *in_bucket = entry.next_in_bucket;
  uint32_t* of_master = &entry.master->extra->first_expectation;
  while (*of_master != number) of_master = &entries_[*of_master].next_of_master;
  *of_master = entry.next_of_master;
  --entry.master->extra->expected[entry.expectation.helper_class];
  entry.master = nullptr;
  free_.push_back(number);
  --size_;
}

void ExpectationTable::end_some(Timestamp now) {
  for (uint32_t i = 0; i < kLooksPerExpectation; ++i) {
    if (++look_at_ >= entries_.size()) look_at_ = 0;
    const Entry& entry = entries_[look_at_];
    if (entry.master != nullptr && entry.deadline <= now) remove(look_at_);
  }
}

void ExpectationTable::forget_oldest(const Connection& master, uint8_t helper_class) {
  uint32_t oldest = 0;
  for (uint32_t number = master.extra->first_expectation; number != 0; number = entries_[number].next_of_master) {
    if (entries_[number].expectation.helper_class == helper_class) oldest = number;
  }
  if (oldest != 0) remove(oldest);
}

std::optional<ExpectationTable::Expected> ExpectationTable::take(const Tuple& tuple, uint16_t zone, Timestamp now) {
  for (uint32_t number = bucket_of(tuple); number != 0; number = entries_[number].next_in_bucket) {
    const Entry& entry = entries_[number];
    const Expectation& expectation = entry.expectation;
    if (expectation.inactive || entry.deadline <= now || expectation.tuple.zone != zone || !fits(expectation, tuple)) {
      continue;
    }
    Connection& master = *entry.master;
    // Nobody can know yet what a packet announced that has not left.
    if (!master.has(kStatusConfirmed) || master.has(kStatusDying) || master.deadline <= now) return std::nullopt;
    const Expected expected = {.master = &master, .expectation = expectation};
    if (!expectation.permanent) remove(number);
    return expected;
  }
  return std::nullopt;
}

void ExpectationTable::ended(Connection& connection) {
  if (connection.extra == nullptr) return;
  while (connection.extra->first_expectation != 0) remove(connection.extra->first_expectation);
}

}  // namespace sallyport
