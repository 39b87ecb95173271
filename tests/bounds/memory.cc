// What a million connections weigh: by the table's own count, and by what the process holds of the machine's memory.

#include <fmt/format.h>

#include "bounds/bounds.h"
#include "conntrack/connection_table.h"
#include "conntrack/tuple.h"

namespace sallyport::bounds {
namespace {

constexpr SipHashKey kKey = {1, 2};
// For a million; the process may have taken the next huge page already.
constexpr uint64_t kPerConnection = 250;
constexpr uint64_t kSlack = uint64_t{8} << 20;

Tuple udp_tuple(uint64_t number) {
  Tuple tuple;
  tuple.protocol = kUdp;
  store_be32(tuple.source.data(), 0x0a000000u + static_cast<uint32_t>(number / 50'000));
  store_be32(tuple.destination.data(), 0xc0000201u);
  tuple.source_id = static_cast<uint16_t>(1024 + number % 50'000);
  tuple.destination_id = 53;
  return tuple;
}

}  // namespace

bool memory(uint64_t connections) {
  const uint64_t before = resident_bytes();
  ConnectionTable table(connections, kKey);
  for (uint64_t i = 0; i < connections; ++i) {
    const Tuple tuple = udp_tuple(i);
    Connection* connection = table.create(tuple, *inverted(tuple), 0);
    if (!expect(connection != nullptr, "a table that is not full takes a connection")) return false;
    connection->deadline = kSecond;
    if (!expect(table.confirm(*connection, 0), "a connection that is new is confirmed")) return false;
  }
  const uint64_t resident = resident_bytes() - before;
  fmt::print("{} IPv4 connections: {} bytes by the table's count, {} bytes resident: {:.1f} and {:.1f} each\n",
             connections, table.memory_bytes(), resident,
             static_cast<double>(table.memory_bytes()) / static_cast<double>(connections),
             static_cast<double>(resident) / static_cast<double>(connections));
  const uint64_t most = kPerConnection * connections + kSlack;
  return expect(table.size() == connections, "all are there") &
         expect(table.memory_bytes() <= most, "250 bytes each by the table's count") &
         expect(resident <= most, "250 bytes each of resident memory");
}

}  // namespace sallyport::bounds
