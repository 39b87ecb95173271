# -j NFQUEUE. Expectations by record.py.
-j NFQUEUE;-j NFQUEUE --queue-num 0;OK
-j NFQUEUE --queue-num 0;=;OK
-j NFQUEUE --queue-num 65535;=;OK
-j NFQUEUE --queue-num 65536;;FAIL
-j NFQUEUE --queue-num 5 --queue-bypass;=;OK
-j NFQUEUE --queue-bypass;-j NFQUEUE --queue-num 0 --queue-bypass;OK
-j NFQUEUE --queue-balance 0:3;=;OK
-j NFQUEUE --queue-balance 3:3;;FAIL
-j NFQUEUE --queue-balance 3:1;;FAIL
-j NFQUEUE --queue-balance 3;;FAIL
-j NFQUEUE --queue-balance :3;-j NFQUEUE --queue-balance 0:3;OK
-j NFQUEUE --queue-balance 3:;-j NFQUEUE --queue-balance 3:65535;OK
-j NFQUEUE --queue-balance 0:65535;;FAIL
-j NFQUEUE --queue-balance 1:65535;=;OK
-j NFQUEUE --queue-balance 0:65536;;FAIL
-j NFQUEUE --queue-balance 0:3 --queue-num 5;;FAIL
-j NFQUEUE --queue-balance 0:3 --queue-cpu-fanout --queue-bypass;-j NFQUEUE --queue-balance 0:3 --queue-bypass --queue-cpu-fanout;OK
-j NFQUEUE --queue-bypass --queue-balance 0:3;-j NFQUEUE --queue-balance 0:3 --queue-bypass;OK
-j NFQUEUE --queue-num 3 --queue-cpu-fanout;;FAIL
-j NFQUEUE --queue-cpu-fanout;;FAIL
*raw
:PREROUTING
-j NFQUEUE --queue-num 7;=;OK
*nat
-j NFQUEUE --queue-num 7;=;OK
@ipv6
*mangle
-j NFQUEUE --queue-num 7;=;OK
