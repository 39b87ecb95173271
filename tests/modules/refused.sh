# What is not loaded, and why; what a module that fails does to packets.
. "$(dirname "$0")/support.sh" "$@"

compile() { "$CXX" -std=c++23 -shared -fPIC -I"$work/prefix/include" "$1" -o "$2"; }
ask() { sallyport module info "$1"; }

cat >good.cc <<'C'
#include <sallyport/module.h>
#include <stdexcept>
using namespace sallyport;
struct Thrower : HookModule {
  explicit Thrower(uint64_t& calls) : calls(calls) {}
  std::string_view name() const override { return "thrower"; }
  Verdict handle(Packet&, HookContext&) override {
    if (++calls % 1000 == 0) throw std::runtime_error("the thousandth\x1b[31m");
    return Verdict::accept();
  }
  uint64_t& calls;
};
Result<void> start(ModuleSetup& setup) {
  setup.add_hook(std::make_shared<Thrower>(setup.metric("calls")), Hook::Prerouting, kPriorityRaw);
  return {};
}
bool look(Packet&, Connection&, const HelperContext&) { return true; }
SALLYPORT_MODULE({.name = "good",
                  .helpers = {{.name = "good_helper", .protocol = kUdp, .look = look}},
                  .metrics = {{"calls", "packets"}},
                  .start = start});
C
compile good.cc good.so
ask ./good.so >out || fail "a good module is refused"
grep -qF -- "-j CT --helper good_helper: udp" out || fail "it does not tell of its helper: $(cat out)"

# Built for another ABI: refused with both numbers.
sed 's/kModuleAbi = [0-9]*/kModuleAbi = 77/' "$work/prefix/include/sallyport/module.h" >module77.h
sed 's|<sallyport/module.h>|"module77.h"|' good.cc >other.cc
compile other.cc other.so
abi=$(sed -n 's/.*kModuleAbi = \([0-9]*\);.*/\1/p' "$work/prefix/include/sallyport/module.h")
[ -n "$abi" ] || fail "module.h does not say which ABI it has"
refused "is built for module ABI 77, this program has $abi" ask ./other.so

# No module at all, no library at all, nothing at all.
echo 'int nothing;' >nothing.cc
compile nothing.cc nothing.so
refused "has no symbol sallyport_module" ask ./nothing.so
echo text >text.so
refused "cannot load" ask ./text.so
refused "no module ./absent.so" ask ./absent.so
refused "there is no module absent" ask absent

# A file, or a folder above it, that others may write. (CVE-2017-17448 is the class: nobody asked who may.)
mkdir -p open/inner
cp good.so open/inner/
chmod o+w open/inner/good.so
refused "others may write to $(realpath open/inner/good.so)" ask open/inner/good.so
chmod o-w open/inner/good.so
chmod g+w open
refused "others may write to $(realpath open)" ask open/inner/good.so
ln -s "$work/open/inner/good.so" link.so
refused "others may write to $(realpath open)" ask ./link.so
chmod g-w open
ask open/inner/good.so >out || fail "it is refused though nobody else may write"

# Options that it does not have.
refused "module good has no option speed" sallyport module info ./good.so:speed=1
refused "open or closed" sallyport module info ./good.so:on-error=maybe

# It throws for each thousandth packet: those are dropped or pass, as the policy says, and no other packet is touched.
"$build/demo/make_capture" demo.pcapng
printf '*raw\n-A PREROUTING -p udp -j CT --helper good_helper\nCOMMIT\n' >helped.rules
sallyport replay -R helped.rules -r demo.pcapng --ingress in0 --module ./good.so 2>err || fail "its helper is refused: $(cat err)"
refused "there is no helper \"good_helper\"" sallyport replay -R helped.rules -r /dev/null
printf '*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\nCOMMIT\n' >accept.rules
run() { sallyport replay -R accept.rules -r demo.pcapng --ingress in0 --json "$@"; }
counted() { python3 -c 'import json, sys; j = json.load(open("out")); print(j["packets_in"], j["fates"]["dropped"])'; }
run >out
read -r packets dropped <<<"$(counted)"
[ "$dropped" -eq 0 ] || fail "accept.rules drop"
for policy in open closed; do
  run --module ./good.so:on-error=$policy -e events.json >out
  read -r now dropped <<<"$(counted)"
  calls=$(python3 -c 'import json; print(json.load(open("out"))["modules"][0]["metrics"]["calls"])')
  failures=$(python3 -c 'import json; print(json.load(open("out"))["modules"][0]["exceptions"])')
  [ "$now" -eq "$packets" ] || fail "$policy: other packets were lost"
  [ "$failures" -eq $((calls / 1000)) ] && [ "$failures" -ge 8 ] || fail "$policy: $failures exceptions of $calls calls"
  lost=0
  [ $policy = open ] || lost=$failures
  [ "$dropped" -eq "$lost" ] || fail "$policy: $dropped dropped of $failures"
  python3 "$tree/tests/cli/check_events.py" "$tree/docs/events.schema.json" events.json
  grep -q '"event_type":"module".*"what":"the thousandth\\u001b' events.json || fail "$policy: no event tells of it"
done
