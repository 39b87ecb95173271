# sallyport test: TAP and JUnit say the same, the exit code sums it up, and what went wrong is told in words.
. "$TREE/tests/cli/support.sh"

cat >right.scenario <<'END'
rules right.rules
packet in0 tcp 198.51.100.7:40000 > 192.0.2.1:22 syn => DROP by FORWARD line 2
packet in0 tcp 198.51.100.7:40000 > 192.0.2.1:80 syn => ACCEPT
END
printf '*filter\n-A FORWARD -p tcp --dport 22 -j DROP\nCOMMIT\n' >right.rules
sed 's/=> ACCEPT/=> REJECT # <no> \& "why"/' right.scenario >wrong.scenario
printf 'rules right.rules\nin in0 tpc\n' >unreadable.scenario

expect 0 "$SALLYPORT" test right.scenario
says out "TAP version 14"
says out "ok 1 - right.scenario:2 packet in0"
says out "1..2"

expect 1 "$SALLYPORT" test right.scenario wrong.scenario --junit report.xml
says out "not ok 4 - wrong.scenario:3"
says out 'message: "it was ACCEPT"'
says out '  got: "out out0 tcp 198.51.100.7:40000 > 192.0.2.1:80 syn'
says out 'way: "filter FORWARD policy ACCEPT"'
says report.xml '<testsuite name="wrong.scenario" tests="2" failures="1" errors="0">'
says report.xml '&lt;no&gt; &amp; &quot;why&quot;'
python3 -c 'import sys, xml.etree.ElementTree as x; sys.exit(len(x.parse("report.xml").findall(".//testcase")) != 4)' ||
  fail "the report is not well-formed"

expect 1 "$SALLYPORT" test unreadable.scenario --junit report.xml
says err 'unreadable.scenario:2:8: "tpc" is no packet'
says out "not ok 1 - unreadable.scenario"
says report.xml '<error message="the scenario cannot be read">'
expect 3 "$SALLYPORT" test nowhere.scenario
expect 2 "$SALLYPORT" test
mkdir none
expect 3 "$SALLYPORT" test none
expect 1 "$SALLYPORT" test .
says err "5 tests, 2 failed"
