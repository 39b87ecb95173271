# Every command's help begins with what it is and with examples that begin with the command; the options come after.
. "$TREE/tests/cli/support.sh"

for command in "" replay rules host conntrack top test module; do
  expect 0 "$SALLYPORT" $command --help
  examples=$(grep -n '^Example' out | cut -d: -f1)
  usage=$(grep -n '^Usage' out | cut -d: -f1)
  [ -n "$examples" ] && [ -n "$usage" ] && [ "$examples" -lt "$usage" ] || fail "$command --help: no examples before the usage"
  sed -n "$((examples + 1)),$((usage - 1))p" out | grep -q "sallyport $command" || fail "$command --help: examples of others"
done

expect 0 "$SALLYPORT" replay --help
tail -1 out | grep -q '^Exit: 0 done' || fail "replay --help does not end with the exit codes"
