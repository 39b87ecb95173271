# Listings made by the kernel and by conntrack(8) of one table at one moment: from the fullest our program makes the others.
. "$TREE/tests/cli/support.sh"
golden=$TREE/tests/golden/conntrack

for form in conntrack extended id labels ktimestamp xml save; do
  expect 0 "$SALLYPORT" conntrack -L -o "$form" --from "$golden/all"
  # A listing has no verification tags; times of day but whole seconds.
  sed 's/ --orig-vtag [0-9]* --reply-vtag [0-9]*//' "$golden/$form" | cmp - out || fail "-o $form differs"
done
expect 0 "$SALLYPORT" conntrack -L -o nf_conntrack --from "$golden/nf_conntrack"
cmp "$golden/nf_conntrack" out
expect 0 "$SALLYPORT" conntrack -C --from "$golden/nf_conntrack"
[ "$(cat out)" = "$(grep -c . "$golden/nf_conntrack")" ] || fail "-C says $(cat out)"

# A change prints the changed table, and leaves every other line as it is.
expect 0 "$SALLYPORT" conntrack -D -p udp --from "$golden/nf_conntrack"
says err "flow entries have been deleted."
grep -v '^ipv[46] *[0-9]* udp ' "$golden/nf_conntrack" | cmp - out
expect 0 "$SALLYPORT" conntrack -U -p udp -m 9 --from "$golden/nf_conntrack"
sed '/^ipv[46] *[0-9]* udp /s/ mark=[0-9]*/ mark=9/' "$golden/nf_conntrack" | cmp - out
expect 0 "$SALLYPORT" conntrack -F --from "$golden/nf_conntrack"
[ -s out ] && fail "-F left something"
expect 1 "$SALLYPORT" conntrack -D -s 192.0.2.99 --from "$golden/nf_conntrack"

# Wrong usage, what cannot be read, what needs a machine.
expect 2 "$SALLYPORT" conntrack
expect 2 "$SALLYPORT" conntrack -L --sport 80 --from "$golden/all"
says err "-p tcp"
expect 2 "$SALLYPORT" conntrack -L -s 10.0.0.300 --from "$golden/all"
expect 2 "$SALLYPORT" conntrack -L -z --from "$golden/all"
expect 3 "$SALLYPORT" conntrack -L --from not-there
expect 4 "$SALLYPORT" conntrack -D
expect 4 "$SALLYPORT" conntrack -E
(head -1 "$golden/all"; printf 'tcp 6 5 NO\033[2JWHERE src=\n'; head -1 "$golden/all") >mixed
expect 3 "$SALLYPORT" conntrack -L --from mixed
says err 'mixed:2:9: "NO\x1b[2JWHERE"'
[ "$(grep -c . out)" = 2 ] || fail "the lines around a bad one are missing"

expect 0 "$SALLYPORT" conntrack -L -o json --from "$golden/all"
python3 -c 'import json,sys; assert all(json.loads(l)["event_type"] == "flow" for l in open("out"))'
expect 0 "$SALLYPORT" conntrack -S --from "$golden/all"
says out "entries=$(grep -c . "$golden/all") "
true
