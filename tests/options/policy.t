# -m policy. Expectations by record.py.
-m policy;;FAIL
-m policy --dir in;-m policy --dir in --pol ipsec;OK
-m policy --pol ipsec;;FAIL
-m policy --dir in --pol ipsec;=;OK
-m policy --dir in --pol none;=;OK
-m policy --dir in --pol none --strict;;FAIL
-m policy --dir in --pol none --reqid 1;-m policy --dir in --pol none;OK
-m policy --dir out --pol ipsec;;FAIL
-m policy --dir in --pol ipsec --strict;;FAIL
-m policy --dir in --pol ipsec --strict --reqid 1 --spi 0x1 --proto ipcomp;=;OK
-m policy --dir in --pol ipsec --reqid 1 --next --reqid 2;;FAIL
-m policy --dir in --pol ipsec --reqid 1 --spi 5;-m policy --dir in --pol ipsec --reqid 1 --spi 0x5;OK
-m policy --dir in --pol ipsec --proto tcp;;FAIL
-m policy --dir in --pol ipsec --proto 50;-m policy --dir in --pol ipsec --proto esp;OK
-m policy --dir in --pol ipsec --proto ah;=;OK
-m policy --dir in --pol ipsec --proto 0;;FAIL
-m policy --dir in --pol ipsec --mode foo;;FAIL
-m policy --dir in --pol ipsec --mode transport --tunnel-src 10.0.0.1;;FAIL
-m policy --dir in --pol ipsec --tunnel-src 10.0.0.1;;FAIL
-m policy --dir in --pol ipsec --strict --tunnel-src 10.0.0.1;;FAIL
-m policy --dir in --pol ipsec --strict --next --reqid 2;;FAIL
-m policy --dir in --pol ipsec --strict --reqid 2 --next;;FAIL
-m policy --dir in --pol ipsec --strict --reqid 2 --next --reqid 3 --next --reqid 4 --next --reqid 5;=;OK
-m policy --dir in --pol ipsec --strict --reqid 2 --next --reqid 3 --next --reqid 4 --next --reqid 5 --next --reqid 6;;FAIL
-m policy --dir in --pol ipsec --reqid 1 --reqid 2;;FAIL
-m policy --dir foo --pol ipsec;;FAIL
-m policy --dir in --pol foo;;FAIL
-m policy --dir in --dir in --pol ipsec;;FAIL
-m policy ! --dir in --pol ipsec;;FAIL
-m policy --dir IN --pol IPSEC;;FAIL
-m policy --dir in --pol ipsec --strict --strict;;FAIL
-m policy --dir in --pol ipsec --strict --mode tunnel --proto esp --tunnel-dst 10.0.0.0/8 --tunnel-src 10.0.0.0/8 ! --next --reqid 2;;FAIL
:OUTPUT
-m policy --dir in --pol ipsec;;FAIL
-m policy --dir out --pol ipsec;=;OK
-m policy --dir out --pol none --strict;;FAIL
-m policy --dir out --pol none --spi 5 --mode transport;-m policy --dir out --pol none;OK
-m policy --dir out --pol ipsec --reqid 4294967296;;FAIL
-m policy --dir out --pol ipsec --spi 0x100000000;;FAIL
-m policy --dir out --pol ipsec --strict --next;;FAIL
-m policy --dir out --reqid 5;-m policy --dir out --pol ipsec --reqid 5;OK
-m policy --dir out --strict --reqid 5 --next --proto ah;-m policy --dir out --pol ipsec --strict --reqid 5 --next --proto ah;OK
-m policy --dir out --strict --mode tunnel --next --mode transport --tunnel-src 1.1.1.1;;FAIL
-m policy --dir out --mode tunnel --tunnel-src 1.1.1.1/24,2.2.2.2;;FAIL
-m policy --dir out --mode tunnel --tunnel-src 1.1.1.1 --tunnel-src 1.1.1.2;;FAIL
-m policy --dir out ! --mode tunnel --tunnel-src 1.1.1.1;;FAIL
-m policy --dir out --proto ipv6;;FAIL
-m policy --dir out --proto AH;;FAIL
-m policy --dir out --pol ipsec --proto all;;FAIL
-m policy --dir out --strict --reqid 0;-m policy --dir out --pol ipsec --strict --reqid 0;OK
-m policy --dir out --pol none --next;;FAIL
-m policy --dir out --strict --pol none --reqid 1 --next;;FAIL
:FORWARD
-m policy --dir out --pol ipsec;=;OK
-m policy --dir in --pol ipsec;=;OK
*mangle
:PREROUTING
-m policy --dir in --pol ipsec;=;OK
-m policy --dir out --pol ipsec;;FAIL
:POSTROUTING
-m policy --dir out --pol ipsec;=;OK
-m policy --dir in --pol ipsec;;FAIL
@ipv4
*filter
:INPUT
-m policy --dir in --pol ipsec --strict --reqid 1 --spi 0x1 --proto ipcomp --mode tunnel --tunnel-dst 10.0.0.0/8 --tunnel-src 10.0.0.0/8 --next --reqid 2;=;OK
-m policy --dir in --pol ipsec ! --reqid 1 ! --spi 0xffffffff ! --proto esp ! --mode transport ! --tunnel-src 1.1.1.1;=;OK
-m policy --dir in --pol ipsec --mode tunnel --tunnel-src 10.0.0.1 --tunnel-dst 10.1.2.3/24;-m policy --dir in --pol ipsec --mode tunnel --tunnel-dst 10.1.2.3/24 --tunnel-src 10.0.0.1;OK
-m policy --dir in --pol ipsec --strict --mode tunnel --tunnel-dst 10.0.0.0/255.0.255.0;-m policy --dir in --pol ipsec --strict --mode tunnel --tunnel-dst 10.0.0.0;OK
:OUTPUT
-m policy --dir out --strict --tunnel-src 1.1.1.1 --mode tunnel;-m policy --dir out --pol ipsec --strict --mode tunnel --tunnel-src 1.1.1.1;OK
-m policy --dir out --pol none --mode tunnel --tunnel-src 1.1.1.1;-m policy --dir out --pol none;OK
-m policy --dir out --pol none --tunnel-src 1.1.1.1;-m policy --dir out --pol none;OK
-m policy --dir out --mode tunnel --tunnel-src 1.1.1.1/0;-m policy --dir out --pol ipsec --mode tunnel --tunnel-src 1.1.1.1/0;OK
@ipv6
:INPUT
-m policy --dir in --pol ipsec --strict --mode tunnel --tunnel-src 2001:db8::/32 --tunnel-dst ::1;-m policy --dir in --pol ipsec --strict --mode tunnel --tunnel-dst ::1 --tunnel-src 2001:db8::/32;OK
