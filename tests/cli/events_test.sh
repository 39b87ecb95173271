# Structured events of a replay: every line valid, each drop in them, the same each time, no reader left out.
. "$TREE/tests/cli/support.sh"
check() { python3 "$TREE/tests/cli/check_events.py" "$TREE/docs/events.schema.json" "$@" || fail "$1 is not valid"; }

# Every line keeps the schema; there are as many drops as the summary tells.
expect 0 gateway -r "$CAPTURE" -e all.json --json
dropped=$(python3 -c 'import json; print(json.load(open("out"))["fates"]["dropped"])')
[ "$dropped" -gt 1000 ] || fail "the capture has no drops to speak of: $dropped"
[ "$(check all.json)" -ge "$dropped" ] || fail "fewer events than drops"
[ "$(grep -c '"event_type":"drop"' all.json)" -eq "$dropped" ] || fail "events of $dropped drops: $(wc -l <all.json)"

# A schema that takes everything would not show anything.
sed '1s/"len":[0-9]*/"len":-1/' all.json >wrong.json
if python3 "$TREE/tests/cli/check_events.py" "$TREE/docs/events.schema.json" wrong.json >/dev/null 2>&1; then
  fail "a wrong line passes"
fi

# Strictly, only what Suricata has.
expect 0 gateway -r "$CAPTURE" -e strict.json --eve-strict
[ "$(check strict.json --strict)" -eq "$dropped" ] || fail "strict events of $dropped drops: $(wc -l <strict.json)"

# Several places get the same; a file begins anew with each replay; standard output is one of them.
expect 0 gateway -r "$CAPTURE" -e all2.json -e -
cmp all.json all2.json || fail "the second replay gives other events"
cmp all.json out || fail "standard output gets other events than the file"

# The Community ID is Wireshark's: of each dropped packet, by its number.
tshark -r "$CAPTURE" --enable-protocol communityid -T fields -e frame.number -e communityid 2>/dev/null |
  awk -F'\t' '$2 != ""' | sort >theirs
python3 - all.json <<'P' | sort >ours
import json, sys
for line in open(sys.argv[1]):
    event = json.loads(line)
    if "community_id" in event:
        print(event["pcap_cnt"], event["community_id"], sep="\t")
P
[ "$(wc -l <ours)" -gt 1000 ] || fail "hardly any event has a community_id"
[ -z "$(comm -23 ours theirs)" ] || fail "Wireshark has other IDs: $(comm -23 ours theirs | head -3)"

# What cannot be opened is told before any packet is read.
expect 3 gateway -r "$CAPTURE" -e no/such/folder/events
says err "no/such/folder/events"
expect 3 gateway -r "$CAPTURE" -e unix:no-socket
says err "a UNIX socket that somebody listens on"
expect 2 gateway -r "$CAPTURE" -e - --json
