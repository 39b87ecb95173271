// The words for fields, flags, options, chunks and ICMP's kinds, each once.

#include <vector>

#include "scenario/packet_text.h"

namespace sallyport::scenario {
namespace {

constexpr Family k4 = Family::Ipv4, k6 = Family::Ipv6;

// RFC 791, 8200, 9293, 768, 3828, 792, 4443, 9260, 2784.
constexpr FieldPlace kFields[] = {
    {"ttl", Layer::Ip, k4, 0, 64, 8},
    {"tos", Layer::Ip, k4, 0, 8, 8},
    {"ipid", Layer::Ip, k4, 0, 32, 16},
    {"df", Layer::Ip, k4, 0, 49, 1, true},
    {"mf", Layer::Ip, k4, 0, 50, 1, true},
    {"ttl", Layer::Ip, k6, 0, 56, 8},
    {"tos", Layer::Ip, k6, 0, 4, 8},
    {"flow", Layer::Ip, k6, 0, 12, 20},
    {"seq", Layer::Transport, k4, kTcp, 32, 32},
    {"acknr", Layer::Transport, k4, kTcp, 64, 32},
    {"doff", Layer::Transport, k4, kTcp, 96, 4},
    {"win", Layer::Transport, k4, kTcp, 112, 16},
    {"urgp", Layer::Transport, k4, kTcp, 144, 16},
    {"ulen", Layer::Transport, k4, kUdp, 32, 16},
    {"sum", Layer::Transport, k4, kUdp, 48, 16},
    {"cov", Layer::Transport, k4, kUdplite, 32, 16},
    {"type", Layer::Transport, k4, kIcmp, 0, 8},
    {"code", Layer::Transport, k4, kIcmp, 8, 8},
    {"id", Layer::Transport, k4, kIcmp, 32, 16},
    {"seq", Layer::Transport, k4, kIcmp, 48, 16},
    {"mtu", Layer::Transport, k4, kIcmp, 48, 16},
    {"pointer", Layer::Transport, k4, kIcmp, 32, 8},
    {"rest", Layer::Transport, k4, kIcmp, 32, 32},
    {"type", Layer::Transport, k6, kIcmp6, 0, 8},
    {"code", Layer::Transport, k6, kIcmp6, 8, 8},
    {"id", Layer::Transport, k6, kIcmp6, 32, 16},
    {"seq", Layer::Transport, k6, kIcmp6, 48, 16},
    {"mtu", Layer::Transport, k6, kIcmp6, 32, 32},
    {"pointer", Layer::Transport, k6, kIcmp6, 32, 32},
    {"rest", Layer::Transport, k6, kIcmp6, 32, 32},
    {"vtag", Layer::Transport, k4, kSctp, 32, 32},
    {"call", Layer::Transport, k4, kGre, 48, 16},
};

const std::vector<TcpOptionKind> kTcpOptions = {
    {"mss", 2, {2}}, {"wscale", 3, {1}}, {"sackok", 4, {}}, {"sack", 5, {4, 4}}, {"ts", 8, {4, 4}},
};

constexpr ChunkKind kChunks[] = {
    {"data", 0, false, 12},
    {"init", 1, true, 16},
    {"init-ack", 2, true, 16},
    {"sack", 3, false, 12},
    {"heartbeat", 4, false, 4},
    {"heartbeat-ack", 5, false, 4},
    {"abort", 6, false, 0},
    {"shutdown", 7, false, 4},
    {"shutdown-ack", 8, false, 0},
    {"error", 9, false, 4},
    {"cookie-echo", 10, false, 4},
    {"cookie-ack", 11, false, 0},
    {"shutdown-complete", 14, false, 0},
};

// A kind without its detail stands first: it is what the word alone makes.
constexpr IcmpKind kIcmpKinds[] = {
    {"echo", "", k4, 8, 0},
    {"echo-reply", "", k4, 0, 0},
    {"unreach", "net", k4, 3, 0},
    {"unreach", "host", k4, 3, 1},
    {"unreach", "proto", k4, 3, 2},
    {"unreach", "port", k4, 3, 3},
    {"unreach", "frag", k4, 3, 4},
    {"unreach", "source-route", k4, 3, 5},
    {"unreach", "net-unknown", k4, 3, 6},
    {"unreach", "host-unknown", k4, 3, 7},
    {"unreach", "net-prohibited", k4, 3, 9},
    {"unreach", "host-prohibited", k4, 3, 10},
    {"unreach", "net-tos", k4, 3, 11},
    {"unreach", "host-tos", k4, 3, 12},
    {"unreach", "prohibited", k4, 3, 13},
    {"source-quench", "", k4, 4, 0},
    {"redirect", "net", k4, 5, 0},
    {"redirect", "host", k4, 5, 1},
    {"router-advertisement", "", k4, 9, 0},
    {"router-solicitation", "", k4, 10, 0},
    {"time-exceeded", "", k4, 11, 0},
    {"time-exceeded", "reassembly", k4, 11, 1},
    {"parameter-problem", "", k4, 12, 0},
    {"timestamp", "", k4, 13, 0},
    {"timestamp-reply", "", k4, 14, 0},
    {"information", "", k4, 15, 0},
    {"information-reply", "", k4, 16, 0},
    {"mask", "", k4, 17, 0},
    {"mask-reply", "", k4, 18, 0},
    {"unreach", "no-route", k6, 1, 0},
    {"unreach", "prohibited", k6, 1, 1},
    {"unreach", "scope", k6, 1, 2},
    {"unreach", "address", k6, 1, 3},
    {"unreach", "port", k6, 1, 4},
    {"unreach", "policy", k6, 1, 5},
    {"unreach", "reject", k6, 1, 6},
    {"too-big", "", k6, 2, 0},
    {"time-exceeded", "", k6, 3, 0},
    {"time-exceeded", "reassembly", k6, 3, 1},
    {"parameter-problem", "header", k6, 4, 0},
    {"parameter-problem", "next-header", k6, 4, 1},
    {"parameter-problem", "option", k6, 4, 2},
    {"echo", "", k6, 128, 0},
    {"echo-reply", "", k6, 129, 0},
    {"listener-query", "", k6, 130, 0},
    {"listener-report", "", k6, 131, 0},
    {"router-solicitation", "", k6, 133, 0},
    {"router-advertisement", "", k6, 134, 0},
    {"neighbour-solicitation", "", k6, 135, 0},
    {"neighbour-advertisement", "", k6, 136, 0},
};

constexpr std::string_view kTcpFlags[] = {"fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr"};

}  // namespace

const FieldPlace* find_field(std::string_view name, Family family, uint8_t protocol) {
  for (const FieldPlace& place : kFields) {
    const bool there = place.layer == Layer::Ip ? place.family == family : place.protocol == protocol;
    if (there && place.name == name) return &place;
  }
  return nullptr;
}

std::span<const FieldPlace> all_fields() { return kFields; }
std::span<const TcpOptionKind> tcp_option_kinds() { return kTcpOptions; }
std::span<const ChunkKind> chunk_kinds() { return kChunks; }
std::span<const IcmpKind> icmp_kinds() { return kIcmpKinds; }
std::span<const std::string_view> tcp_flag_names() { return kTcpFlags; }

}  // namespace sallyport::scenario
