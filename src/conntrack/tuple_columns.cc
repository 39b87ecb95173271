// Hashes of many tuples.

#include "conntrack/tuple_columns.h"

#include "wire/per_processor.h"

namespace sallyport {
namespace {

template <size_t N>
[[gnu::always_inline]] inline void hash_rows(TupleColumns<N>& columns, const SipHashKey& key) {
  const SipHashKey constant = key;
  const size_t size = columns.size;
  for (size_t row = 0; row < size; ++row) {
    TupleWords<N> words;
    for (size_t i = 0; i < words.addresses.size(); ++i) words.addresses[i] = columns.addresses[i][row];
    words.ids = columns.ids[row];
    columns.hashes[row] = hash_of(words, constant);
  }
}

}  // namespace

SALLYPORT_PER_PROCESSOR void hash_all(TupleColumns<4>& columns, const SipHashKey& key) { hash_rows(columns, key); }
SALLYPORT_PER_PROCESSOR void hash_all(TupleColumns<16>& columns, const SipHashKey& key) { hash_rows(columns, key); }

}  // namespace sallyport
