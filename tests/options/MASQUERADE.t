# -j MASQUERADE. Expectations by record.py.
*nat
:POSTROUTING
-j MASQUERADE;=;OK
-j MASQUERADE --random;=;OK
-j MASQUERADE --random-fully;=;OK
-j MASQUERADE --random --random-fully;=;OK
-j MASQUERADE --to-ports 1024;;FAIL
-p tcp -j MASQUERADE --to-ports 1024;=;OK
-p tcp -j MASQUERADE --to-ports 1024-65535;=;OK
-p udp -j MASQUERADE --to-ports 1024-65535 --random;=;OK
-p icmp -j MASQUERADE --to-ports 1024;=;OK
-p sctp -j MASQUERADE --to-ports 1024;=;OK
-p dccp -j MASQUERADE --to-ports 1024;=;OK
-p udplite -j MASQUERADE --to-ports 1024;;FAIL
! -p tcp -j MASQUERADE --to-ports 1024;=;OK
-p tcp -j MASQUERADE --to-ports 1024:2048;;FAIL
-p tcp -j MASQUERADE --to-ports 0;=;OK
-p tcp -j MASQUERADE --to-ports 65536;;FAIL
-p tcp -j MASQUERADE --to-ports 10-5;;FAIL
-p tcp -j MASQUERADE --to-ports 0-5;=;OK
-p tcp -j MASQUERADE --to-ports ssh;-p tcp -j MASQUERADE --to-ports 22;OK
-p tcp -j MASQUERADE --to-ports 5-5;-p tcp -j MASQUERADE --to-ports 5;OK
-p tcp -j MASQUERADE --to-ports 1024-;;FAIL
-p tcp -j MASQUERADE --to-ports 1024 --to-ports 1025;;FAIL
-j MASQUERADE --persistent;;FAIL
-p tcp -j MASQUERADE --to-ports 80-90/100;-p tcp -j MASQUERADE --to-ports 80-90/0;OK
-p tcp -j MASQUERADE --to-ports 80-http;;FAIL
-p tcp -j MASQUERADE --to-ports ftp-data;-p tcp -j MASQUERADE --to-ports 20;OK
-p tcp -j MASQUERADE --to-ports 0x50;-p tcp -j MASQUERADE --to-ports 80;OK
-p tcp -j MASQUERADE --to-ports 80x;;FAIL
-p tcp -j MASQUERADE --to-ports "";;FAIL
-j MASQUERADE --to-ports 80 -p tcp;;FAIL
:PREROUTING
-j MASQUERADE;;FAIL
:OUTPUT
-j MASQUERADE;;FAIL
:INPUT
-j MASQUERADE;;FAIL
*filter
:FORWARD
-j MASQUERADE;;FAIL
@ipv6
*nat
:POSTROUTING
-j MASQUERADE;=;OK
-p tcp -j MASQUERADE --to-ports 10-20 --random-fully;=;OK
