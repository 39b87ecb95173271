@ipv4
-m iprange --src-range 10.0.0.1-10.0.0.9;=;OK
-m iprange --src-range 10.0.0.1;-m iprange --src-range 10.0.0.1-10.0.0.1;OK
-m iprange ! --dst-range 10.0.0.9-10.0.0.1;=;OK
-m iprange --dst-range 10.0.0.1-10.0.0.2 ! --src-range 1.2.3.4;-m iprange ! --src-range 1.2.3.4-1.2.3.4 --dst-range 10.0.0.1-10.0.0.2;OK
-m iprange --src-range 10.1-10.2;-m iprange --src-range 10.1.0.0-10.2.0.0;OK
-m iprange --src-range 10-11;-m iprange --src-range 10.0.0.0-11.0.0.0;OK
-m iprange --src-range 1.2.3;-m iprange --src-range 1.2.3.0-1.2.3.0;OK
-m iprange --src-range 0xa.0.0.010-10.0.0.9;-m iprange --src-range 10.0.0.8-10.0.0.9;OK
-m iprange --src-range 1.2.3.4.5;;FAIL
-m iprange --src-range 10.0.0.1-;;FAIL
-m iprange --src-range -10.0.0.1;;FAIL
-m iprange --src-range 10.0.0.1/24;;FAIL
-m iprange --src-range 1.2.3.256;;FAIL
-m iprange --src-range 1..2.3;;FAIL
-m iprange --src-range localhost;;FAIL
-m iprange --src-range 1-2-3;;FAIL
-m iprange --src-range ::1-::5;;FAIL
-m iprange --src-range 1.2.3.4 --src-range 1.2.3.4;;FAIL
@ipv6
-m iprange --src-range ::1-::5;=;OK
-m iprange --src-range 2001:db8::1;-m iprange --src-range 2001:db8::1-2001:db8::1;OK
-m iprange --src-range 2001:DB8:0:0:0::1-2001:db8::ffff ! --dst-range fe80::-fe80::1;-m iprange --src-range 2001:db8::1-2001:db8::ffff ! --dst-range fe80::-fe80::1;OK
-m iprange ! --dst-range 1.2.3.4;;FAIL
-m iprange --src-range ::ffff:1.2.3.4-::ffff:1.2.3.5;=;OK
-m iprange --src-range ::5-::1;=;OK
-m iprange --src-range ::1/64;;FAIL
@both
-m iprange;;FAIL
-m iprange --src-range "";;FAIL
