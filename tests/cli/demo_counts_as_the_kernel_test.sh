# The demo's minute through the demo's rules: every counter as tests/golden/demo/record.py saw it in the kernel.
. "$TREE/tests/cli/support.sh"

expect 0 gateway -r "$CAPTURE" --counters counters --counters6 counters6
for counters in counters counters6; do
  diff <(grep -v '^#' "$counters") <(grep -v '^#' "$TREE/tests/golden/demo/$counters") || fail "$counters differ"
done
