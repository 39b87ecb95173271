# 0 done, 1 the answer is no, 2 wrong usage, 3 an input cannot be read; and what is said of it, on stderr.
. "$TREE/tests/cli/support.sh"

expect 0 "$SALLYPORT" --version
expect 0 "$SALLYPORT" --help
expect 0 "$SALLYPORT" replay --help
expect 2 "$SALLYPORT"
expect 2 "$SALLYPORT" replay
expect 2 "$SALLYPORT" rules
expect 2 "$SALLYPORT" nonsense
expect 2 gateway -r "$CAPTURE" -w - --counters -
says err "two outputs on standard output"

expect 2 gateway -r "$CAPTURE" tcp prt 80
says err 'the capture filter "tcp prt 80"'
expect 2 gateway -r "$CAPTURE" --jsn
says err "did you mean --json?"
expect 2 "$SALLYPORT" replai
says err "did you mean replay?"

expect 3 gateway -r not-there.pcapng
says err "not-there.pcapng"
expect 3 "$SALLYPORT" rules check not-there.rules
echo "this is no capture, whatever else it is" >text
expect 3 gateway -r text

cat >wrong.rules <<'RULES'
*filter
-A INPUT -p tcp --dport 99999 -j ACCEPT
-A INPUT -j NOWHERE
COMMIT
RULES
expect 1 "$SALLYPORT" rules check wrong.rules
says err "wrong.rules:2:"
says err "wrong.rules:3:"
expect 1 "$SALLYPORT" replay -R wrong.rules -r "$CAPTURE" -w out.pcapng
[ -s out ] && fail "stdout is for data only"
[ -e out.pcapng ] && fail "rules were refused, yet something was written"
true
