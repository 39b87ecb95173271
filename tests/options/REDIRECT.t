# -j REDIRECT. Expectations by record.py.
*nat
:PREROUTING
-p tcp -j REDIRECT;=;OK
-j REDIRECT;=;OK
-j REDIRECT --to-ports 80;;FAIL
-p tcp -j REDIRECT --to-ports 80;=;OK
-p tcp -j REDIRECT --to-port 80;-p tcp -j REDIRECT --to-ports 80;OK
-p tcp -j REDIRECT --to-ports 80-90;=;OK
-p tcp -j REDIRECT --to-ports 90-80;;FAIL
-p tcp -j REDIRECT --to-ports http;-p tcp -j REDIRECT --to-ports 80;OK
-p tcp -j REDIRECT --to-ports ssh-http;;FAIL
-p tcp -j REDIRECT --to-ports 80:90;;FAIL
-p tcp -j REDIRECT --to-ports 0;=;OK
-p tcp -j REDIRECT --to-ports 65536;;FAIL
-p tcp -j REDIRECT --to-ports 80-90/1000;;FAIL
-p tcp -j REDIRECT --to-ports 80 --random;=;OK
-p tcp -j REDIRECT --random;=;OK
-p tcp -j REDIRECT --persistent;;FAIL
:OUTPUT
-p udp -j REDIRECT --to-ports 53;=;OK
:POSTROUTING
-p udp -j REDIRECT --to-ports 53;;FAIL
:INPUT
-p udp -j REDIRECT --to-ports 53;;FAIL
*filter
-p udp -j REDIRECT --to-ports 53;;FAIL
@ipv6
*nat
:PREROUTING
-p tcp -j REDIRECT --to-ports 80-90 --random;=;OK
-p tcp -j REDIRECT --to-ports ssh;-p tcp -j REDIRECT --to-ports 22;OK
-p icmpv6 -j REDIRECT --to-ports 80;;FAIL
-p 1 -j REDIRECT --to-ports 80;-p icmp -j REDIRECT --to-ports 80;OK
