# What a table amounts to, for people and as JSON.
. "$TREE/tests/cli/support.sh"
table=$TREE/tests/golden/conntrack/all
lines=$(grep -c . "$table")

expect 0 "$SALLYPORT" top --once --plain --from "$table" --max "$((lines + 10))"
says out "$lines connections"
says out "WARNING: nearly full"
expect 0 "$SALLYPORT" top --once --from "$table" --max "$lines"
says out "WARNING: full"
expect 0 "$SALLYPORT" top --once --json --from "$table" --filter "-p tcp" --max 1000000
python3 - "$(grep -c ' tcp  ' "$table")" "$(grep -c ' tcp  .*UNREPLIED' "$table")" "$(grep -c ' tcp .* SYN_' "$table")" <<'PYTHON'
import json, sys
top = json.load(open("out"))
assert [top["connections"], top["unreplied"], top["half_open"]] == [int(n) for n in sys.argv[1:]], top
assert not top["nearly_full"] and top["protocols"][0]["name"] == "tcp" and top["top_ports"][0]["proto"] == "tcp"
assert sum(one["connections"] for one in top["timeouts"]) == top["connections"]
PYTHON
expect 2 "$SALLYPORT" top --from "$table" --filter "-p nonsense"
expect 3 "$SALLYPORT" top --from not-there
true
