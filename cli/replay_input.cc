// Frames of captures as packets of the engine.

#include "replay_input.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::cli {
namespace {

constexpr uint16_t kEtherIpv4 = 0x0800;
constexpr uint16_t kEtherIpv6 = 0x86dd;

// "NAME=FILE", unless a file of that whole name is meant ("a=b.pcap" in the current folder has to be written
// ./a=b.pcap).
struct NamedFile {
  std::string name;
  std::string file;
};
NamedFile split_name(const std::string& input) {
  const size_t equals = input.find('=');
  if (equals == std::string::npos || input.find('/') < equals) return {"", input};
  return {input.substr(0, equals), input.substr(equals + 1)};
}

}  // namespace

Result<std::unique_ptr<ReplayInput>> ReplayInput::open(const ReplayArguments& arguments) {
  std::vector<NamedCapture> captures;
  for (const std::string& input : arguments.inputs) {
    const NamedFile named = split_name(input);
    auto source = open_capture(named.file);
    if (!source) return std::unexpected(source.error());
    captures.push_back({named.name, std::move(*source)});
  }
  auto input = std::make_unique<ReplayInput>();
  const bool plain = captures.size() == 1 && captures[0].interface.empty();
  input->source_ = plain ? std::move(captures[0].source) : merge_captures(std::move(captures));
  input->filter_text_ = arguments.filter;
  return input;
}

Result<void> ReplayInput::check_filter() const {
  if (filter_text_.empty()) return {};
  if (auto filter = compile_filter(filter_text_, link()); !filter) return std::unexpected(filter.error());
  return {};
}

std::vector<std::string> ReplayInput::interface_names() const {
  std::vector<std::string> names;
  for (const CaptureInterface& interface : source_->interfaces()) {
    if (!interface.name.empty() && std::ranges::find(names, interface.name) == names.end())
      names.push_back(interface.name);
  }
  return names;
}

LinkType ReplayInput::link() const {
  return source_->interfaces().empty() ? LinkType::Ethernet : source_->interfaces()[0].link;
}

Result<void> ReplayInput::attach(const HostModel& host, const std::string& ingress) {
  host_ = &host;
  ingress_ = ingress;
  if (!ingress.empty()) {
    const auto found = host.find_interface(ingress);
    if (!found)
      return fail(fmt::format("--ingress {}: the host model has no such interface", ingress), "one that it lists");
    default_entry_ = *found;
  } else if (host.interface_count() == 2 && host.has_pairs()) {
    default_entry_ = 1;  // the model that stands where none is given
  }
  return {};
}

InterfaceId ReplayInput::entry_of(const Frame& frame, const NetworkStart& start) {
  while (entries_.size() < source_->interfaces().size()) {
    const std::string& name = source_->interfaces()[entries_.size()].name;
    const auto found = name.empty() ? std::nullopt : host_->find_interface(name);
    entries_.push_back(found.value_or(kNoInterface));
  }
  const CaptureInterface& interface = source_->interfaces()[frame.interface];
  if (start.vlan != 0) {
    if (const auto tagged = host_->find_interface(fmt::format("{}.{}", interface.name, start.vlan))) return *tagged;
  }
  if (entries_[frame.interface] != kNoInterface) return entries_[frame.interface];
  if (!ingress_.empty()) return default_entry_;
  // By the route that leads back to its source; a packet from an address of the machine itself has no entry.
  const bool v6 = start.ether_type == kEtherIpv6;
  const uint32_t offset = start.offset + (v6 ? 8u : 12u);
  const Family family = v6 ? Family::Ipv6 : Family::Ipv4;
  if (frame.bytes.size() < offset + address_bytes(family)) return default_entry_;
  const IpAddress source = IpAddress::from(family, frame.bytes.data() + offset);
  const Route route = host_->route({.destination = source});
  if (route.type == RouteType::Local) return kNoInterface;
  return route.type == RouteType::Unicast && route.out != kNoInterface ? route.out : default_entry_;
}

bool ReplayInput::wanted(const Frame& frame, const NetworkStart& start) {
  if (!filter_text_.empty()) {
    while (filters_.size() < source_->interfaces().size()) {
      auto filter = compile_filter(filter_text_, source_->interfaces()[filters_.size()].link);
      filters_.push_back(filter ? std::move(*filter) : nullptr);
    }
    const CaptureFilter* filter = filters_[frame.interface].get();
    if (filter == nullptr || !filter->passes(frame)) {
      ++counters_.filtered;
      return false;
    }
  }
  if (frame.direction == FrameDirection::Out || start.direction == FrameDirection::Out) {
    ++counters_.outgoing;
    return false;
  }
  return true;
}

void ReplayInput::fill(Packet& packet, const Frame& frame, const NetworkStart& start, InterfaceId in) {
  packet.assign(frame.bytes, start.offset);
  packet.in = in;
  packet.time = frame.time;
  packet.number = counters_.frames;
  packet.type = static_cast<PacketType>(start.packet_type);
  packet.link_type = static_cast<uint16_t>(source_->interfaces()[frame.interface].link);
  packet.link_original_length = frame.original_length;
  counters_.snapped += frame.original_length > frame.bytes.size();
  // No wire carries what its interface's MTU does not let pass; jumbo frames are the largest there are.
  constexpr uint32_t kLargestFrame = 9216;
  const uint32_t most = in == kNoInterface ? kLargestFrame : std::min(host_->interface(in).mtu, kLargestFrame);
  counters_.super += frame.original_length > start.offset + most;
}

ReplayInput::Burst ReplayInput::read(std::span<Packet> packets) {
  passed_.clear();
  const size_t count = source_->read(std::span(frames_).first(std::min(kBurst, packets.size())));
  size_t filled = 0;
  for (const Frame& frame : std::span(frames_).first(count)) {
    ++counters_.frames;
    const NetworkStart start = find_network(source_->interfaces()[frame.interface].link, frame.bytes);
    if (!wanted(frame, start)) continue;
    if (start.ether_type == 0) {
      ++counters_.too_short;
      continue;
    }
    const InterfaceId in = entry_of(frame, start);
    if (start.ether_type == kEtherIpv4 || start.ether_type == kEtherIpv6) {
      fill(packets[filled++], frame, start, in);
    } else {
      ++counters_.not_ip;
      passed_.push_back({frame.bytes, frame.original_length, in, frame.time, filled});
    }
  }
  return {filled, count == 0};
}

}  // namespace sallyport::cli
