# A capture cut off in its last packet: all others are led through, every file is written, exit 3.
. "$TREE/tests/cli/support.sh"

head -c -10 "$CAPTURE" >cut.pcapng
expect 3 gateway -r cut.pcapng -w left.pcapng --counters counters
says err "cut off"
[ -s counters ] || fail "no counters"
expect 3 gateway -r cut.pcapng --json
cut=$(python3 -c 'import json; print(json.load(open("out"))["frames"]["read"])')
expect 0 gateway -r "$CAPTURE" --json
whole=$(python3 -c 'import json; print(json.load(open("out"))["frames"]["read"])')
[ "$cut" -eq $((whole - 1)) ] || fail "$cut frames of $whole"
expect 0 gateway -r left.pcapng
