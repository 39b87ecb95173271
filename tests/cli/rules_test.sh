# rules check and rules save over the demo's rules, which the real iptables-save printed.
. "$TREE/tests/cli/support.sh"

expect 0 "$SALLYPORT" rules check "$TREE/demo/gateway.rules"
expect 0 "$SALLYPORT" rules check -6 "$TREE/demo/gateway6.rules"
expect 0 "$SALLYPORT" rules save "$TREE/demo/gateway.rules"
# A restore turns the order of the tables round, and a second one back: the same text again.
cp out once.rules
diff <(grep -- '^-A' once.rules | sort) <(grep -- '^-A' "$TREE/demo/gateway.rules" | sort) || fail "rules changed"
"$SALLYPORT" rules save - <once.rules >twice.rules
diff <(grep -v '^#' twice.rules) <(grep -v '^#' "$TREE/demo/gateway.rules") || fail "not what iptables-save printed"
