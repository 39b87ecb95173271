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
