# A module in a process of its own that crashes over each 1,000th of 1,000,000 packets: those are the policy's, no other
# is lost, and each crash is told of.
. "$(dirname "$0")/support.sh" "$@"

cat >crasher.cc <<'C'
#include <sallyport/module.h>
#include <csignal>
using namespace sallyport;
struct Crasher : HookModule {
  explicit Crasher(ModuleSetup& setup) : calls(setup.metric("calls")), how(setup.options()["how"].text) {}
  std::string_view name() const override { return "crasher"; }
  Verdict handle(Packet& packet, HookContext& context) override {
    const uint64_t every = how == "hang" ? 10'000 : 1000;
    if (++calls % every != 0) {
      packet.mark = 7;
      return Verdict::accept();
    }
    tell(context, "engine", packet, {{"message", "about to fail"}});
    if (how == "exit") _Exit(3);
    if (how == "hang") for (volatile bool forever = true; forever;) {}
    if (how == "throw") throw 7;
    *static_cast<volatile int*>(nullptr) = 1;
    return Verdict::accept();
  }
  uint64_t& calls;
  std::string how;
};
Result<void> start(ModuleSetup& setup) {
  if (setup.options()["how"].text == "refuse") return fail("not today");
  if (setup.options()["how"].text == "at-once") std::raise(SIGABRT);
  setup.add_hook(std::make_shared<Crasher>(setup), Hook::Prerouting, kPriorityMangle);
  return {};
}
SALLYPORT_MODULE({.name = "crasher",
                  .options = {{.name = "how", .kind = OptionKind::Text, .required = true}},
                  .matches = {{.name = "never"}},
                  .metrics = {{"calls", "packets"}},
                  .start = start});
C
"$CXX" -std=c++23 -O2 -shared -fPIC -I"$work/prefix/include" crasher.cc -o crasher.so

python3 - <<'P'
import struct
ip = bytes.fromhex("4500001c00000000401100" "00c0000201c6336402")
total = sum(struct.unpack("!10H", ip))
while total > 0xFFFF:
    total = (total & 0xFFFF) + (total >> 16)
packet = ip[:10] + struct.pack("!H", ~total & 0xFFFF) + ip[12:] + struct.pack("!HHHH", 4000, 53, 8, 0)
record = struct.pack("<IIII", 1, 0, len(packet), len(packet)) + packet
for name, count in ("million", 1_000_000), ("some", 100_000):
    with open(name + ".pcap", "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101) + record * count)
P
# What the module marks passes; a packet that it failed over bears no mark.
printf '*filter\n:FORWARD ACCEPT\n-A FORWARD -m mark --mark 7\n-A FORWARD -m mark --mark 0\nCOMMIT\n' >marks.rules
run() {
  local packets=$1
  shift
  sallyport replay -R marks.rules -r "$packets.pcap" --ingress in0 --json --counters counters "$@" >out
  python3 -c '
import json
j = json.load(open("out"))
m = j["modules"][0]
print(j["packets_in"], j["fates"]["left"], j["fates"]["dropped"], m["crashes"], m["exceptions"], m["metrics"]["calls"])'
}
told() { grep -c '"event_type":"module".*"event":"crash"' events.json || true; }
expect() { [ "$2" = "$3" ] || fail "$1: got '$2', expected '$3'"; }

expect "closed" "$(run million --module ./crasher.so:isolate,how=crash,on-error=closed -e events.json)" \
  "1000000 999000 1000 1000 0 1000000"
expect "crashes told" "$(told)" 1000
grep -q '"event":"crash","what":"signal 11 (Segmentation fault)","count":1,"policy":"closed"' events.json ||
  fail "no event says how it ended: $(head -1 events.json)"
python3 "$tree/tests/cli/check_events.py" "$tree/docs/events.schema.json" events.json >/dev/null
grep -q '\[999000:27972000\] -A FORWARD -m mark --mark 0x7' counters || fail "marks were lost: $(cat counters)"

expect "open" "$(run some --module ./crasher.so:how=exit,on-error=open --isolate -e events.json)" \
  "100000 100000 0 100 0 100000"
grep -q '"what":"it ended itself with 3"' events.json || fail "no event says how it ended: $(head -1 events.json)"
grep -q '\[100:2800\] -A FORWARD -m mark --mark 0x0' counters || fail "who was let pass has a mark: $(cat counters)"

expect "hang" "$(run some --module ./crasher.so:isolate,how=hang,budget=50ms,on-error=closed -e events.json)" \
  "100000 99990 10 10 0 100000"
expect "throw" "$(run some --module ./crasher.so:isolate,how=throw,on-error=closed -e events.json)" \
  "100000 99900 100 0 100 100000"
grep -q '"message":"about to fail"' events.json || fail "events of a packet that it threw over are lost"

# What does not start is an error; and so is a rule that asks for what it cannot have.
refused "not today" sallyport replay -R marks.rules -r some.pcap --module ./crasher.so:isolate,how=refuse
refused "its process ended while it started" \
  sallyport replay -R marks.rules -r some.pcap --module ./crasher.so:isolate,how=at-once
printf '*filter\n:FORWARD ACCEPT\n-A FORWARD -m never\nCOMMIT\n' >never.rules
refused "never.rules:3: module crasher is isolated" \
  sallyport replay -R never.rules -r some.pcap --module ./crasher.so:isolate,how=crash
