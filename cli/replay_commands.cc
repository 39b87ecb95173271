// Commands for modules, given while a replay runs.

#include "replay_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "input.h"
#include "sallyport/duration.h"

namespace sallyport::cli {
namespace {

constexpr std::string_view kForm = "+30s honeypot list, #120 honeypot list, or end honeypot list";

// The first word; `text` begins behind it.
std::string_view next_word(std::string_view& text) {
  const size_t end = text.find(' ');
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return word;
}

}  // namespace

Result<void> ReplayCommands::read_when(std::string_view text, Command& command) {
  if (text == "end") return {};
  if (text.starts_with('+')) {
    const auto after = parse_duration(text.substr(1));
    if (!after) return std::unexpected(after.error());
    command.when = When::Time;
    command.at = static_cast<uint64_t>(*after);
    return {};
  }
  const auto number = text.starts_with('#') ? parse_number(text.substr(1)) : std::nullopt;
  if (!number) return fail(fmt::format("\"{}\" is no moment for a command", text), std::string(kForm));
  command.when = When::Packet;
  command.at = *number;
  return {};
}

Result<void> ReplayCommands::add(std::string_view text, const ModuleSet& modules) {
  Command command;
  if (auto read = read_when(next_word(text), command); !read) return read;
  command.module = next_word(text);
  command.words = text;
  const auto named = [&](const ModuleUse& use) { return use.module->type().name == command.module; };
  if (std::ranges::none_of(modules.uses(), named)) {
    return fail(fmt::format("no --module is called \"{}\"", command.module), std::string(kForm));
  }
  const auto moment = [](const Command& one) { return std::pair(one.when, one.at); };
  waiting_.insert(std::ranges::upper_bound(waiting_, moment(command), {}, moment), std::move(command));
  return {};
}

void ReplayCommands::give_due(const Packet& packet, Engine& engine) {
  if (std::exchange(first_, false)) began_ = packet.time;
  // Unsigned: stamps may lie as far from each other as they like.
  const uint64_t passed = packet.time < began_ ? 0 : static_cast<uint64_t>(packet.time) - static_cast<uint64_t>(began_);
  std::erase_if(waiting_, [&](const Command& command) {
    const bool by_time = command.when == When::Time;
    if (command.when == When::End || command.at > (by_time ? passed : packet.number)) return false;
    const Timestamp now = by_time ? began_ + static_cast<Timestamp>(command.at) : packet.time;
    if (now > engine.clock().now()) engine.clock().advance_to(now);
    give(command, engine);
    return true;
  });
}

void ReplayCommands::give_last(Engine& engine) {
  for (const Command& command : waiting_) {
    if (command.when == When::End) {
      give(command, engine);
    } else {
      fmt::print(stderr, "warning: the input ended before its moment came: {} {}\n", command.module, command.words);
    }
  }
  waiting_.clear();
}

void ReplayCommands::give(const Command& command, Engine& engine) {
  const auto answer = engine.command(command.module, command.words);
  if (answer) {
    fmt::print(stderr, "{} {}\n{}", command.module, command.words, *answer);
    return;
  }
  ++refused_;
  fmt::print(stderr, "{} {}: ", command.module, command.words);
  print_error(answer.error());
}

}  // namespace sallyport::cli
