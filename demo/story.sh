#!/bin/bash
# The minute again, with modules: who scans, guesses passwords, or asks for /cgi-bin/phf is led to the honeypot, unseen.
# Usage: story.sh SALLYPORT CAPTURE OUT. What it leaves is in OUT: the rules, events.json, out.pcap, conntrack.
set -euo pipefail
sallyport=$1 capture=$2 out=$3
here=$(dirname "$(realpath "$0")")

# The gateway's rules with four more. Their chain HONEYPOT would hide the target of that name.
sed -e 's/\bHONEYPOT\b/PIT/g' \
  -e '/^-A PREROUTING -d 198\.51\.100\.3/i\
-A PREROUTING -i wan -m port_scan --scanning -j HONEYPOT --to 198.51.100.3 --lease 30m' \
  -e '/^-A FORWARD -m mark --mark 0xd -j PIT/i\
-A FORWARD -i wan -p tcp -m tcp --dport 22 -m rate_watch --name logins --over -j HONEYPOT --to 198.51.100.3 --lease 30m\
-A FORWARD -i wan -p tcp -m tcp --dport 80 -m content --http-uri --string /cgi-bin/phf -j HONEYPOT --to 198.51.100.3 --lease 30m' \
  -e '/^-A FORWARD -m mark --mark 0xd -j PIT/a\
-A FORWARD -d 198.51.100.3/32 -i wan -o dmz -m comment --comment "who was led there" -j ACCEPT' \
  "$here/gateway.rules" >"$out/story.rules"

replay=("$sallyport" replay -R "$out/story.rules" -6 "$here/gateway6.rules" --host "$here/gateway.toml"
  -r "$capture" --follow -w "$out/out.pcap" -e "$out/events.json" --conntrack "$out/conntrack" --log "$out/kernel.log"
  --module port_scan --module rate_watch:name=logins,window=16s,connections=10
  --module honeypot:outbound=20,outbound-each=5,ttl=63)
echo "demo: ${replay[*]}" >&2
"${replay[@]}"
echo "demo: what was told is in $out/events.json, who is connected with whom in $out/conntrack" >&2
