# -j SYNPROXY. Expectations by record.py.
-j SYNPROXY;;FAIL
-p tcp -j SYNPROXY;=;OK
-p tcp -j SYNPROXY --sack-perm --timestamp --wscale 7 --mss 1460;=;OK
-p tcp -j SYNPROXY --mss 1460 --wscale 7 --timestamp --sack-perm --ecn;-p tcp -j SYNPROXY --sack-perm --timestamp --wscale 7 --mss 1460 --ecn;OK
-p tcp -j SYNPROXY --ecn;=;OK
-p tcp -j SYNPROXY --wscale 14;=;OK
-p tcp -j SYNPROXY --wscale 15;=;OK
-p tcp -j SYNPROXY --mss 0;=;OK
-p tcp -j SYNPROXY --mss 65535;=;OK
-p tcp -j SYNPROXY --mss 65536;-p tcp -j SYNPROXY --mss 0;OK
-p udp -j SYNPROXY;;FAIL
! -p tcp -j SYNPROXY;;FAIL
-p tcp -j SYNPROXY --wscale 256;-p tcp -j SYNPROXY --wscale 0;OK
-p tcp -j SYNPROXY --mss x;;FAIL
-p tcp -j SYNPROXY --mss 4294967296;;FAIL
-p tcp -j SYNPROXY --mss 1 --mss 2;;FAIL
-p tcp -j SYNPROXY --sack-perm --sack-perm;;FAIL
:FORWARD
-p tcp -j SYNPROXY;=;OK
:OUTPUT
-p tcp -j SYNPROXY;;FAIL
*mangle
:PREROUTING
-p tcp -j SYNPROXY;;FAIL
:FORWARD
-p tcp -j SYNPROXY;=;OK
*nat
:INPUT
-p tcp -j SYNPROXY;=;OK
*raw
:PREROUTING
-p tcp -j SYNPROXY;;FAIL
*security
:INPUT
-p tcp -j SYNPROXY;=;OK
@ipv6
*filter
-p tcp -j SYNPROXY --mss 1440;=;OK
