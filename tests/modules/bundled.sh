# The modules that come along: built from the installed headers alone, their own tests, and a replay with them.
. "$(dirname "$0")/support.sh" "$@"

cmake -S "$tree/modules" -B modules-build >cmake.log
cmake --build modules-build
ctest --test-dir modules-build --output-on-failure
cmake --install modules-build --prefix "$work/prefix" >>install.log

# Installed, it is found by its name, listed and described.
sallyport module list | grep -q '^rate_watch ' || fail "rate_watch is not listed: $(sallyport module list)"
sallyport module info rate_watch | grep -qF -- "-m rate_watch" || fail "rate_watch does not tell of its match"

for module in honeypot port_scan; do
  sallyport module list | grep -q "^$module " || fail "$module is not listed: $(sallyport module list)"
done
sallyport module info port_scan | grep -qF -- "-m port_scan" || fail "port_scan does not tell of its match"

# What HONEYPOT refuses, by line.
honeypot_refuses() {
  printf '*filter\n-A FORWARD -j HONEYPOT %s\nCOMMIT\n' "$2" >wrong.rules
  refused "wrong.rules:2" sallyport replay -R wrong.rules -r /dev/null --module honeypot
  grep -qF -- "$1" err || fail "-j HONEYPOT $2: it does not say '$1' but $(cat err)"
}
honeypot_refuses "it is not said where to" ""
honeypot_refuses "it is not said where to" "--to 10.0.0.99 --release"
honeypot_refuses "--release ends a lease" "--release --lease 1h"
honeypot_refuses "0 is no port" "--to 10.0.0.99:0"
honeypot_refuses "65536 is no port" "--to 10.0.0.99:65536"
honeypot_refuses "a bracket stays open" "--to [10.0.0.99:22"
honeypot_refuses "\"2001:db8::1\"" "--to [2001:db8::1]:22"
honeypot_refuses "is not a time" "--to 10.0.0.99 --lease 1parsec"
printf '*filter\n-A FORWARD -j HONEYPOT --to 10.0.0.99\nCOMMIT\n' >right.rules
refused "HONEYPOT" sallyport replay -R right.rules -r /dev/null

# A minute of a gateway's traffic: the flood in it rises once and falls, and every line is valid.
"$build/demo/make_capture" demo.pcapng
gateway() {
  sallyport replay -R "$tree/demo/gateway.rules" -6 "$tree/demo/gateway6.rules" --host "$tree/demo/gateway.toml" \
    -r demo.pcapng "$@"
}
gateway --module rate_watch:window=10s,packets=300:100 -e events.json 2>summary
python3 "$tree/tests/cli/check_events.py" "$tree/docs/events.schema.json" events.json
grep -q '"event_type":"rate".*"event":"rise"' events.json || fail "nothing rises"
grep -q 'module rate_watch' summary || fail "the summary does not tell of the module: $(cat summary)"
# The scan in it is found, and what is in the honeypot, which looks for others; nobody else scans.
gateway --module port_scan -e scans.json 2>/dev/null
python3 "$tree/tests/cli/check_events.py" "$tree/docs/events.schema.json" scans.json
[ "$(grep -c '"event_type":"scan".*"event":"begin"' scans.json)" -eq 2 ] || fail "scans: $(grep '"scan"' scans.json)"
grep -q '"src_ip":"198.19.66.6","dest_ip":"198.51.100.2","scan":{"event":"begin","scan":"vertical"' scans.json ||
  fail "the scanner is not told of: $(grep '"scan"' scans.json)"
grep -q '"src_ip":"198.51.100.3","scan":{"event":"begin","scan":"horizontal"' scans.json ||
  fail "the honeypot is not told of: $(grep '"scan"' scans.json)"
# The demo's story: scan, brute force, exploit attempt, and whom each of them then talks to. A mapped packet's way from
# there is in its TTL, its port, its event and its flow; all of it is as it was.
mkdir story
"$tree/demo/story.sh" "$(command -v sallyport)" demo.pcapng story 2>story.log
python3 "$tree/tests/cli/check_events.py" "$tree/docs/events.schema.json" story/events.json
python3 "$tree/tests/modules/story.py" story "$tree/tests/golden/story" || fail "the story is another (story.py --write)"
# Commands at a moment of the capture: the honeypot lists whom it leads, releases one, and does so no longer.
printf '*mangle\n-A PREROUTING -s 198.19.66.6 -j HONEYPOT --to 198.51.100.3 --lease 10h\nCOMMIT\n' >lead.rules
lead() {
  sallyport replay -R lead.rules --host "$tree/demo/gateway.toml" -r demo.pcapng --module honeypot -e led.json "$@"
}
lead --command "+10h honeypot list" --command "end honeypot list" --command "end honeypot release 198.19.66.6" 2>answers
grep -q '^198.19.66.6 to 198.51.100.3, lease 1, ' answers || fail "it does not list whom it leads: $(cat answers)"
grep -q '^198.19.66.6 is released$' answers || fail "it does not release: $(cat answers)"
grep -q 'warning: the input ended before its moment came: honeypot list' answers || fail "a late one: $(cat answers)"
[ "$(grep -c '"event":"end".*"reason":"command"' led.json)" -eq 1 ] || fail "no end by command: $(tail -3 led.json)"
first=$(python3 -c 'import json
print(next(e["pcap_cnt"] for e in map(json.loads, open("led.json")) if e["event_type"] == "honeypot"))')
lead --command "#$((first + 1)) honeypot release 198.19.66.6" --command "#$((first + 1)) honeypot list" 2>answers
grep -q '^198.19.66.6 is released$' answers || fail "it does not release: $(cat answers)"
grep -q '^honeypot list$' answers || fail "it does not list: $(cat answers)"
grep -A1 '^honeypot list$' answers | grep -q '198.19.66.6' && fail "it is led after its release: $(cat answers)"
[ "$(grep -c '"event":"end".*"reason":"command"' led.json)" -eq 1 ] || fail "no end at packet $first: $(cat answers)"
# Those that are due with one packet: by time, then by number, whether that packet is there or not; a time may lie where no
# stamp reaches.
lead --command "#5 honeypot release 192.0.2.6" --command "#3 honeypot release 192.0.2.4" \
  --command "#4 honeypot release 192.0.2.5" --command "+1ns honeypot release 192.0.2.7" \
  --command "+0s honeypot release 192.0.2.1" --command "#1 honeypot release 192.0.2.3" \
  --command "+0s honeypot release 192.0.2.2" --command "end honeypot release 192.0.2.8" \
  --command "+100000d honeypot release 192.0.2.9" "src host 198.19.66.6" 2>answers && fail "it releases whom it does not lead"
grep '192.0.2.9' answers | grep -q '^warning: the input ended before its moment came' || fail "the future: $(cat answers)"
order=$(sed -n 's/^honeypot release 192\.0\.2\.\([0-9]\): .*/\1/p' answers | tr -d '\n')
[ "$order" = 12345678 ] || fail "commands come in the order $order: $(cat answers)"
refused "192.0.2.77 has no lease" lead --command "end honeypot release 192.0.2.77"
got=0
lead --command "soon honeypot list" 2>err || got=$?
[ "$got" -eq 2 ] || fail "exit code $got for a moment that is none: $(cat err)"
grep -qF '"soon" is no moment' err || fail "it does not say what is wrong: $(cat err)"
# Counting changes nothing: what leaves is the same with the module and without.
gateway -w without.pcapng 2>/dev/null
gateway -w with.pcapng --module rate_watch:packets=300:100 2>/dev/null
cmp without.pcapng with.pcapng || fail "a module that only counts changes what leaves"
