@ipv6
:INPUT,FORWARD
-m eui64;=;OK
:OUTPUT
-m eui64;;FAIL
*mangle
:PREROUTING
-m eui64;=;OK
:POSTROUTING
-m eui64;;FAIL
@ipv4
:INPUT
*filter
-m eui64;;FAIL
