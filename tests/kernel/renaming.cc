// What NAT leaves to chance, taken out of packets and of connection tables.

#include "kernel/renaming.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <map>
#include <sstream>
#include <string_view>
#include <unordered_set>

#include "conntrack/tuple.h"
#include "support/packets.h"
#include "wire/checksum.h"
#include "wire/parse.h"

namespace sallyport::kernel {
namespace {

bool has_ports(uint8_t protocol) {
  return protocol == kTcp || protocol == kUdp || protocol == kUdplite || protocol == kSctp;
}

bool is_query(Family family, const uint8_t* icmp) {
  return family == Family::Ipv4 ? icmp[0] == 0 || icmp[0] == 8 || (icmp[0] >= 13 && icmp[0] <= 18)
                                : icmp[0] == 128 || icmp[0] == 129;
}

bool is_icmp(Family family, uint8_t protocol) { return protocol == (family == Family::Ipv4 ? kIcmp : kIcmp6); }

// Where ids stand in a transport header that begins at `at`.
std::vector<uint32_t> id_places(const Packet& packet, uint32_t at, uint8_t protocol) {
  const uint8_t* const header = packet.at(at, 4);
  if (header == nullptr) return {};
  if (has_ports(protocol)) return {at, at + 2};
  const bool query = is_icmp(packet.family, protocol) && is_query(packet.family, header);
  return query && packet.at(at, 8) != nullptr ? std::vector{at + 4} : std::vector<uint32_t>{};
}

// Checksums are followed, not made: what an error quotes, or a fragment holds, is not all there. Zero has two faces.
void rename_at(Packet& packet, uint32_t transport, uint8_t protocol, uint16_t from, uint16_t to) {
  const uint32_t place = checksum_place(protocol, packet.family);
  uint8_t* const sum = place == 0 ? nullptr : packet.at(transport + place, 2);
  const bool absent = sum != nullptr && protocol == kUdp && load_be16(sum) == 0;
  for (const uint32_t at : id_places(packet, transport, protocol)) {
    uint8_t* const id = packet.data() + at;
    if (load_be16(id) != from) continue;
    store_be16(id, to);
    if (sum != nullptr && !absent) store_be16(sum, checksum_update(load_be16(sum), from, to));
  }
  if (sum != nullptr && load_be16(sum) == 0xffff) store_be16(sum, 0);
  // A CRC cannot be followed; whether ours is right is looked at elsewhere.
  if (uint8_t* const crc = packet.at(transport + 8, 4); protocol == kSctp && crc != nullptr) store_be32(crc, 0);
}

bool in_range(uint16_t chosen, uint16_t original, bool icmp, const NatRules& rules) {
  if (rules.low != 0) return chosen >= rules.low && chosen <= rules.high;
  if (icmp) return true;
  if (original < 512) return chosen >= 1 && chosen < 512;
  return original < 1024 ? chosen >= 600 && chosen < 1024 : chosen >= 1024;
}

using Lines = std::vector<std::string_view>;

Lines lines_of(std::string_view listing) {
  Lines lines;
  while (!listing.empty()) {
    const size_t end = std::min(listing.find('\n'), listing.size());
    lines.push_back(listing.substr(0, end));
    listing.remove_prefix(std::min(end + 1, listing.size()));
  }
  return lines;
}

// Both are put in order.
std::string only_in_one(Lines theirs, Lines mine) {
  std::ranges::sort(theirs);
  std::ranges::sort(mine);
  std::string out;
  Lines only;
  std::ranges::set_difference(theirs, mine, std::back_inserter(only));
  for (const std::string_view line : only) out += fmt::format("kernel: {}\n", line);
  only.clear();
  std::ranges::set_difference(mine, theirs, std::back_inserter(only));
  for (const std::string_view line : only) out += fmt::format("ours:   {}\n", line);
  return out;
}

// Each line without its first word.
Lines behind_time(std::string_view listing) {
  Lines lines = lines_of(listing);
  for (std::string_view& line : lines) line.remove_prefix(std::min(line.find(' '), line.size()));
  return lines;
}

// A connection's line without its fifth word, the timeout.
std::string without_timeout(std::string_view line) {
  constexpr int kWordsBefore = 4;
  size_t at = 0;
  for (int word = 0; word < kWordsBefore && at != std::string_view::npos; ++word) {
    at = line.find_first_not_of(' ', line.find(' ', at));
  }
  if (at == std::string_view::npos) return std::string(line);
  return std::string(line.substr(0, at)).append(line.substr(std::min(line.find(' ', at), line.size())));
}

}  // namespace

Ids ids_of(const std::vector<uint8_t>& bytes) {
  Packet packet = test::raw(bytes);
  if (parse(packet) != Malformed::None) return {};
  const auto places = id_places(packet, packet.transport_offset, packet.protocol);
  if (places.empty()) return {};
  return {load_be16(packet.data() + places.front()), load_be16(packet.data() + places.back())};
}

void rename_id(std::vector<uint8_t>& bytes, uint16_t from, uint16_t to) {
  Packet packet = test::raw(bytes);
  if (parse(packet) != Malformed::None || packet.transport_state != Transport::Present) return;
  rename_at(packet, packet.transport_offset, packet.protocol, from, to);
  const uint8_t* const header = packet.transport(8);
  if (header != nullptr && is_icmp(packet.family, packet.protocol) && !is_query(packet.family, header)) {
    if (const auto inner = quoted_transport(packet, packet.transport_offset + 8)) {
      rename_at(packet, inner->offset, inner->protocol, from, to);
    }
    set_transport_checksum(packet);
  }
  std::ranges::copy(packet.bytes(), bytes.begin());
}

void rename_ids(Observed& observed, const Chosen& chosen) {
  for (auto* list : {&observed.journal, &observed.left}) {
    for (Seen& seen : *list) rename_id(seen.bytes, chosen.kernel, chosen.ours);
  }
}

// The words of a line: what stands before "=" may come twice, for the two directions.
TablePair::Line TablePair::read(std::string_view text) const {
  std::istringstream in{std::string(text)};
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  Line line;
  std::map<std::string, std::string> original;
  bool reply = false;
  line.reply = words.size() > 2 ? words[2] : "";
  for (const std::string& word : words) {
    const size_t equals = word.find('=');
    const std::string key = word.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
    reply = reply || (key == "src" && original.contains("src"));
    std::string shown = word;
    const bool is_id = key == "sport" || key == "dport" || key == "id";
    if (!reply) {
      original[key] = value;
    } else if (equals != std::string::npos && key != "mark" && key != "use") {
      line.reply += " " + word;
      const std::string& before = original[key == "sport" ? "dport" : key == "dport" ? "sport" : key];
      const bool random = rules_->rules.contains("random");
      const bool by_chance = rules_->ports == Ports::Clashing || rules_->low != rules_->high || random;
      if (is_id && by_chance && (value != before || random)) {
        const auto number = [](const std::string& digits) { return static_cast<uint16_t>(std::stoul(digits)); };
        line.allowed =
            line.allowed && (value == before || in_range(number(value), number(before), key == "id", *rules_));
        shown = key + "=*";
      }
    }
    line.text += shown + " ";
  }
  return line;
}

std::vector<std::string_view> TablePair::read_all(std::string_view listing, std::string& wrong) {
  Lines lines;
  std::unordered_set<std::string_view> replies;
  for (const std::string_view text : lines_of(listing)) {
    const std::string key = without_timeout(text);
    auto found = known_.find(key);
    if (found == known_.end()) found = known_.emplace(key, read(key)).first;
    const Line& line = found->second;
    if (!line.allowed) wrong += fmt::format("chosen where it must not be: {}\n", text);
    if (!replies.insert(line.reply).second) wrong += fmt::format("two connections answer alike: {}\n", text);
    lines.push_back(line.text);
  }
  return lines;
}

std::string TablePair::difference(std::string_view kernel, std::string_view ours) {
  std::string out;
  const Lines theirs = read_all(kernel, out), mine = read_all(ours, out);
  return out + only_in_one(theirs, mine);
}

std::string expectation_difference(const std::string& kernel, const std::string& ours) {
  return only_in_one(behind_time(kernel), behind_time(ours));
}

}  // namespace sallyport::kernel
