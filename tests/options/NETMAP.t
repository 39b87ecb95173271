# -j NETMAP. Expectations by record.py.
*nat
:PREROUTING
-j NETMAP;;FAIL
-j NETMAP ! --to 1.2.3.0/24;;FAIL
*mangle
-j NETMAP --to 1.2.3.0/24;;FAIL
@ipv4
*nat
-j NETMAP --to 1.2.3.0/24;=;OK
-j NETMAP --to 1.2.3.4;-j NETMAP --to 1.2.3.4/32;OK
-j NETMAP --to 1.2.3.4/24;-j NETMAP --to 1.2.3.0/24;OK
-j NETMAP --to 1.2.3.0/255.255.255.0;-j NETMAP --to 1.2.3.0/24;OK
-j NETMAP --to 1.2.3.0/255.0.255.0;-j NETMAP --to 1.2.3.0/32;OK
-j NETMAP --to 1.2.3.0/0;-j NETMAP --to 0.0.0.0/0;OK
-j NETMAP --to 1.2.3.0/33;-j NETMAP --to 1.2.3.0/32;OK
:POSTROUTING
-j NETMAP --to 1.2.3.0/24;=;OK
:OUTPUT
-j NETMAP --to 1.2.3.0/24;=;OK
:INPUT
-j NETMAP --to 1.2.3.0/24;=;OK
@ipv6
:PREROUTING
-j NETMAP --to 2001:db8::/32;=;OK
-j NETMAP --to 2001:db8::1;-j NETMAP --to 2001:db8::1/128;OK
-j NETMAP --to 2001:db8::1/64;-j NETMAP --to 2001:db8::/64;OK
-j NETMAP --to 2001:db8::1/ffff::;-j NETMAP --to 2001::/16;OK
