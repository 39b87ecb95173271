# One capture, taken where nothing was mapped, through NAT that leads all of its connections elsewhere: with --follow its
# recorded answers find them, so that each packet and each connection ends as without NAT.
. "$TREE/tests/cli/support.sh"
printf '*filter\n-A FORWARD -m state --state INVALID -j DROP\nCOMMIT\n' >plain
cat >nat - plain <<'R'
*nat
-A PREROUTING -i lan -p udp --dport 53 -j DNAT --to-destination 203.0.113.9:5353
-A PREROUTING -i wan -d 198.51.100.0/24 -p tcp -j NETMAP --to 198.51.100.16/28
-A POSTROUTING -o wan -j MASQUERADE
COMMIT
R
cat >nat6 - plain <<'R'
*nat
-A POSTROUTING -o wan -j MASQUERADE
COMMIT
R
through() {
  local rules=$1 rules6=$2
  shift 2
  expect 0 "$SALLYPORT" replay -R "$rules" -6 "$rules6" --host "$TREE/demo/gateway.toml" -r "$CAPTURE" "$@"
}
# A listing without what the answers look like.
asked() { sed -E 's/^(.* src=.*) src=[^[]*( \[ASSURED\])? mark=/\1\2 mark=/' "$1"; }

through plain plain --conntrack unmapped --json
mv out unmapped.json
through nat nat6 --conntrack followed --json --follow
mv out followed.json
through nat nat6 --conntrack taken_as_it_is --json
mv out taken_as_it_is.json
python3 - unmapped.json followed.json taken_as_it_is.json <<'P' || fail "with --follow packets end otherwise than without NAT"
import json, sys
unmapped, followed, as_it_is = (json.load(open(name)) for name in sys.argv[1:])
assert followed["fates"] == unmapped["fates"], (followed["fates"], unmapped["fates"])
assert followed["followed"] > 1000 and unmapped["followed"] == as_it_is["followed"] == 0, followed["followed"]
assert as_it_is["fates"]["dropped"] > followed["fates"]["dropped"] + 1000, as_it_is["fates"]
P
cmp <(asked unmapped) <(asked followed) || fail "with --follow connections end otherwise than without NAT"
[ "$(grep -c 'dst=203.0.113.2 ' followed)" -gt 100 ] || fail "hardly a connection is mapped"

# The summary for people says how many, too.
count=$(python3 -c 'import json; print(json.load(open("followed.json"))["followed"])')
through nat nat6 --follow
says err "$count  recorded answers followed"
through nat nat6
if grep -q 'recorded answers followed' err; then fail "nothing was to be followed"; fi
