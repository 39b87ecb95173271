// What a replay leaves.

#include "replay_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <utility>

namespace sallyport::cli {
namespace {

constexpr size_t kEthernetHeader = 14;
constexpr size_t kCookedHeader = 16;

std::string_view fate_name(Fate fate) {
  constexpr std::string_view kNames[kFates] = {"left", "delivered", "dropped", "malformed", "unroutable", "held"};
  return kNames[static_cast<size_t>(fate)];
}

uint64_t mixed(uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

uint64_t endpoint(const uint8_t* address, size_t bytes, uint16_t port) {
  uint64_t hash = port;
  for (size_t i = 0; i + 4 <= bytes; i += 4) hash = mixed(hash ^ load_raw32(address + i)) + i;
  return hash;
}

bool has_link_layer(LinkType link) {
  return link == LinkType::Ethernet || link == LinkType::LinuxSll || link == LinkType::LinuxSll2;
}

}  // namespace

// Addresses, protocol and ports, the same for both directions.
void FlowCounter::add(const Packet& packet) {
  if (full()) return;
  uint16_t source_port = 0, destination_port = 0;
  const bool ports = packet.protocol == kTcp || packet.protocol == kUdp || packet.protocol == kSctp ||
                     packet.protocol == kDccp || packet.protocol == kUdplite;
  if (const uint8_t* header = ports ? packet.transport(4) : nullptr) {
    source_port = load_be16(header);
    destination_port = load_be16(header + 2);
  }
  const size_t bytes = address_bytes(packet.family);
  const uint64_t one = endpoint(packet.source_bytes(), bytes, source_port);
  const uint64_t other = endpoint(packet.destination_bytes(), bytes, destination_port);
  flows_.insert(mixed(one + other) ^ mixed(packet.protocol + (one ^ other)));
}

Result<void> ReplayOutput::open(const ReplayArguments& arguments, const HostModel& host, LinkType link) {
  host_ = &host;
  link_ = link;
  all_ = arguments.all;
  if (arguments.output.empty()) return {};
  std::vector<CaptureInterface> interfaces;
  for (size_t i = 1; i <= host.interface_count(); ++i) {
    interfaces.push_back({.name = std::string(host.interface(static_cast<InterfaceId>(i)).name_text()), .link = link});
  }
  const CaptureFormat format = format_for(arguments.output);
  auto writer = create_capture(arguments.output, format, interfaces);
  if (!writer) return std::unexpected(writer.error());
  writer_ = std::move(*writer);
  return {};
}

void ReplayOutput::ended(Packet& packet, Fate fate, Hook hook, const Decision& decision) {
  if (fate == Fate::Left) {
    ++packets_out;
    bytes_out += packet.length;
    if (count_flows) flows_out.add(packet);
  }
  if (writer_ == nullptr || (fate != Fate::Left && !all_)) return;
  if (fate == Fate::Left) {
    write(packet, packet.out, all_ ? comment_for(fate, hook, decision) : std::string());
  } else if (fate != Fate::Held) {
    write(packet, packet.in != kNoInterface ? packet.in : packet.out, comment_for(fate, hook, decision));
  }
}

std::string ReplayOutput::comment_for(Fate fate, Hook hook, const Decision& decision) const {
  std::string comment = fmt::format("{} {}", fate_name(fate), hook_name(hook));
  if (decision.table.empty()) return comment;
  comment += fmt::format(" table={} chain={}", decision.table, decision.chain);
  comment +=
      decision.rule_number == 0 ? " policy" : fmt::format(" rule={} line={}", decision.rule_number, decision.line);
  return comment;
}

// The frame as it came, or under a header made up where the packet has none of OUT's kind.
std::span<const uint8_t> ReplayOutput::framed(const Packet& packet, InterfaceId interface) {
  const auto header = packet.link_header();
  if (packet.link_type == static_cast<uint16_t>(link_) && (!header.empty() || !has_link_layer(link_))) {
    return {packet.data() - header.size(), header.size() + packet.captured()};
  }
  const uint16_t ether_type = packet.family == Family::Ipv4 ? 0x0800 : 0x86dd;
  frame_.clear();
  if (link_ == LinkType::Ethernet) {
    frame_.resize(kEthernetHeader);
    std::ranges::copy(host_->interface(interface).mac, frame_.begin() + 6);
    store_be16(frame_.data() + 12, ether_type);
  } else if (link_ == LinkType::LinuxSll) {
    frame_.resize(kCookedHeader);
    store_be16(frame_.data(), 4);  // outgoing
    store_be16(frame_.data() + 14, ether_type);
  } else if (link_ == LinkType::LinuxSll2) {
    frame_.resize(20);
    store_be16(frame_.data(), ether_type);
    frame_[10] = 4;  // outgoing
  } else if (link_ == LinkType::Null || link_ == LinkType::Loop) {
    frame_.resize(4);
    const uint32_t family = packet.family == Family::Ipv4 ? 2 : 30;
    store_be32(frame_.data(), link_ == LinkType::Loop ? family : std::byteswap(family));
  }
  frame_.insert(frame_.end(), packet.data(), packet.data() + packet.captured());
  return frame_;
}

void ReplayOutput::write(const Packet& packet, InterfaceId interface, std::string_view comment) {
  if (interface == kNoInterface) return;
  const auto bytes = framed(packet, interface);
  const uint32_t missing = packet.length > packet.captured() ? packet.length - packet.captured() : 0;
  writer_->write({.bytes = bytes,
                  .original_length = static_cast<uint32_t>(bytes.size()) + missing,
                  .interface = interface - 1u,
                  .time = now_,
                  .comment = comment});
}

void ReplayOutput::pass(std::span<const uint8_t> frame, uint32_t original_length, InterfaceId out, Timestamp time) {
  if (writer_ == nullptr || out == kNoInterface) return;
  writer_->write(
      {.bytes = frame, .original_length = original_length, .interface = out - 1u, .time = time, .comment = {}});
}

Result<void> ReplayOutput::finish() { return writer_ != nullptr ? writer_->finish() : Result<void>{}; }

ReplayConnectionEvents::Output::~Output() {
  if (file != nullptr && file != stdout) std::fclose(file);
}

Result<void> ReplayConnectionEvents::Output::open(const std::string& to) {
  if (to.empty()) return {};
  path = to;
  file = path == "-" ? stdout : std::fopen(path.c_str(), "wb");
  return file != nullptr ? Result<void>{} : fail(fmt::format("cannot write {}: {}", path, std::strerror(errno)));
}

Result<void> ReplayConnectionEvents::Output::finish() {
  if (file == nullptr || (std::fflush(file) == 0 && std::ferror(file) == 0)) return {};
  return fail(fmt::format("cannot write {}: {}", path, std::strerror(errno)));
}

Result<void> ReplayConnectionEvents::open(const ReplayArguments& arguments) {
  style_ = arguments.conntrack_events_style;
  if (auto done = connections_.open(arguments.conntrack_events); !done) return done;
  return expectations_.open(arguments.expectation_events);
}

void ReplayConnectionEvents::emit(const ConnectionRecord& record) {
  if (connections_.file == nullptr) return;
  text_.clear();
  if (!std::exchange(any_, true)) text_ += listing_head(style_.form);
  write_connection(record, style_, text_);
  text_ += '\n';
  std::fwrite(text_.data(), 1, text_.size(), connections_.file);
}

void ReplayConnectionEvents::emit_expectation(const ExpectationRecord& record) {
  if (expectations_.file == nullptr) return;
  text_.clear();
  constexpr bool kWithTime = true;
  write_expectation(record, kWithTime, text_);
  text_ += '\n';
  std::fwrite(text_.data(), 1, text_.size(), expectations_.file);
}

Result<void> ReplayConnectionEvents::finish() {
  const std::string_view tail = any_ ? listing_tail(style_.form) : "";
  if (connections_.file != nullptr) std::fwrite(tail.data(), 1, tail.size(), connections_.file);
  if (auto done = connections_.finish(); !done) return done;
  return expectations_.finish();
}

ReplayLog::~ReplayLog() {
  if (file_ != nullptr && file_ != stdout) std::fclose(file_);
}

Result<void> ReplayLog::open(const ReplayArguments& arguments, LinkType link) {
  path_ = arguments.log;
  if (!path_.empty()) {
    file_ = path_ == "-" ? stdout : std::fopen(path_.c_str(), "wb");
    if (file_ == nullptr) return fail(fmt::format("cannot write {}: {}", path_, std::strerror(errno)));
  }
  if (arguments.nflog.empty()) return {};
  const CaptureInterface interface = {.name = "nflog", .link = link};
  auto writer = create_capture(arguments.nflog, format_for(arguments.nflog), {&interface, 1});
  if (!writer) return std::unexpected(writer.error());
  nflog_ = std::move(*writer);
  return {};
}

void ReplayLog::line(uint8_t, std::string_view text) {
  ++lines;
  if (file_ == nullptr) return;
  std::fwrite(text.data(), 1, text.size(), file_);
  std::fputc('\n', file_);
}

void ReplayLog::packet(uint16_t group, std::string_view prefix, uint32_t copy_bytes, const Packet& packet,
                       const HookContext& context) {
  ++packets;
  if (nflog_ == nullptr) return;
  const std::string comment = fmt::format("group={} prefix=\"{}\" hook={}", group, prefix, hook_name(context.hook));
  const auto header = packet.link_header();
  const size_t kept = header.size() + std::min(copy_bytes, packet.captured());
  nflog_->write({.bytes = {packet.data() - header.size(), kept},
                 .original_length = static_cast<uint32_t>(header.size()) + packet.length,
                 .interface = 0,
                 .time = packet.time,
                 .comment = comment});
}

Result<void> ReplayLog::finish() {
  if (file_ != nullptr && (std::fflush(file_) != 0 || std::ferror(file_) != 0)) {
    return fail(fmt::format("cannot write {}: {}", path_, std::strerror(errno)));
  }
  return nflog_ != nullptr ? nflog_->finish() : Result<void>{};
}

}  // namespace sallyport::cli
