# What looking into conversations came to: the summary's numbers are those of the events, and an expression that would
# take long to compile is refused by line.
. "$TREE/tests/cli/support.sh"
cat >rules <<'R'
*filter
-A FORWARD -p tcp -m content --stream --string "GET /" -j LOG
-A FORWARD -p udp -m content --stream --string "example" -j LOG
COMMIT
R
content() { "$SALLYPORT" replay -R rules --host "$TREE/demo/gateway.toml" -r "$CAPTURE" "$@"; }
expect 0 content -e events.json --json
found=$(python3 -c 'import json; print(json.load(open("out"))["content"]["found"])')
[ "$found" -gt 50 ] || fail "hardly anything is found: $found"
[ "$(grep -c '"event_type":"content"' events.json)" -eq "$found" ] || fail "events of $found finds: $(wc -l <events.json)"
expect 0 content
says err "$found  patterns found"

printf '*filter\n-A FORWARD\n-A FORWARD -m content --stream --regex "((((a|b)*c){50}d){50}e){10}" -j DROP\nCOMMIT\n' >rules
expect 1 content
says err "rules:3:"
says err "expected repeats"
expect 1 "$SALLYPORT" rules check rules

# What was missed, where a bound was met, and what had no answer for it: the summary, --json and the events say the same.
# One conversation cuts the pattern in two; in the other 80 segments of 1,400 bytes wait for one before them: 73 of them,
# with 7 blocks each, have room in the 512 blocks of a direction.
python3 - <<'P'
import struct

def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF

def segment(source, target, sequence, acknowledged, flags, payload=b"", options=b""):
    ends = source[0] + target[0]
    tcp = struct.pack("!HHIIBBHHH", source[1], target[1], sequence, acknowledged, (5 + len(options) // 4) << 4, flags,
                      65535, 0, 0) + options + payload
    tcp = tcp[:16] + struct.pack("!H", checksum(ends + struct.pack("!HH", 6, len(tcp)) + tcp)) + tcp[18:]
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0x4000, 64, 6, 0) + ends
    return ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:] + tcp

def conversation(port, pieces):
    client, server, scale = (bytes([192, 0, 2, 1]), port), (bytes([198, 51, 100, 2]), 80), bytes([3, 3, 7, 1])
    yield segment(client, server, 1000, 0, 0x02, options=scale)
    yield segment(server, client, 5000, 1001, 0x12, options=scale)
    yield segment(client, server, 1001, 5001, 0x10)
    for offset, payload in pieces:
        yield segment(client, server, 1001 + offset, 5001, 0x18, payload)

packets = list(conversation(4001, [(0, b"GET /p"), (6, b"hf HTTP/1.0\r\n\r\n")]))
packets += conversation(4002, [(1400 * (i + 1), b"x" * 1400) for i in range(80)])
with open("tricks.pcap", "wb") as file:
    file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
    for number, packet in enumerate(packets):
        file.write(struct.pack("<IIII", 1000, number, len(packet), len(packet)) + packet)
P
cat >rules <<'R'
*filter
-A FORWARD -p tcp -m string --string /phf --algo bm -j LOG
-A FORWARD -p tcp -m content --stream --string needle -j LOG
COMMIT
R
tricks() { "$SALLYPORT" replay -R rules -r tricks.pcap --ingress in0 --evasions -e events.json "$@"; }
expect 0 tricks --json
python3 -c '
import json
content = json.load(open("out"))["content"]
assert content == {"found": 0, "bounds_met": 1, "unknown": 7, "evasions": 1}, content
events = [json.loads(line) for line in open("events.json")]
assert sum(event["event_type"] == "evasion" for event in events) == 1, events
assert sum(event["event_type"] == "content" and event["content"]["event"] == "bound" for event in events) == 1, events
' || fail "the counters are not those of what was sent"
expect 0 tricks
says err "         1  times that a direction met a bound"
says err "         7  packets without an answer because of a bound"
says err "         1  evasions of -m string"
