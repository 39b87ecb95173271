# host snapshot: a model that replay takes, and that reads back as it is.
. "$TREE/tests/cli/support.sh"

expect 0 "$SALLYPORT" host snapshot
cp out machine.toml
says machine.toml 'name = "lo"'
echo '*filter
-A INPUT -i lo -j DROP
COMMIT' >lo.rules
expect 0 "$SALLYPORT" replay -R lo.rules --host machine.toml --ingress lo -r "$CAPTURE" --counters -
says out ':FORWARD ACCEPT'
expect 2 "$SALLYPORT" host
expect 2 "$SALLYPORT" host nonsense
