// The tricks.

#include "kernel/content_tricks.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/web_server.h"
#include "sallyport/bytes.h"
#include "sallyport/random.h"
#include "support/packets.h"
#include "wire/checksum.h"

namespace sallyport::kernel {
namespace {

constexpr uint8_t kData = TcpFlags::kAck | TcpFlags::kPsh;

std::string request_for(std::string_view target) {
  return fmt::format("GET {} HTTP/1.0\r\nHost: example.org\r\n\r\n", target);
}

// Two requests of one length: with the pattern, and without.
const std::string kBad = request_for("/cgi-bin/phf?x");
const std::string kGood = request_for("/cgi-bin/abc?x");

struct Piece {
  size_t begin;
  size_t end;
  bool bad = true;
};

std::vector<Bytes> segments(const Client& client, const std::vector<Piece>& pieces) {
  std::vector<Bytes> out;
  out.reserve(pieces.size());
  for (const Piece& piece : pieces) {
    const std::string_view text = piece.bad ? kBad : kGood;
    out.push_back(
        client.segment(kData, static_cast<int64_t>(piece.begin), text.substr(piece.begin, piece.end - piece.begin)));
  }
  return out;
}

std::vector<Piece> tiny(size_t size, bool bad = true) {
  std::vector<Piece> out;
  for (size_t at = 0; at < kBad.size(); at += size) out.push_back({at, std::min(at + size, kBad.size()), bad});
  return out;
}

template <class T>
void shuffle(std::vector<T>& values, Random& random) {
  for (size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[random.below(static_cast<uint32_t>(i))]);
}

// Cuts an IPv4 packet into fragments of `size` bytes, a multiple of eight.
std::vector<Bytes> fragments(const Bytes& packet, size_t size, uint16_t identification) {
  constexpr size_t kHeader = 20;
  std::vector<Bytes> out;
  for (size_t at = kHeader; at < packet.size(); at += size) {
    const size_t end = std::min(at + size, packet.size());
    Bytes piece(packet.begin(), packet.begin() + kHeader);
    piece.insert(piece.end(), packet.begin() + static_cast<std::ptrdiff_t>(at),
                 packet.begin() + static_cast<std::ptrdiff_t>(end));
    store_be16(&piece[2], static_cast<uint16_t>(piece.size()));
    store_be16(&piece[4], identification);
    store_be16(&piece[6], static_cast<uint16_t>((at - kHeader) / 8 | (end < packet.size() ? 0x2000 : 0)));
    store_be16(&piece[10], 0);
    store_be16(&piece[10], checksum(std::span(piece).first(kHeader)));
    out.push_back(std::move(piece));
  }
  return out;
}

void add_cuts(std::vector<Trick>& tricks) {
  const size_t size = kBad.size();
  tricks.push_back({"whole", [=](const Client& client) { return segments(client, {{0, size}}); }});
  tricks.push_back({"harmless", [=](const Client& client) { return segments(client, {{0, size, false}}); }});
  for (size_t cut = 1; cut < size; ++cut) {
    tricks.push_back({fmt::format("in two at {}", cut),
                      [=](const Client& client) { return segments(client, {{0, cut}, {cut, size}}); }});
    tricks.push_back({fmt::format("in two at {}, the second first", cut),
                      [=](const Client& client) { return segments(client, {{cut, size}, {0, cut}}); }});
  }
  for (const size_t each : {1, 2, 3, 7}) {
    tricks.push_back(
        {fmt::format("segments of {}", each), [=](const Client& client) { return segments(client, tiny(each)); }});
    tricks.push_back({fmt::format("segments of {}, backwards", each), [=](const Client& client) {
                        auto out = segments(client, tiny(each));
                        std::ranges::reverse(out);
                        return out;
                      }});
  }
  for (const size_t each : {8, 16, 24, 40}) {
    for (const bool backwards : {false, true}) {
      tricks.push_back(
          {fmt::format("IP fragments of {}{}", each, backwards ? ", backwards" : ""), [=](const Client& client) {
             auto out = fragments(segments(client, {{0, size}})[0], each, static_cast<uint16_t>(client.port + each));
             if (backwards) std::ranges::reverse(out);
             return out;
           }});
    }
  }
}

void add_overlaps(std::vector<Trick>& tricks) {
  const size_t size = kBad.size(), middle = kBad.find("phf");
  const auto add = [&](std::string name, std::vector<Piece> pieces) {
    tricks.push_back({std::move(name), [=](const Client& client) { return segments(client, pieces); }});
  };
  add("sent again, harmless", {{0, size - 1}, {0, size, false}});
  add("sent again, bad", {{0, size - 1, false}, {0, size}});
  add("waiting, then bad over harmless", {{middle, size, false}, {middle, size}, {0, middle}});
  add("waiting, then harmless over bad", {{middle, size}, {middle, size, false}, {0, middle}});
  add("forwards, bad first", {{5, middle + 3}, {middle, size, false}, {0, 5}});
  add("forwards, harmless first", {{5, middle + 3, false}, {middle, size}, {0, 5}});
  add("backwards, bad first", {{middle, size}, {5, middle + 3, false}, {0, 5}});
  add("backwards, harmless first", {{middle, size, false}, {5, middle + 3}, {0, 5}});
  add("around, bad inside", {{middle, middle + 3}, {5, size, false}, {0, 5}});
  add("around, harmless inside", {{middle, middle + 3, false}, {5, size}, {0, 5}});
  add("longer, bad", {{middle, middle + 2, false}, {middle, size}, {0, middle}});
  add("in order over what waits", {{middle, size, false}, {0, size}});
  add("in order, harmless, over what waits", {{middle, size}, {0, size, false}});
}

// Segments that the server does not take. `decoy` stands in front of the true ones.
void add_decoys(std::vector<Trick>& tricks) {
  const auto add = [&](const std::string& name, uint8_t flags, const Client::Odd& odd, int64_t shift = 0) {
    for (const bool bad_decoy : {true, false}) {
      tricks.push_back(
          {fmt::format("{} as a decoy that is {}", name, bad_decoy ? "bad" : "harmless"), [=](const Client& client) {
             const std::string& decoy = bad_decoy ? kBad : kGood;
             const size_t half = decoy.size() / 2;
             auto out = segments(client, tiny(half, !bad_decoy));
             out.insert(out.begin(), client.segment(flags, shift, decoy.substr(0, half), odd));
             out.insert(out.begin() + 2,
                        client.segment(flags, shift + static_cast<int64_t>(half), decoy.substr(half), odd));
             return out;
           }});
    }
  };
  add("wrong checksum", kData, {.wrong_checksum = true});
  add("low TTL", kData, {.ttl = 2});
  add("acknowledges what was never sent", kData, {.acknowledge_ahead = 100000});
  add("no ACK", TcpFlags::kPsh, {});
  add("no flags", 0, {});
  add("SYN with data", TcpFlags::kSyn, {});
  add("far ahead", kData, {}, 1 << 24);
  add("long ago", kData, {}, -100000);
  add("RST with a wrong checksum", TcpFlags::kRst, {.wrong_checksum = true});
  add("RST that dies on its way", TcpFlags::kRst, {.ttl = 2});
  add("RST far ahead", TcpFlags::kRst, {}, 1 << 24);
  add("FIN with a wrong checksum", TcpFlags::kFin | kData, {.wrong_checksum = true});
}

void add_disguises(std::vector<Trick>& tricks) {
  for (const std::string_view target :
       {"/%63gi-bin/phf", "/cgi-bin/%70%68%66", "/cgi-bin%2fphf", "/cgi-bin/./phf", "/cgi-bin//phf",
        "/a/../cgi-bin/phf", "/cgi-bin/%2e/phf", "/a/%2e%2e/cgi-bin/phf", "/a/b/../../cgi-bin/phf", "//cgi-bin///phf",
        "/cgi-bin/x/%2E./phf", "http://example.org/cgi-bin/phf", "http://example.org/%63gi-bin/phf", "/CGI-BIN/PHF",
        "/cgi-bin/phF", "/%2563gi-bin/phf"}) {
    tricks.push_back({fmt::format("as {}", target), [text = request_for(target)](const Client& client) {
                        const size_t half = text.size() / 3;
                        return std::vector<Bytes>{
                            client.segment(kData, static_cast<int64_t>(half), std::string_view(text).substr(half)),
                            client.segment(kData, 0, std::string_view(text).substr(0, half))};
                      }});
  }
}

// Any pieces of either request, in any order; at last all that may still be missing.
Trick random_overlap(uint64_t seed) {
  return {fmt::format("overlaps by chance {}", seed), [seed](const Client& client) {
            Random random(seed);
            const auto size = static_cast<uint32_t>(kBad.size());
            std::vector<Piece> pieces;
            for (uint32_t i = 2 + random.below(8); i > 0; --i) {
              const uint32_t begin = random.below(3) == 0 ? 0 : random.below(size - 1);
              pieces.push_back({begin, begin + 1 + random.below(size - begin), random.below(2) == 0});
            }
            if (random.below(2) == 0) {
              std::erase_if(pieces, [](const Piece& piece) { return piece.begin == 0; });
            }
            pieces.push_back({0, size, random.below(2) == 0});
            return segments(client, pieces);
          }};
}

Trick random_order(uint64_t seed) {
  return {fmt::format("shuffled {}", seed), [seed](const Client& client) {
            Random random(seed);
            auto out = segments(client, tiny(1 + random.below(9), random.below(4) != 0));
            shuffle(out, random);
            return out;
          }};
}

}  // namespace

Bytes Client::segment(uint8_t flags, int64_t offset, std::string_view text, const Odd& odd) const {
  const std::string flow = fmt::format("{}:{} > {}:80", WebServer::kClient, port, WebServer::kAddress);
  const bool acknowledges = (flags & TcpFlags::kAck) != 0;
  Bytes out = test::bytes_of(test::tcp4(flow, flags, text,
                                        {.sequence = sequence + static_cast<uint32_t>(offset),
                                         .acknowledgement = acknowledges ? server_sequence + odd.acknowledge_ahead : 0},
                                        {.ttl = odd.ttl}));
  uint8_t* tcp = &out[20];
  if (odd.wrong_checksum) store_be16(tcp + 16, static_cast<uint16_t>(load_be16(tcp + 16) ^ 0x5555));
  return out;
}

std::vector<Trick> all_tricks(uint64_t seed, size_t random) {
  std::vector<Trick> tricks;
  add_cuts(tricks);
  add_overlaps(tricks);
  add_decoys(tricks);
  add_disguises(tricks);
  for (size_t i = 0; i < random; ++i) tricks.push_back(i % 4 == 0 ? random_order(seed + i) : random_overlap(seed + i));
  return tricks;
}

}  // namespace sallyport::kernel
