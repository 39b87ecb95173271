# Structured events of a replay: every line valid, each drop in them, the same each time, no reader left out.
. "$TREE/tests/cli/support.sh"
check() { python3 "$TREE/tests/cli/check_events.py" "$TREE/docs/events.schema.json" "$@" || fail "$1 is not valid"; }

# Every line keeps the schema; there are as many drops as the summary tells.
expect 0 gateway -r "$CAPTURE" -e all.json --json
dropped=$(python3 -c 'import json; print(json.load(open("out"))["fates"]["dropped"])')
[ "$dropped" -gt 1000 ] || fail "the capture has no drops to speak of: $dropped"
[ "$(check all.json)" -ge "$dropped" ] || fail "fewer events than drops"
[ "$(grep -c '"event_type":"drop"' all.json)" -eq "$dropped" ] || fail "events of $dropped drops: $(wc -l <all.json)"

# Of connections: NEW once each, a mapping for each connection that the listing has as mapped, and what both sides see.
cat >stateful.rules <<'R'
*nat
-A POSTROUTING -p udp -j SNAT --to-source 203.0.113.77
COMMIT
*filter
-A FORWARD -m state --state INVALID -j DROP
COMMIT
R
stateful() { "$SALLYPORT" replay -R stateful.rules --host "$TREE/demo/gateway.toml" -r "$CAPTURE" "$@"; }
expect 0 stateful -e flows.json --conntrack-events listed
check flows.json >/dev/null
[ "$(grep -c '"event":"NEW"' flows.json)" -eq "$(grep -c '\[NEW\]' listed)" ] || fail "NEW differs between the two"
[ "$(grep -c '"event":"UPDATE"' flows.json)" -eq "$(grep -c '\[UPDATE\]' listed)" ] || fail "UPDATE differs"
[ "$(grep -c '"event":"NEW"' flows.json)" -gt 100 ] || fail "hardly a connection"
"$SALLYPORT" conntrack -E -e NEW -j --from listed >mapped 2>/dev/null
[ "$(grep -c '"event":"begin"' flows.json)" -eq "$(wc -l <mapped)" ] || fail "mappings: $(wc -l <mapped) are listed"
[ "$(wc -l <mapped)" -gt 10 ] || fail "hardly a mapping"
"$SALLYPORT" conntrack -E --from listed >again 2>/dev/null
cmp listed again || fail "what was written is not what conntrack -E writes"
python3 - flows.json <<'P' || fail "a mapping that maps nothing, or a part that none maps"
import json, sys
for line in open(sys.argv[1]):
    event = json.loads(line)
    if event["event_type"] != "nat" or event["nat"]["event"] == "exhausted": continue
    nat, side = event["nat"], lambda which, end: [nat[which].get(end + part) for part in ("_ip", "_port")]
    assert (side("before", "src") != side("after", "src")) == nat["source"], line
    assert (side("before", "dest") != side("after", "dest")) == nat["destination"], line
    assert nat["source"] or nat["destination"], line
P

# Two ports for everybody: whoever got none is told of, once for each drop that the counters have.
sed 's/203.0.113.77/203.0.113.77:5000-5001/' stateful.rules >two_ports.rules
expect 0 "$SALLYPORT" replay -R two_ports.rules --host "$TREE/demo/gateway.toml" -r "$CAPTURE" -e exhausted.json
check exhausted.json >/dev/null
python3 - exhausted.json <<'P' || fail "what is told of exhaustion is not what was counted"
import json, sys
events = [json.loads(line) for line in open(sys.argv[1])]
told = [event for event in events if event.get("nat", {}).get("event") == "exhausted"]
counted = next(event for event in events if event["event_type"] == "stats")["netfilter"]["conntrack"]
assert len(told) == counted["drop"] == counted["insert_failed"] > 10, (len(told), counted)
for event in told:
    nat = event["nat"]
    assert event["proto"] == "UDP", event
    assert nat["range"] == {"end": "source", "low_ip": "203.0.113.77", "high_ip": "203.0.113.77", "low_port": 5000,
                            "high_port": 5001, "tried": nat["range"]["tried"]}, event
    assert 2 <= nat["range"]["tried"] <= 4, event
    assert nat["after"]["src_port"] in (5000, 5001) and nat["before"]["src_ip"] != "203.0.113.77", event
P

# Its last line says what was counted.
tail -1 flows.json | grep -q '"event_type":"stats".*"decoder":{"pkts":' || fail "no statistics at the end"

# Suricata tells of a flow once, at its end, and of no mapping.
expect 0 stateful -e strict_flows.json --eve-strict
check strict_flows.json --strict >/dev/null
[ "$(grep -c '"event_type":"flow"' strict_flows.json)" -eq "$(grep -c '"event":"DESTROY"' flows.json)" ] ||
  fail "strict has other flows"
if grep -q '"event_type":"nat"' strict_flows.json; then fail "Suricata has no type nat"; fi

# Why each INVALID packet is: as many events as the summary has.
expect 0 stateful -e refused.json --json
python3 - out refused.json <<'P' || fail "the summary counts other reasons than the events tell"
import collections, json, sys
told = collections.Counter()
for line in open(sys.argv[2]):
    event = json.loads(line)
    if event.get("anomaly", {}).get("type") == "stream": told[event["anomaly"]["event"]] += 1
counted = {refused["reason"]: refused["packets"] for refused in json.load(open(sys.argv[1]))["refused"]}
assert told == counted and told, (told, counted)
P

# A schema that takes everything would not show anything.
sed '1s/"len":[0-9]*/"len":-1/' all.json >wrong.json
if python3 "$TREE/tests/cli/check_events.py" "$TREE/docs/events.schema.json" wrong.json >/dev/null 2>&1; then
  fail "a wrong line passes"
fi

# Strictly, only what Suricata has.
expect 0 gateway -r "$CAPTURE" -e strict.json --eve-strict
check strict.json --strict >/dev/null
[ "$(grep -c '"event_type":"drop"' strict.json)" -eq "$dropped" ] || fail "strict events of $dropped drops"

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
    if "community_id" in event and "pcap_cnt" in event:
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
