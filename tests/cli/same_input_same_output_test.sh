# Same input, same seed: the same bytes, from a file and from a pipe.
. "$TREE/tests/cli/support.sh"

outputs() {
  echo -w "$1.pcapng" --log "$1.log" --nflog "$1.nflog.pcapng" --counters "$1.counters" --counters6 "$1.counters6" --all
}
# shellcheck disable=SC2046  # the outputs are words
{
  expect 0 gateway -r "$CAPTURE" $(outputs first)
  expect 0 gateway -r "$CAPTURE" $(outputs second)
  expect 0 gateway -r - $(outputs piped) <"$CAPTURE"
}
for kind in pcapng log nflog.pcapng counters counters6; do
  [ -s "first.$kind" ] || fail "first.$kind is empty"
  cmp "first.$kind" "second.$kind"
  cmp "first.$kind" "piped.$kind"
done

gateway -r "$CAPTURE" -w - >stdout.pcapng 2>err
expect 0 gateway -r "$CAPTURE" -w file.pcapng
cmp stdout.pcapng file.pcapng
