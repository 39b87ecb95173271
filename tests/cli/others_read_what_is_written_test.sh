# tshark and capinfos read what replay writes: packets whole, checksums right, interfaces by name, reasons as comments.
. "$TREE/tests/cli/support.sh"

fields() { tshark -r "$1" -T fields -e "$2" 2>tshark.err; }

expect 0 gateway -r "$CAPTURE" -w left.pcapng
wrong='_ws.malformed || ip.checksum.status==0 || tcp.checksum.status==0 || udp.checksum.status==0'
wrong+=' || icmp.checksum.status==0 || icmpv6.checksum.status==0'
tshark -o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE -o udp.check_checksum:TRUE -r left.pcapng -Y "$wrong" \
  >wrong 2>tshark.err
[ -s wrong ] && fail "tshark finds fault: $(head -3 wrong)"
[ "$(fields left.pcapng frame.interface_name | sort -u | xargs)" = "dmz lan wan" ] || fail "interfaces have lost names"

expect 0 gateway -r "$CAPTURE" -w all.pcapng --all --json
fields all.pcapng frame.comment >comments
says comments "dropped FORWARD table=filter chain=SSH"
says comments "delivered INPUT"
python3 - <<'PYTHON' || fail "the summary and the comments differ"
import collections, json
fates = json.load(open("out"))["fates"]
seen = collections.Counter(line.split()[0] for line in open("comments"))
assert {fate: count for fate, count in fates.items() if count} == dict(seen), (fates, seen)
PYTHON

expect 0 gateway -r "$CAPTURE" -w left.pcap
capinfos -t left.pcap | grep -qE 'File type: +Wireshark/tcpdump/... - (nanosecond )?(lib)?pcap' || fail "$(capinfos -t left.pcap)"
[ "$(fields left.pcap frame.number | wc -l)" -eq "$(fields left.pcapng frame.number | wc -l)" ] || fail "counts differ"
