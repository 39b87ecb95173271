// The files that `sallyport module new` writes. NAME stands for the module's name, %include for the directive.

#include "module_template.h"

#include <algorithm>
#include <string_view>

namespace sallyport::cli {
namespace {

constexpr std::string_view kBuildFile = R"(cmake_minimum_required(VERSION 3.25)
project(NAME LANGUAGES CXX)
find_package(sallyport 0.1 REQUIRED)
find_program(SALLYPORT sallyport REQUIRED HINTS ${sallyport_DIR}/../../../bin ${sallyport_DIR}/../../../../bin)

add_library(NAME MODULE NAME.cc)
set_target_properties(NAME PROPERTIES PREFIX "" CXX_VISIBILITY_PRESET hidden)
target_link_libraries(NAME PRIVATE sallyport::sallyport)

enable_testing()
add_test(NAME NAME COMMAND ${SALLYPORT} test --module $<TARGET_FILE:NAME> ${CMAKE_CURRENT_SOURCE_DIR}/NAME.scenario)
)";

constexpr std::string_view kHook = R"(// NAME: tells of a source's first SYN, and counts them all.

%include <sallyport/bounded_table.h>
%include <sallyport/module.h>

using namespace sallyport;

namespace {

class Watcher final : public HookModule {
 public:
  explicit Watcher(ModuleSetup& setup)
      : sources_(100'000, 60 * kSecond, setup.key()), syns_(setup.metric("syns")) {}

  std::string_view name() const override { return "NAME"; }

  Verdict handle(Packet& packet, HookContext& context) override {
    const uint8_t* tcp = packet.protocol == kTcp ? packet.transport(20) : nullptr;
    if (tcp == nullptr || (tcp[13] & 0x12) != 0x02) return Verdict::accept();
    ++syns_;
    if (++sources_.at(packet.source(), context.now()) == 1) tell(context, "NAME", packet, {{"event", "first_syn"}});
    return Verdict::accept();
  }

 private:
  BoundedTable<IpAddress, uint64_t> sources_;
  uint64_t& syns_;
};

Result<void> start(ModuleSetup& setup) {
  setup.add_hook(std::make_shared<Watcher>(setup), Hook::Prerouting, kPriorityMangle);
  return {};
}

}  // namespace

SALLYPORT_MODULE({.name = "NAME",
                  .summary = "tells of a source's first SYN",
                  .events = {{"NAME", "a source's first SYN within a minute"}},
                  .metrics = {{"syns", "SYNs seen"}},
                  .start = start});
)";
constexpr std::string_view kHookScenario = R"(# A source's first SYN is told of, its second is not.
in in0 tcp 192.0.2.1:40000 > 198.51.100.2:80 syn
log event NAME event=first_syn
out out0 *
in in0 tcp 192.0.2.1:40001 > 198.51.100.2:80 syn
out out0 *
)";

constexpr std::string_view kMatch = R"(// -m NAME --above N: packets longer than N bytes.

%include <sallyport/module.h>

using namespace sallyport;

namespace {

class LongerThan final : public Match {
 public:
  explicit LongerThan(uint64_t bytes) : bytes_(bytes) {}
  bool matches(const Packet& packet, HookContext&) override { return packet.length > bytes_; }

 private:
  uint64_t bytes_;
};

Result<std::unique_ptr<Match>> create(const Options& options, const RuleContext&) {
  return std::make_unique<LongerThan>(options.number("above"));
}

MatchType match() {
  return {.name = "NAME",
          .options = {{.name = "above", .kind = OptionKind::U16, .required = true, .summary = "bytes"}},
          .create = create,
          .summary = "packets longer than so many bytes"};
}

}  // namespace

SALLYPORT_MODULE({.name = "NAME", .summary = "-m NAME", .matches = {match()}});
)";
constexpr std::string_view kMatchScenario = R"(# What is longer is dropped, what is not passes.
rules
  *filter
  -A FORWARD -m NAME --above 40 -j DROP
  COMMIT
end
in in0 udp 192.0.2.1:4000 > 198.51.100.2:53 "twelve bytes"
out out0 *
in in0 udp 192.0.2.1:4000 > 198.51.100.2:53 "thirteen byte"
drop
)";

constexpr std::string_view kTarget = R"(// -j NAME --add N: adds to the packet's mark.

%include <sallyport/module.h>

using namespace sallyport;

namespace {

class AddToMark final : public Target {
 public:
  explicit AddToMark(uint64_t more) : more_(static_cast<uint32_t>(more)) {}
  Action apply(Packet& packet, HookContext&) override {
    packet.mark += more_;
    return Action::go_on();
  }

 private:
  uint32_t more_;
};

Result<std::unique_ptr<Target>> create(const Options& options, const RuleContext&) {
  return std::make_unique<AddToMark>(options.number("add"));
}

TargetType target() {
  return {.name = "NAME",
          .options = {{.name = "add", .kind = OptionKind::U32, .required = true, .summary = "how much"}},
          .tables = {"mangle"},
          .create = create,
          .summary = "adds to the packet's mark"};
}

}  // namespace

SALLYPORT_MODULE({.name = "NAME", .summary = "-j NAME", .targets = {target()}});
)";
constexpr std::string_view kTargetScenario = R"(# Two rules add up.
rules
  *mangle
  -A FORWARD -j NAME --add 3
  -A FORWARD -j NAME --add 4
  COMMIT
  *filter
  -A FORWARD -m mark --mark 7 -j DROP
  COMMIT
end
in in0 udp 192.0.2.1:4000 > 198.51.100.2:53 "question"
drop
)";

std::string filled(std::string_view text, const std::string& name) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    if (text.substr(at).starts_with("NAME") && !text.substr(at).starts_with("NAMES")) {
      const bool cmake_word = text.substr(at).starts_with("NAME NAME COMMAND");
      out += cmake_word ? "NAME" : name;
      at += 4;
    } else if (text.substr(at).starts_with("%include")) {
      out += '#';
      ++at;
    } else {
      out += text[at++];
    }
  }
  return out;
}

}  // namespace

Result<std::vector<std::pair<std::string, std::string>>> module_files(const std::string& name, ModuleKind kind) {
  const bool word =
      !name.empty() && name.size() <= 28 && name[0] >= 'a' && name[0] <= 'z' &&
      std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
  if (!word) return fail("\"" + name + "\" is no name of a module", "small letters, digits and _, a letter first");
  const std::string_view source = kind == ModuleKind::Hook ? kHook : kind == ModuleKind::Match ? kMatch : kTarget;
  const std::string_view scenario = kind == ModuleKind::Hook    ? kHookScenario
                                    : kind == ModuleKind::Match ? kMatchScenario
                                                                : kTargetScenario;
  return std::vector<std::pair<std::string, std::string>>{{name + ".cc", filled(source, name)},
                                                          {"CMakeLists.txt", filled(kBuildFile, name)},
                                                          {name + ".scenario", filled(scenario, name)}};
}

}  // namespace sallyport::cli
