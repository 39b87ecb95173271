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

# On a terminal it looks again and again, and gives the terminal back at the end.
cp "$table" live
python3 - "$SALLYPORT" "$lines" <<'PYTHON'
import os, pty, select, sys

def read_until(terminal, wanted):
    seen = b""
    while wanted not in seen:
        assert select.select([terminal], [], [], 60)[0], (wanted, seen)
        seen += os.read(terminal, 65536)
    return seen

pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], [sys.argv[1], "top", "--from", "live", "--every", "1"])
lines = int(sys.argv[2])
assert b"\x1b[?1049h" in read_until(terminal, f"{lines} connections".encode())
with open("live") as table:
    first = table.readlines()[: lines - 1]
with open("live.new", "w") as table:
    table.writelines(first)
os.rename("live.new", "live")
read_until(terminal, f"{lines - 1} connections".encode())
os.rename("live", "gone")
read_until(terminal, b"live: ")
os.write(terminal, b"q")
read_until(terminal, b"\x1b[?1049l")
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
PYTHON

expect 2 "$SALLYPORT" top --from "$table" --filter "-p nonsense"
expect 3 "$SALLYPORT" top --from not-there
true
