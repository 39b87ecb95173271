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

// How many entries a sweep looks at.
constexpr uint32_t kLooksPerSweep = 16;

bool same_bits(const std::array<uint8_t, 16>& a, const std::array<uint8_t, 16>& b, uint8_t bits) {
  const size_t whole = bits / 8;
  if (!std::equal(a.begin(), a.begin() + whole, b.begin())) return false;
  return bits % 8 == 0 || (a[whole] ^ b[whole]) >> (8 - bits % 8) == 0;
}

bool fits(const Expectation& expected, const Tuple& tuple) {
  const Tuple& wanted = expected.tuple;
  return wanted.destination == tuple.destination && wanted.destination_id == tuple.destination_id &&
         wanted.protocol == tuple.protocol && wanted.family == tuple.family &&
         same_bits(wanted.source, tuple.source, expected.source_bits) &&
         (expected.any_source_port || wanted.source_id == tuple.source_id);
}

// Whether one packet could fit both.
bool overlap(const Expectation& a, const Expectation& b) {
  Expectation common = a;
  common.source_bits = std::min(a.source_bits, b.source_bits);
  common.any_source_port = a.any_source_port || b.any_source_port;
  return common.tuple.zone == b.tuple.zone && fits(common, b.tuple);
}

bool same(const Expectation& a, const Expectation& b) {
  return a.tuple == b.tuple && a.source_bits == b.source_bits && a.any_source_port == b.any_source_port;
}

uint16_t zone_of(const Connection& master) {
  const Zone zone = master.zone();
  return zone.original != 0 ? zone.original : zone.reply;
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

Expected ExpectationTable::expect(Connection& master, const Expectation& expectation, Timestamp now,
                                  bool of_any_master) {
  const Helper* helper = master.extra != nullptr ? master.extra->helper : nullptr;
  if (helper == nullptr || expectation.helper_class >= helper->classes.size()) return Expected::Refused;
  sweep(now);
  Expectation wanted = expectation;
  wanted.tuple.zone = zone_of(master);
  for (uint32_t number = bucket_of(wanted.tuple); number != 0;) {
    const Entry& entry = entries_[number];
    const uint32_t next = entry.next_in_bucket;
    if (entry.deadline <= now) {
      remove(number);
    } else if ((of_any_master || entry.master == &master) && same(entry.expectation, wanted)) {
      if (entry.master != &master || entry.expectation.helper_class != wanted.helper_class) return Expected::Already;
      remove(number);
      break;
    } else if (overlap(entry.expectation, wanted)) {
      return Expected::Refused;
    }
    number = next;
  }
  const uint32_t most = helper->classes[wanted.helper_class].most;
  if (most != 0 && master.extra->expected[wanted.helper_class] >= most) forget_oldest(master, wanted.helper_class);
  if (size_ >= most_) return Expected::Refused;
  add(master, wanted, now);
  return Expected::Added;
}

uint32_t ExpectationTable::number_of(const Connection& master, const Tuple& tuple, Timestamp now) {
  const uint16_t zone = zone_of(master);
  for (uint32_t number = bucket_of(tuple); number != 0; number = entries_[number].next_in_bucket) {
    const Entry& entry = entries_[number];
    if (entry.deadline > now && entry.expectation.tuple.zone == zone && fits(entry.expectation, tuple)) return number;
  }
  return 0;
}

Expecter::Found ExpectationTable::find(const Connection& master, const Tuple& tuple, Timestamp now) {
  const uint32_t number = number_of(master, tuple, now);
  if (number == 0) return {};
  return {.expectation = &entries_[number].expectation, .master = entries_[number].master};
}

void ExpectationTable::forget(const Connection& master, const Tuple& tuple, Timestamp now) {
  if (const uint32_t number = number_of(master, tuple, now); number != 0) remove(number);
}

void ExpectationTable::forget_classes(Connection& master, uint8_t classes) {
  if (master.extra == nullptr) return;
  for (uint32_t number = master.extra->first_expectation; number != 0;) {
    const Entry& entry = entries_[number];
    const uint32_t next = entry.next_of_master;
    if ((classes >> entry.expectation.helper_class & 1) != 0) remove(number);
    number = next;
  }
}

bool ExpectationTable::renew(Connection& master, uint8_t helper_class, const Tuple& to, Duration lasts, Timestamp now) {
  for (uint32_t number = master.extra->first_expectation; number != 0; number = entries_[number].next_of_master) {
    Entry& entry = entries_[number];
    const Tuple& goes = entry.expectation.tuple;
    if (entry.expectation.helper_class != helper_class || goes.destination != to.destination ||
        goes.protocol != to.protocol || goes.destination_id != to.destination_id || entry.deadline <= now) {
      continue;
    }
    entry.expectation.inactive = false;
    entry.deadline = now + lasts;
    return true;
  }
  return false;
}

const Expectation* ExpectationTable::find_led_to(const Connection& master, const Tuple& tuple, Timestamp now) {
  if (master.extra == nullptr) return nullptr;
  for (uint32_t number = master.extra->first_expectation; number != 0; number = entries_[number].next_of_master) {
    const Entry& entry = entries_[number];
    const ExpectedMapping& mapping = entry.expectation.mapping;
    if (entry.deadline > now && mapping.address == tuple.source_address() && mapping.id == tuple.source_id &&
        entry.expectation.tuple.protocol == tuple.protocol) {
      return &entry.expectation;
    }
  }
  return nullptr;
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
  if (listener_ != nullptr) listener_->began(expectation, master, entries_[number].deadline);
}

void ExpectationTable::remove(uint32_t number) {
  Entry& entry = entries_[number];
  if (listener_ != nullptr) listener_->ceased(entry.expectation, *entry.master, entry.deadline);
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

void ExpectationTable::sweep(Timestamp now) {
  for (uint32_t i = 0; i < kLooksPerSweep; ++i) {
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

std::optional<ExpectationTable::Taken> ExpectationTable::take(const Tuple& tuple, uint16_t zone, Timestamp now) {
  for (uint32_t number = bucket_of(tuple); number != 0; number = entries_[number].next_in_bucket) {
    const Entry& entry = entries_[number];
    const Expectation& expectation = entry.expectation;
    if (expectation.inactive || entry.deadline <= now || expectation.tuple.zone != zone || !fits(expectation, tuple)) {
      continue;
    }
    Connection& master = *entry.master;
    // Nobody can know yet what a packet announced that has not left.
    if (!master.has(kStatusConfirmed) || master.has(kStatusDying) || master.deadline <= now) return std::nullopt;
    const Taken expected = {.master = &master, .expectation = expectation};
    if (!expectation.permanent) remove(number);
    return expected;
  }
  return std::nullopt;
}

void ExpectationTable::killed(Connection& connection) { forget_classes(connection, 0xff); }

// One that was never confirmed is not killed either.
void ExpectationTable::ended(Connection& connection) { forget_classes(connection, 0xff); }

std::vector<ExpectationTable::Listed> ExpectationTable::list(Timestamp now) const {
  std::vector<Listed> listed;
  for (const Entry& entry : entries_) {
    if (entry.master != nullptr && entry.deadline > now) {
      listed.push_back({entry.expectation, entry.master->extra->helper, entry.deadline - now});
    }
  }
  return listed;
}

}  // namespace sallyport
