# -j SNPT. Expectations by record.py.
@ipv6
*mangle
:POSTROUTING,INPUT
-j SNPT --src-pfx fd00:1::/64 --dst-pfx 2001:db8:1::/48;=;OK
-j SNPT --dst-pfx 2001:db8:1::/48 --src-pfx fd00:1::/64;-j SNPT --src-pfx fd00:1::/64 --dst-pfx 2001:db8:1::/48;OK
-j SNPT --src-pfx fd00:1::5/64 --dst-pfx 2001:db8:1::/48;;FAIL
-j SNPT --src-pfx fd00:1::/65 --dst-pfx 2001:db8:1::/48;;FAIL
-j SNPT --src-pfx fd00:1:: --dst-pfx 2001:db8:1::/48;;FAIL
-j SNPT --src-pfx fd00::/ffff:: --dst-pfx 2001::/16;-j SNPT --src-pfx fd00::/16 --dst-pfx 2001::/16;OK
-j SNPT --src-pfx fd00::/ffff:0:ffff:: --dst-pfx 2001::/16;;FAIL
-j SNPT --src-pfx ::/0 --dst-pfx ::/0;-j SNPT;OK
-j SNPT --src-pfx ::/32 --dst-pfx 2001:db8::/32;=;OK
-j SNPT --src-pfx fd00:1::/64;;FAIL
-j SNPT --dst-pfx fd00:1::/64;;FAIL
-j SNPT;;FAIL
-j SNPT ! --src-pfx fd00:1::/64 --dst-pfx fd00:2::/64;;FAIL
-j SNPT --src-pfx fd00:1::/64 --src-pfx fd00:1::/64 --dst-pfx fd00:2::/64;;FAIL
:FORWARD,PREROUTING,OUTPUT
-j SNPT --src-pfx fd00:1::/64 --dst-pfx 2001:db8:1::/48;;FAIL
*raw
:PREROUTING
-j SNPT --src-pfx fd00:1::/64 --dst-pfx 2001:db8:1::/48;;FAIL
*mangle
:PREROUTING,OUTPUT
-j DNPT --src-pfx fd00:1::/64 --dst-pfx 2001:db8:1::/48;=;OK
-j DNPT --src-pfx fd00:1::/64 --dst-pfx 2001:db8:1::/65;;FAIL
:FORWARD,INPUT,POSTROUTING
-j DNPT --src-pfx fd00:1::/64 --dst-pfx 2001:db8:1::/48;;FAIL
