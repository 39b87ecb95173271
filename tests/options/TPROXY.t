# -j TPROXY. Expectations by record.py.
*mangle
:PREROUTING
-j TPROXY;;FAIL
-p tcp -j TPROXY;;FAIL
-p sctp -j TPROXY --on-port 80;;FAIL
-j TPROXY --on-port 80;;FAIL
! -p tcp -j TPROXY --on-port 80;;FAIL
-p tcp -j TPROXY --tproxy-mark 0x1/0x1;;FAIL
-p tcp -j TPROXY --on-port 80 --tproxy-mark 1/2/3;;FAIL
-p tcp -j TPROXY --on-port 80:90;;FAIL
:INPUT
-p tcp -j TPROXY --on-port 80;;FAIL
:OUTPUT
-p tcp -j TPROXY --on-port 80;;FAIL
*nat
:PREROUTING
-p tcp -j TPROXY --on-port 80;;FAIL
@ipv4
*mangle
-p tcp -j TPROXY --on-port 80;-p tcp -j TPROXY --on-port 80 --on-ip 0.0.0.0 --tproxy-mark 0x0/0x0;OK
-p udp -j TPROXY --on-port 80;-p udp -j TPROXY --on-port 80 --on-ip 0.0.0.0 --tproxy-mark 0x0/0x0;OK
-p tcp -j TPROXY --on-port 80 --on-ip 1.2.3.4;-p tcp -j TPROXY --on-port 80 --on-ip 1.2.3.4 --tproxy-mark 0x0/0x0;OK
-p tcp -j TPROXY --on-port 80 --on-ip 1.2.3.4 --tproxy-mark 1;-p tcp -j TPROXY --on-port 80 --on-ip 1.2.3.4 --tproxy-mark 0x1/0xffffffff;OK
-p tcp -j TPROXY --on-port 80 --tproxy-mark 0x1/0x1;-p tcp -j TPROXY --on-port 80 --on-ip 0.0.0.0 --tproxy-mark 0x1/0x1;OK
-p tcp -j TPROXY --on-port 80 --tproxy-mark 0x5/0x1;-p tcp -j TPROXY --on-port 80 --on-ip 0.0.0.0 --tproxy-mark 0x5/0x1;OK
-p tcp -j TPROXY --on-port 80 --tproxy-mark 1/0xffffffff;-p tcp -j TPROXY --on-port 80 --on-ip 0.0.0.0 --tproxy-mark 0x1/0xffffffff;OK
-p tcp -j TPROXY --on-port 0;-p tcp -j TPROXY --on-port 0 --on-ip 0.0.0.0 --tproxy-mark 0x0/0x0;OK
-p tcp -j TPROXY --on-port http;-p tcp -j TPROXY --on-port 80 --on-ip 0.0.0.0 --tproxy-mark 0x0/0x0;OK
-p tcp -j TPROXY --on-port 65536;-p tcp -j TPROXY --on-port 0 --on-ip 0.0.0.0 --tproxy-mark 0x0/0x0;OK
-p tcp -j TPROXY --on-port 80 --on-ip 0.0.0.0;-p tcp -j TPROXY --on-port 80 --on-ip 0.0.0.0 --tproxy-mark 0x0/0x0;OK
-p tcp -j TPROXY --on-port 70000;-p tcp -j TPROXY --on-port 4464 --on-ip 0.0.0.0 --tproxy-mark 0x0/0x0;OK
@ipv6
-p tcp -j TPROXY --on-port 80;-p tcp -j TPROXY --on-port 80 --on-ip :: --tproxy-mark 0x0/0x0;OK
-p udp -j TPROXY --on-port 80;-p udp -j TPROXY --on-port 80 --on-ip :: --tproxy-mark 0x0/0x0;OK
-p tcp -j TPROXY --on-port 80 --tproxy-mark 0x1/0x1;-p tcp -j TPROXY --on-port 80 --on-ip :: --tproxy-mark 0x1/0x1;OK
-p tcp -j TPROXY --on-port 80 --tproxy-mark 0x5/0x1;-p tcp -j TPROXY --on-port 80 --on-ip :: --tproxy-mark 0x5/0x1;OK
-p tcp -j TPROXY --on-port 80 --tproxy-mark 1/0xffffffff;-p tcp -j TPROXY --on-port 80 --on-ip :: --tproxy-mark 0x1/0xffffffff;OK
-p tcp -j TPROXY --on-port 0;-p tcp -j TPROXY --on-port 0 --on-ip :: --tproxy-mark 0x0/0x0;OK
-p tcp -j TPROXY --on-port http;-p tcp -j TPROXY --on-port 80 --on-ip :: --tproxy-mark 0x0/0x0;OK
-p tcp -j TPROXY --on-port 65536;-p tcp -j TPROXY --on-port 0 --on-ip :: --tproxy-mark 0x0/0x0;OK
-p tcp -j TPROXY --on-port 80 --on-ip ::1 --tproxy-mark 1;-p tcp -j TPROXY --on-port 80 --on-ip ::1 --tproxy-mark 0x1/0xffffffff;OK
-p tcp -j TPROXY --on-port 70000;-p tcp -j TPROXY --on-port 4464 --on-ip :: --tproxy-mark 0x0/0x0;OK
