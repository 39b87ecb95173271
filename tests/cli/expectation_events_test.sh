# What helpers come to expect in a replay, and expect no more: line by line as conntrack -E expect -o timestamp.
. "$TREE/tests/cli/support.sh"
# What text2pcap reads is local time.
export TZ=UTC
# packet SECOND SOURCE PORT DESTINATION PORT TEXT: the next UDP packet of the capture.
number=100
packet() {
  number=$((number + 1))
  (date -u -d "@$1" +'%Y-%m-%dT%H:%M:%SZ'; printf "$6" | od -Ax -tx1 -v) >packet.txt
  text2pcap -q -t %Y-%m-%dT%H:%M:%SZ -E rawip -4 "$2,$4" -u "$3,$5" packet.txt "packet$number.pcap" 2>err ||
    fail "text2pcap: $(cat err)"
}
ask() { packet "$1" 192.0.2.5 "$2" 198.51.100.2 69 '\0\1file\0octet\0'; }

ask 1700000000 4000
packet 1700000001 198.51.100.2 5000 192.0.2.5 4000 '\0\3\0\1data'  # it comes
ask 1700000002 4001
ask 1700000003 4001                                                # asked again: what was expected begins anew
ask 1700000302 4002
packet 1700000400 192.0.2.5 4003 198.51.100.2 53 'later'           # nothing came to 4001 for 300 seconds
mergecap -w asked.pcap packet1*.pcap 2>err || fail "mergecap: $(cat err)"

printf '*raw\n-A PREROUTING -p udp --dport 69 -j CT --helper tftp\nCOMMIT\n' >rules
# The connections that ask live longer than what they expect.
sed 's/^\[sysctl\]$/&\n"net.netfilter.nf_conntrack_udp_timeout" = 1000/' "$TREE/demo/gateway.toml" >host.toml
follow() { "$SALLYPORT" replay --host host.toml -r asked.pcap -R "$@"; }
line() {  # line SECOND EVENT SECONDS_LEFT PORT
  printf '[%s.000000]\t%9s %s proto=17 src=198.51.100.2 dst=192.0.2.5 sport=0 dport=%s ' "$1" "[$2]" "$3" "$4"
  printf 'mask-src=255.255.255.255 mask-dst=255.255.255.255 sport=0 dport=65535 '
  printf 'master-src=192.0.2.5 master-dst=198.51.100.2 sport=%s dport=69 class=0 helper=tftp\n' "$4"
}

{
  line 1700000000 NEW 300 4000
  line 1700000001 DESTROY 299 4000
  line 1700000002 NEW 300 4001
  line 1700000003 DESTROY 299 4001
  line 1700000003 NEW 300 4001
  line 1700000302 NEW 300 4002
  line 1700000400 DESTROY 0 4001
} >expected
expect 0 follow rules --expectation-events events
cmp expected events || fail "the events differ: $(diff expected events)"
expect 0 follow rules --expectation-events -
cmp expected out || fail "standard output gets other events than the file"

# Only what the rule chose.
sed 's/--helper tftp/& --expevents new/' rules >only_new
expect 0 follow only_new --expectation-events events
grep '\[NEW\]' expected | cmp - events || fail "more was told than was chosen: $(cat events)"
# Nobody is told what no helper expects.
grep -v helper rules >no_helper
expect 0 follow no_helper --expectation-events events
[ ! -s events ] || fail "something is expected without a helper: $(cat events)"
# One output alone goes to standard output.
expect 2 follow rules --expectation-events - --json
says err "two outputs on standard output"
expect 2 follow rules --expectation-events - --conntrack-events -
expect 3 follow rules --expectation-events no/such/folder/events
says err "no/such/folder/events"
